"""Statistics of the rounds; pure functions."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple


class Pair(NamedTuple):
    """The figures of both servers in one round, measured directly one after the other."""

    ours: float
    theirs: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    :param goal: the figure's goal; ``at_least`` is true if the figure must reach it. ``None`` for no goal.
    :param pairs: the rounds of a comparison; the figure is then the median of their ratios.
    :param inverse: whether the ratio is theirs divided by ours, for times, where less is better.
    """

    name: str
    unit: str
    figure: float
    goal: float | None = None
    at_least: bool = True
    pairs: Sequence[Pair] = ()
    inverse: bool = False

    @property
    def ratios(self) -> list[float]:
        """The ratio of each round."""
        ratios = [pair.ours / pair.theirs for pair in self.pairs]
        return [1 / ratio for ratio in ratios] if self.inverse else ratios

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.figure >= self.goal if self.at_least else self.figure <= self.goal

    @property
    def ours(self) -> float:
        """The median of tidegate."""
        return statistics.median(pair.ours for pair in self.pairs) if self.pairs else self.figure

    @property
    def theirs(self) -> float | None:
        """The median of Pushgateway."""
        return statistics.median(pair.theirs for pair in self.pairs) if self.pairs else None


def compared(
    name: str,
    pairs: Sequence[Pair],
    *,
    unit: str,
    goal: float | None = None,
    at_least: bool = True,
    inverse: bool = False,
) -> Row:
    """A row for a ratio: the median of the rounds' ratios, so that a slow moment of the machine affects both sides."""
    row = Row(name=name, unit=unit, figure=0.0, goal=goal, at_least=at_least, pairs=tuple(pairs), inverse=inverse)
    return replace(row, figure=statistics.median(row.ratios))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share / 100) - 1)]


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The exponent of x in y, fitted by least squares to the logarithms: 0 for constant y, 1 for proportional y.

    It is the slope of the line through the logarithms.
    """
    return statistics.linear_regression([math.log(x) for x, _ in points], [math.log(y) for _, y in points]).slope
