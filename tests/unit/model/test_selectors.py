"""Selectors of groups work as in Prometheus; invalid selectors are rejected with their place."""

from __future__ import annotations

import re

import hypothesis
import pytest
from hypothesis import strategies

from tests.support import selector_cases
from tidegate.model import selectors

_PARTS = ["a", "b", "(a|b)", "[^a]", ".", "a*", "b+", "c?"]
LABELS = {"job": "backup", "region": "eu-west", "path": 'a"b\\c\n', "empty": "", "utf8": "ää", "größe.x": "1"}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        pytest.param('{job="backup"}', True, id="equal"),
        pytest.param('{job="back"}', False, id="equal to all of the value"),
        pytest.param('{job!="backup",region="eu-west"}', False, id="not equal"),
        pytest.param('{job="backup",region=~"eu.*"}', True, id="matching"),
        pytest.param('{region=~"eu"}', False, id="matching all of the value"),
        pytest.param('{region=~"us|eu-west"}', True, id="matching one of several"),
        pytest.param('{path=~"a.+c."}', True, id="matching over lines"),
        pytest.param('{job="backup",region!~"eu.*"}', False, id="not matching"),
        pytest.param('{job="backup",zone=""}', True, id="a label that is not there is empty"),
        pytest.param('{job="backup",zone!=""}', False, id="and not another"),
        pytest.param('{job="backup",zone=~"a*"}', True, id="and matches what matches nothing"),
        pytest.param(' { job = "backup" , } ', True, id="blanks and a comma at the end"),
        pytest.param("{job='backup'}", True, id="single quotes"),
        pytest.param('{path=~`a"b\\\\c\\n`}', True, id="backticks"),
        pytest.param('{path="a\\"b\\\\c\\n"}', True, id="escapes"),
        pytest.param('{job="\\x62ack\\165p"}', True, id="escapes by number"),
        pytest.param('{job="\\u0062ack\\U00000075p"}', True, id="escapes by character"),
        pytest.param(r'{utf8="\xc3\xa4\303\244"}', True, id="escapes of bytes"),
        pytest.param('{job="backup" # which\n}', True, id="a comment"),
        pytest.param('{"job"="backup"}', True, id="a name in quotes"),
        pytest.param('{"größe.x"="1"}', True, id="a name that needs quotes"),
        pytest.param('{job="backup",job=~"b.*"}', True, id="a label twice"),
    ],
)
def test_a_selector_selects(text: str, selected: bool) -> None:
    assert selectors.parse(text).matches(LABELS) is selected


@pytest.mark.parametrize("text", selector_cases.ACCEPTED)
def test_selector_that_prometheus_accepts_is_parsed(text: str) -> None:
    assert selectors.parse(text).matchers


@pytest.mark.parametrize(("text", "column", "said"), selector_cases.REJECTED + selector_cases.REJECTED_BY_TIDEGATE_ONLY)
def test_invalid_selector_is_rejected_with_its_place(text: str, column: int, said: str) -> None:
    with pytest.raises(selectors.BadSelectorError) as caught:
        selectors.parse(text)
    assert said in str(caught.value)
    assert caught.value.column == column


@hypothesis.given(strategies.text() | strategies.text(alphabet="{}=~!,\"'`\\ abx1\n"))
def test_any_text_is_parsed_or_rejected(text: str) -> None:
    assert 0 <= _column(text) <= len(text) + 1


def _column(text: str) -> int:
    """Where the text is at fault, 0 where it is a selector."""
    try:
        selectors.parse(text)
    except selectors.BadSelectorError as error:
        return error.column
    return 0


@hypothesis.given(
    strategies.lists(strategies.sampled_from(["a", "b", "(a|b)", "[^a]", ".", "a*", "b+", "c?"]), max_size=4).map(
        "".join
    ),
    strategies.text(alphabet="abc\n", max_size=5),
)
def test_a_regular_expression_matches_all_of_the_value(pattern: str, value: str) -> None:
    matches = selectors.parse(f"{{job=~`{pattern}`,always='x'}}").matches({"job": value, "always": "x"})
    assert matches == (re.fullmatch(pattern, value, re.DOTALL) is not None)


def test_no_expression_backtracks() -> None:
    hostile = selectors.parse('{job=~"(a*)*(a*)*(a*)*b"}')
    # One that goes back would take longer than the test may.
    assert not hostile.matches({"job": "a" * 20_000})
