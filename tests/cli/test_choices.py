"""Which groups are meant by a selector, or by a key."""

from __future__ import annotations

import argparse

import pytest

from tidegate.cli import choices
from tidegate.model import grouping, selectors


@pytest.mark.parametrize(
    ("text", "labels", "is_meant"),
    [
        ("job=x", {"job": "x"}, True),
        ("job=x", {"job": "x", "instance": "i"}, False),
        ("instance=i,job=x", {"job": "x", "instance": "i"}, True),
        ("job=x,at=a=b", {"job": "x", "at": "a=b"}, True),
        ('{job="x"}', {"job": "x", "instance": "i"}, True),
        ('{job="x"}', {"job": "y"}, False),
    ],
)
def test_a_key_means_one_group_and_a_selector_all_that_it_selects(
    text: str, labels: dict[str, str], *, is_meant: bool
) -> None:
    assert choices.choice(text).has(grouping.grouping_key(labels)) is is_meant


@pytest.mark.parametrize("value", ['a"b', "a\\b", "ä", "a\nb", "a b"])
def test_the_selector_of_a_key_selects_it(value: str) -> None:
    choice = choices.choice(f"job={value},some.name=x")
    assert choice.key is not None
    assert selectors.parse(choice.selector).matches(grouping.labels(choice.key))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("x", "is neither a key such as job=backup,instance=db1 nor a selector", id="a-word"),
        pytest.param("job=x,job=y", "is neither a key", id="a-label-twice"),
        pytest.param("instance=x", "names no job, which every group has", id="no-job"),
        pytest.param("job=", "names no job", id="an-empty-job"),
        pytest.param("{}", "so it selects all", id="all"),
        pytest.param("{job=x}", "expected a value in quotes at column 6", id="no-quotes"),
    ],
)
def test_what_is_neither_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=said):
        choices.choice(text)
