"""The task that deletes drained groups, at the moment they may go and not before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeAlias

from tidegate.aio import clocks, time_slices
from tidegate.draining import scrape_progress
from tidegate.model import control_api, errors, grouping, lifecycle
from tidegate.store import interface

_logger = logging.getLogger(__name__)

_LAPSE_MARGIN = 0.001
"""Seconds past the moment at which a scraper lapses: at that very moment it still counts."""

_RETRY_SECONDS = 5.0
"""Between two tries to delete from a store that cannot keep it."""

OnDeleted: TypeAlias = Callable[[control_api.DeletedRecord], None]
OnExpired: TypeAlias = Callable[[int], None]
"""So many groups have begun to drain since their time to live was over."""


class Drainer:
    """Sweeps the store when a scrape was delivered, when the operator spoke, and when a deadline comes."""

    def __init__(
        self,
        store: interface.Store,
        tracker: scrape_progress.ScrapeTracker,
        *,
        clock: clocks.Clock,
        on_deleted: OnDeleted,
        on_expired: OnExpired,
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._clock = clock
        self._on_deleted = on_deleted
        self._on_expired = on_expired
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Say that something happened that a draining group may have waited for."""
        self._wake.set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.sweep()
            except errors.StorageError as error:
                _logger.warning("nothing can be deleted: %s", error)
                await self._clock.wait(asyncio.Event(), until=self._clock.steady() + _RETRY_SECONDS)
                continue
            await self._clock.wait(self._wake, until=self._next_moment())

    async def sweep(self) -> None:
        """Delete what may go now, in turns with everything else. Who has read what is asked anew in each turn."""
        more = True
        while more:
            now = self._clock.steady()
            deleted, expired, more = await self._store.sweep(
                read_revision=self._tracker.read_revision(now=now), now=now
            )
            self._on_expired(expired)
            for record in deleted:
                self._on_deleted(record)
                self._log(record)
            if more:
                await time_slices.others()

    def _next_moment(self) -> float | None:
        deadline = self._store.next_deadline()
        if deadline is None:
            return None
        lapse = self._tracker.next_lapse(now=self._clock.steady())
        return deadline if lapse is None else min(deadline, lapse + _LAPSE_MARGIN)

    def _log(self, record: control_api.DeletedRecord) -> None:
        names = ", ".join(str(claim.owner) for claim in record.claims.values()) or "whoever set its ttl"
        if record.reason is lifecycle.Reason.TIMEOUT:
            _logger.warning(
                "deleted %s of %s after its drain timeout, unread by some scraper: is Prometheus scraping?",
                grouping.describe(record.key),
                names,
            )
        else:
            _logger.info(
                "deleted %s of %s: every active scraper has its final values", grouping.describe(record.key), names
            )
