"""The status of a draining group: what it waits for. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.model import drain_waits, lifecycle, scrapers


def wait(life: lifecycle.Life, active: Iterable[scrapers.ScraperProgress], *, now: float) -> drain_waits.Wait | None:
    """The state of a draining group; ``None`` for a live group.

    :param active: the active scrapers.
    :param now: monotonic seconds.
    """
    if life.drain is None:
        return None
    drain = lifecycle.confirmed_drain(life)
    if drain is None:
        return drain_waits.Wait(drain_waits.WaitsFor.OPERATOR, None)
    readings = list(active)
    behind = tuple(reading.scraper for reading in readings if reading.read_revision < life.pushed_revision)
    if now >= drain.deadline or (readings and not behind):
        return drain_waits.Wait(drain_waits.WaitsFor.NOTHING, drain.deadline)
    waits_for = drain_waits.WaitsFor.SCRAPERS if behind else drain_waits.WaitsFor.DEADLINE
    return drain_waits.Wait(waits_for, drain.deadline, behind)
