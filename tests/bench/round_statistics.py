"""Figures out of rounds: pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple


class Pair(NamedTuple):
    """What one round measured of both sides, one straight after the other."""

    ours: float
    theirs: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    :param goal: what the figure is compared with; ``at_least`` says from which side. ``None`` for no goal.
    :param pairs: the rounds, where two sides were compared; the figure is then the median of their ratios.
    :param inverse: whether it is theirs over ours (of times, which are better the shorter they are).
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
        """Of each round."""
        ratios = [pair.ours / pair.theirs for pair in self.pairs]
        return [1 / ratio for ratio in ratios] if self.inverse else ratios

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.figure >= self.goal if self.at_least else self.figure <= self.goal

    @property
    def ours(self) -> float:
        """The median of our side."""
        return statistics.median(pair.ours for pair in self.pairs) if self.pairs else self.figure

    @property
    def theirs(self) -> float | None:
        """The median of the other side."""
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
    """A row of a ratio: the median of the rounds' ratios, so that a slow moment of the machine counts on both sides."""
    made = Row(name=name, unit=unit, figure=0.0, goal=goal, at_least=at_least, pairs=tuple(pairs), inverse=inverse)
    return replace(made, figure=statistics.median(made.ratios))


def percentile(values: Sequence[float], share: float) -> float:
    """What so many percent of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share / 100) - 1)]


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """How y grows with x, as the power of x that fits best: 0 for not at all, 1 for in proportion.

    The slope of the line through the logarithms, by least squares.
    """
    return statistics.linear_regression([math.log(x) for x, _ in points], [math.log(y) for _, y in points]).slope
