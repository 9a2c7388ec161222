"""Patterns of grouping keys: the groups that they match, and the lookup of patterns."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders
from tidegate.operator.policy import key_patterns


@pytest.mark.parametrize(
    ("pattern", "key", "is_match"),
    [
        pytest.param("job=a", "job=a", True, id="same"),
        pytest.param("job=a", "job=b", False, id="other-job"),
        pytest.param("job=a", "job=a,x=1", False, id="one-label-more"),
        pytest.param("job=a,x=*", "job=a,x=1", True, id="any-value"),
        pytest.param("job=a,x=*", "job=a,x=*", True, id="a-star-is-a-value-too"),
        pytest.param("job=a,x=*", "job=a", False, id="label-lacks"),
        pytest.param("job=a,x=*", "job=a,y=1", False, id="other-label"),
        pytest.param("job=a,x=*", "job=a,x=", False, id="an-empty-value"),
        pytest.param("job=a,x=*,y=2", "job=a,x=1,y=2", True, id="any-and-exact"),
        pytest.param("job=a,x=*,y=2", "job=a,x=1,y=3", False, id="any-and-not-exact"),
    ],
)
def test_pattern_matches_groups_with_exactly_its_labels(pattern: str, key: str, is_match: bool) -> None:
    assert key_patterns.matches(key_patterns.parse(pattern), object_builders.key(key)) is is_match


def test_pattern_without_a_star_equals_its_grouping_key() -> None:
    pattern = key_patterns.parse("job=a,instance=db1")
    key = object_builders.key("job=a,instance=db1")
    assert pattern == key
    assert hash(pattern) == hash(key)


def test_group_and_matching_pattern_have_the_same_shape() -> None:
    assert key_patterns.shape(key_patterns.parse("x=*,job=a")) == key_patterns.shape(object_builders.key("job=a,x=1"))
    assert key_patterns.shape(key_patterns.parse("x=*,job=a")) != key_patterns.shape(object_builders.key("job=a,y=1"))
    assert key_patterns.shape(key_patterns.parse("x=*,job=a")) != key_patterns.shape(object_builders.key("job=b,x=1"))
