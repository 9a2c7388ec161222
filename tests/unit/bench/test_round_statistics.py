"""Statistics of the rounds."""

from __future__ import annotations

import pytest

from tests.bench import round_statistics

PAIRS = [round_statistics.Pair(10.0, 5.0), round_statistics.Pair(30.0, 10.0), round_statistics.Pair(4.0, 4.0)]


def test_ratio_is_the_median_of_the_ratios_and_not_the_ratio_of_the_medians() -> None:
    row = round_statistics.compared("rate", PAIRS, unit="/s", goal=2.0)
    assert (row.figure, row.ours, row.theirs) == (2.0, 10.0, 5.0)
    assert row.ratios == [2.0, 3.0, 1.0]


def test_ratio_of_times_divides_theirs_by_ours() -> None:
    row = round_statistics.compared("time", PAIRS, unit="s", goal=2.0, inverse=True)
    assert row.figure == 0.5
    assert row.met is False


@pytest.mark.parametrize(
    ("figure", "at_least", "met"),
    [(2.0, True, True), (1.9, True, False), (2.0, False, True), (2.1, False, False)],
)
def test_goal_is_met_at_or_beyond_its_limit(figure: float, at_least: bool, met: bool) -> None:
    assert round_statistics.Row(name="", unit="", figure=figure, goal=2.0, at_least=at_least).met is met


def test_row_without_a_goal_is_neither_met_nor_missed() -> None:
    assert round_statistics.Row(name="", unit="", figure=1.0).met is None


@pytest.mark.parametrize(("share", "value"), [(50.0, 2.0), (51.0, 3.0), (75.0, 3.0), (99.9, 4.0), (100.0, 4.0)])
def test_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert round_statistics.percentile([4.0, 1.0, 3.0, 2.0], share) == value


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_exponent_of_a_power_function_is_its_power(power: float) -> None:
    points = [(x, 3.0 * x**power) for x in (1e3, 1e4, 1e5)]
    assert round_statistics.exponent(points) == pytest.approx(power)
