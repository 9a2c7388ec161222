"""Histories made by hand, for the tests of the checker: one group, one Job, one Prometheus that scrapes each second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.soak import checker, histories

GROUP: histories.Group = (("job", "x"),)
UNTIL = 100
"""The last scrape; the first one is at 0."""


def push(value: float, at: float | None = None, **fields: Any) -> histories.Push:
    """A push that is sent at this time (its value, where not given) and acknowledged at once."""
    sent = value if at is None else at
    return histories.Push(GROUP, "uid", value, sent, sent + 0.01)._replace(**fields)


def scraper(
    samples: Mapping[float, float], *, silent: Sequence[int] = (), failed: Sequence[int] = ()
) -> histories.Scraper:
    """Has these values by the times of the scrapes; it makes none at the seconds of ``silent``."""
    attempts = [histories.Attempt(float(at), at not in failed) for at in range(UNTIL + 1) if at not in silent]
    return histories.Scraper("prometheus", 1.0, attempts, {GROUP: samples})


def seen(value: float, begin: int, end: int) -> dict[float, float]:
    """The value in each scrape from the one second to the other."""
    return {float(at): value for at in range(begin, end + 1)}


def fault(part: histories.Part, began: float, ended: float) -> histories.Fault:
    """Something was away for this time."""
    return histories.Fault(f"no {part}", (part,), began, ended)


def judge(
    *pushes: histories.Push,
    scraped: histories.Scraper,
    life: histories.Life | None = None,
    faults: Sequence[histories.Fault] = (),
) -> checker.Verdicts:
    """What the checker says; the Job lives from 0 to 10 where nothing else is said."""
    lives = {"uid": life or histories.Life("x", 0.0, succeeded=10.0)}
    return checker.judge(histories.History(pushes=pushes, lives=lives, scrapers=[scraped], faults=faults))


def kinds(found: checker.Verdicts) -> set[str]:
    """The verdicts that are not empty."""
    return {name for name, findings in found._asdict().items() if findings}
