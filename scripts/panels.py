"""What a panel of the Grafana dashboard is, and the queries that many have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

INTERVAL = "$__rate_interval"

Target = tuple[str, str]
"""A query and its legend."""

Steps = tuple[tuple[float | None, str], ...]
"""From which value on a figure has a colour."""

MORE_IS_WORSE: Steps = ((None, "green"), (1, "red"))
NONE_IS_WORSE: Steps = ((None, "red"), (1, "green"))


@dataclass(frozen=True)
class Panel:
    """One panel; ``text`` says what is normal, and what to do where it is not."""

    title: str
    text: str
    targets: Sequence[Target]
    unit: str = "short"
    width: int = 8
    type: str = "timeseries"
    steps: Steps = ()
    words: Sequence[str] = ()
    """What 0, 1, … are called."""


def rate(metric: str, by: str, *, legend: str = "", function: str = "rate") -> Target:
    """How often, by these labels."""
    shown = legend or " ".join(f"{{{{{name}}}}}" for name in by.split(", "))
    return f"sum by ({by}) ({function}({metric}{{@}}[{INTERVAL}]))", shown


def quantiles(metric: str, window: str, *parts: float) -> list[Target]:
    """Of a histogram, over a window."""
    return [
        (f"histogram_quantile({part:g}, sum by (le) (rate({metric}_bucket{{@}}[{window}])))", f"{part * 100:g} %")
        for part in parts
    ]


def stat(title: str, text: str, query: str, *, steps: Steps, unit: str = "short", words: Sequence[str] = ()) -> Panel:
    """One figure."""
    return Panel(title, text, [(query, "")], unit, 4, "stat", steps, words)
