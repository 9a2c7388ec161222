"""When the task that deletes drained groups sweeps the store."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

from tests.support.store import proof_builders, store_builders
from tidegate.aio import clocks
from tidegate.draining import drain_conditions, group_drainer, scrape_progress
from tidegate.model import errors, proofs, scrapers
from tidegate.store import interface

DAY = 86_400.0


class _Store:
    """Counts sweeps, the first of which fail; its next deadline is a day away."""

    def __init__(self, *, failures: int, deadline: float) -> None:
        self.sweeps = 0
        self._failures = failures
        self._deadline = deadline

    async def sweep(self, _proof: proofs.Proof, *, now: float) -> interface.SweepResult:  # noqa: ARG002 - the interface
        self.sweeps += 1
        await asyncio.sleep(0)
        if self.sweeps <= self._failures:
            raise errors.StorageError("no space left on device")
        return interface.SweepResult([], 0, more=False)

    def next_deadline(self) -> float | None:
        return self._deadline


@contextlib.asynccontextmanager
async def _drainer(clock: clocks.MovableClock, *, failures: int = 0) -> AsyncIterator[_Store]:
    """Run a drainer of a gateway that one reader has scraped just now."""
    store = _Store(failures=failures, deadline=clock.monotonic() + DAY)
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    proof_builders.began(tracker, scrapers.Scraper("10.0.0.1", "Prometheus/3"), now=clock.monotonic())
    drainer = group_drainer.Drainer(
        cast("interface.Store", store),
        drain_conditions.DrainConditions(tracker, grade=proofs.Grade.DELIVERED),
        clock=clock,
        on_deleted=lambda _: None,
        on_expired=lambda _: None,
    )
    task = asyncio.create_task(drainer.run())
    await _settle()
    try:
        yield store
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _settle() -> None:
    """Let the drainer run until it waits; one that does not wait sweeps several times meanwhile."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_failed_sweep_is_repeated_after_five_seconds() -> None:
    clock = clocks.MovableClock()
    async with _drainer(clock, failures=1) as store:
        assert store.sweeps == 1
        clock.advance(4.9)
        await _settle()
        assert store.sweeps == 1
        clock.advance(0.2)
        await _settle()
        assert store.sweeps == 2


async def test_drainer_sweeps_once_when_a_reader_becomes_inactive() -> None:
    clock = clocks.MovableClock()
    async with _drainer(clock) as store:
        clock.advance(scrapers.MISSED_SCRAPES * scrapers.LONGEST_INTERVAL)
        await _settle()
        assert store.sweeps == 1, "at this moment, the reader still counts as active"
        clock.advance(0.002)
        await _settle()
        assert store.sweeps == 2
