"""Selectors of groups mean what they mean in Prometheus, and any other text is refused with its place."""

from __future__ import annotations

import re

import hypothesis
import pytest
from hypothesis import strategies

from tidegate.model import selectors

_PARTS = ["a", "b", "(a|b)", "[^a]", ".", "a*", "b+", "c?"]
LABELS = {"job": "backup", "region": "eu-west", "path": 'a"b\\c\n', "empty": ""}


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
        pytest.param('{"job"="backup"}', True, id="a name in quotes"),
        pytest.param('{job="backup",job=~"b.*"}', True, id="a label twice"),
    ],
)
def test_a_selector_selects(text: str, selected: bool) -> None:
    assert selectors.parse(text).matches(LABELS) is selected


@pytest.mark.parametrize(
    ("text", "said", "column"),
    [
        pytest.param("", "expected {", 1, id="nothing"),
        pytest.param('up{job="a"}', "no metric name", 1, id="a metric name"),
        pytest.param("{}", "selects all", 1, id="no matcher"),
        pytest.param('{job=~".*"}', "selects all", 1, id="a matcher of everything"),
        pytest.param('{job!="a"}', "selects all", 1, id="a matcher of all but one"),
        pytest.param('{job="a"', "expected }", 9, id="no end"),
        pytest.param('{job="a" region="b"}', "expected }", 10, id="no comma"),
        pytest.param('{job="a"} or {job="b"}', "nothing may follow", 11, id="more"),
        pytest.param('{1="a"}', "expected a label name", 2, id="a name that is none"),
        pytest.param('{job=="a"}', "expected a value", 6, id="another operator"),
        pytest.param('{job>"a"}', "expected one of =", 5, id="no operator"),
        pytest.param("{job=a}", "expected a value in quotes", 6, id="no quotes"),
        pytest.param('{job="a}', "expected a value in quotes", 6, id="quotes that do not end"),
        pytest.param('{job="a\\q"}', "unknown escape \\q", 8, id="an unknown escape"),
        pytest.param('{job="\\ud800"}', "no character", 7, id="a surrogate"),
        pytest.param('{job=~"("}', "no regular expression", 7, id="an expression that is none"),
        pytest.param('{job=~"(?=a)"}', "no regular expression", 7, id="one that is not RE2's"),
        pytest.param(f'{{job=~"{"a" * 1001}"}}', "more than 1000", 7, id="a long one"),
    ],
)
def test_what_is_no_selector_is_refused_with_its_place(text: str, said: str, column: int) -> None:
    with pytest.raises(selectors.BadSelectorError) as caught:
        selectors.parse(text)
    assert said in str(caught.value)
    assert caught.value.column == column


@hypothesis.given(strategies.text() | strategies.text(alphabet="{}=~!,\"'`\\ abx1\n"))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
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


def test_no_expression_goes_back_in_a_value() -> None:
    hostile = selectors.parse('{job=~"(a*)*(a*)*(a*)*b"}')
    # One that goes back would take longer than the test may.
    assert not hostile.matches({"job": "a" * 20_000})
