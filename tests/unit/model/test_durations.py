"""Durations in the grammars of Go and of Prometheus."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.model import durations

_OF_FLAGS = [("90s", 90), ("1h30m", 5400), ("1.5h", 5400), ("1m1h", 3660), (".5s", 0.5), ("1500000us", 1.5), ("0", 0)]
_OF_TTLS = [("1d12h", 129_600), ("1w", 604_800), ("2y", 63_072_000), ("500ms", 0.5), ("1m500ms", 60.5), ("0s", 0)]
_OF_ANNOTATIONS = [("5m", 300), ("1h1m1s", 3661), ("999999h", 999_999 * 3600), ("000001s", 1)]
_REMAINING_UNITS = [("1ns", 1e-9), ("1µs", 1e-6), ("1d", 86_400), ("1000y", durations.MAX_SECONDS)]


@pytest.mark.parametrize(("text", "seconds"), [*_OF_FLAGS, *_OF_TTLS, *_OF_ANNOTATIONS, *_REMAINING_UNITS])
def test_duration_of_every_grammar_is_parsed_into_seconds(text: str, seconds: float) -> None:
    assert durations.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", "10", "s", "-1s", "+5s", " 5s", "1 m", "1M", "5S", "٣s", "1s\n", "1e3s", "1..5s", ".s", "inf", "nans", "00"],
)
def test_text_that_is_not_a_duration_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: write 90s, 5m or 1h30m"):
        durations.parse(text)


@pytest.mark.parametrize("text", ["1001y", "9" * 18 + "y", "1000y1s"])
def test_duration_of_more_than_a_thousand_years_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is longer than 1000 years"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (10, "10s"), (90, "1m30s"), (3_605, "1h5s"), (360_000, "100h"), (1.5, "1.5s"), (0.05, "0.05s")],
)
def test_duration_is_printed_exactly(seconds: float, text: str) -> None:
    assert durations.format(seconds) == text


@given(st.integers(min_value=0, max_value=10**15).map(lambda microseconds: microseconds / 1e6))
def test_printed_duration_is_parsed_into_the_same_seconds(seconds: float) -> None:
    assert durations.parse(durations.format(seconds)) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.9, "0s"), (59, "59s"), (90, "1m30s"), (3_600, "1h"), (3_601, "1h"), (100_000, "1d3h")],
)
def test_duration_for_people_has_at_most_two_units(seconds: float, text: str) -> None:
    assert durations.format_short(seconds) == text
