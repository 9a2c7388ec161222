"""Paths of grouping keys; keys whose labels have the same name for some scrapers are rejected."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies

from tidegate.gateway.push import push_paths
from tidegate.model import errors, grouping

_NAMES = strategies.sampled_from(["a", "instance", "b_c", "d.e", "é"])
_KEYS = strategies.builds(
    lambda job, labels: grouping.grouping_key({**labels, "job": job}),
    strategies.text(min_size=1, max_size=4),
    strategies.dictionaries(_NAMES, strategies.text(max_size=4), max_size=3),
)


@hypothesis.given(_KEYS)
def test_path_of_a_grouping_key_parses_to_that_key(key: grouping.GroupingKey) -> None:
    assert push_paths.grouping_key(push_paths.path(key), utf8_names=True) == key


def test_labels_with_the_same_escaped_name_are_rejected() -> None:
    with pytest.raises(errors.BadGroupingKeyError, match="two labels have the same name a_b for scrapers"):
        push_paths.grouping_key("job/x/a_b/1/U__a_2e_b/2", utf8_names=True)


def test_labels_with_different_escaped_names_are_accepted() -> None:
    key = push_paths.grouping_key("job/x/a_c/1/U__a_2e_b/2", utf8_names=True)
    assert dict(key) == {"job": "x", "a_c": "1", "a.b": "2"}
