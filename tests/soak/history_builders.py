"""Hand-written histories for the tests of the checker: one group, one Job, one Prometheus that scrapes each second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.soak import checker, histories

GROUP: histories.Group = (("job", "x"),)
UNTIL = 100
"""Time of the last scrape; the first one is at 0."""


def push(value: float, at: float | None = None, **fields: Any) -> histories.Push:
    """A push that is sent at this time (by default, its value) and acknowledged immediately."""
    sent = value if at is None else at
    return histories.Push(GROUP, "uid", value, sent, sent + 0.01)._replace(**fields)


def scraper(
    samples: Mapping[float, float], *, silent: Sequence[int] = (), failed: Sequence[int] = ()
) -> histories.Scraper:
    """A scraper with these values by scrape time; it does not scrape at the seconds in ``silent``."""
    attempts = [histories.Attempt(float(at), at not in failed) for at in range(UNTIL + 1) if at not in silent]
    return histories.Scraper("prometheus", 1.0, attempts, {GROUP: samples})


def seen(value: float, begin: int, end: int) -> dict[float, float]:
    """The same value in each scrape between these seconds."""
    return {float(at): value for at in range(begin, end + 1)}


def fault(part: histories.Part, began: float, ended: float) -> histories.Fault:
    """A fault of this component between these times."""
    return histories.Fault(f"no {part}", (part,), began, ended)


def judge(
    *pushes: histories.Push,
    scraped: histories.Scraper,
    life: histories.Life | None = None,
    faults: Sequence[histories.Fault] = (),
) -> checker.Verdicts:
    """The checker's verdicts; the Job lives from 0 to 10 by default."""
    lives = {"uid": life or histories.Life("x", 0.0, succeeded=10.0)}
    return checker.judge(histories.History(pushes=pushes, lives=lives, scrapers=[scraped], faults=faults))


def kinds(verdicts: checker.Verdicts) -> set[str]:
    """The names of the verdicts that are not empty."""
    return {name for name, findings in verdicts._asdict().items() if findings}
