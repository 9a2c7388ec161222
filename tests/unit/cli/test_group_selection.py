"""Which groups a selector or a grouping key selects."""

from __future__ import annotations

import pytest

from tidegate.cli import group_selection
from tidegate.model import grouping, selectors


@pytest.mark.parametrize(
    ("text", "labels", "is_selected"),
    [
        ("job=x", {"job": "x"}, True),
        ("job=x", {"job": "x", "instance": "i"}, False),
        ("instance=i,job=x", {"job": "x", "instance": "i"}, True),
        ("job=x,at=a=b", {"job": "x", "at": "a=b"}, True),
        ('{job="x"}', {"job": "x", "instance": "i"}, True),
        ('{job="x"}', {"job": "y"}, False),
    ],
)
def test_a_key_selects_one_group_and_a_selector_all_that_match(
    text: str, labels: dict[str, str], *, is_selected: bool
) -> None:
    assert group_selection.selection(text).has(grouping.grouping_key(labels)) is is_selected


@pytest.mark.parametrize("value", ['a"b', "a\\b", "ä", "a\nb", "a b"])
def test_the_selector_of_a_key_matches_its_group(value: str) -> None:
    selection = group_selection.selection(f"job={value},some.name=x")
    assert selection.key is not None
    assert selectors.parse(selection.selector).matches(grouping.labels(selection.key))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("x", "is neither a grouping key such as job=backup,instance=db1 nor a selector", id="a-word"),
        pytest.param("job=x,job=y", "is neither a grouping key", id="a-label-twice"),
        pytest.param("instance=x", "has no job label; add job=NAME", id="no-job"),
        pytest.param("job=", "label job is empty", id="an-empty-job"),
        pytest.param("{}", "so it selects all", id="all"),
        pytest.param("{job=x}", "expected a value in quotes at column 6", id="no-quotes"),
    ],
)
def test_any_other_text_is_rejected(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        group_selection.selection(text)
