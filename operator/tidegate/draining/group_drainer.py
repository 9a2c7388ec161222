"""The task that deletes draining groups as soon as every active scraper has read them, or after their drain timeout."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeAlias

from tidegate.aio import clocks, time_slices
from tidegate.draining import drain_conditions
from tidegate.model import control_api, errors, grouping, lifecycle
from tidegate.store import interface

_logger = logging.getLogger(__name__)

_LAPSE_MARGIN = 0.001
"""Seconds after the moment at which a scraper becomes inactive: at that very moment it still counts as active."""

_RETRY_SECONDS = 5.0
"""Pause before the next attempt to delete groups from a store that cannot be written."""

_PROOFS = {
    lifecycle.DeletionReason.DELIVERED: "every active reader has received its last push",
    lifecycle.DeletionReason.INGESTED: "every active reader has processed its last push",
    lifecycle.DeletionReason.STORED: "every database has stored its last push",
}
"""Log texts of the reasons of a deletion with proof."""

OnDeleted: TypeAlias = Callable[[control_api.DeletedRecord], None]
"""Called with each deleted group."""

OnExpired: TypeAlias = Callable[[int], None]
"""Called with the number of groups that started to drain because their TTL expired."""


class Drainer:
    """Sweeps the store after every scrape, after every action of the operator, and at every deadline."""

    def __init__(
        self,
        store: interface.Store,
        conditions: drain_conditions.DrainConditions,
        *,
        clock: clocks.Clock,
        on_deleted: OnDeleted,
        on_expired: OnExpired,
    ) -> None:
        self._store = store
        self._conditions = conditions
        self._clock = clock
        self._on_deleted = on_deleted
        self._on_expired = on_expired
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Sweep soon: something changed that a draining group may wait for."""
        self._wake.set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.sweep()
            except errors.StorageError as error:
                _logger.warning("deleting drained groups failed: %s; retrying in %g s", error, _RETRY_SECONDS)
                await self._clock.sleep(_RETRY_SECONDS)
                continue
            self._conditions.swept()
            await self._clock.wait(self._wake, until=self._next_wakeup())

    async def sweep(self) -> None:
        """Delete the groups that are drained, in time slices. The conditions are read again in each slice."""
        more = True
        while more:
            now = self._clock.monotonic()
            deleted, expired, more = await self._store.sweep(self._conditions.at(now).proof, now=now)
            self._on_expired(expired)
            for record in deleted:
                self._on_deleted(record)
                self._log(record)
            if more:
                await time_slices.yield_to_others()

    def _next_wakeup(self) -> float | None:
        deadline = self._store.next_deadline()
        if deadline is None:
            return None
        lapse = self._conditions.next_lapse(now=self._clock.monotonic())
        return deadline if lapse is None else min(deadline, lapse + _LAPSE_MARGIN)

    def _log(self, record: control_api.DeletedRecord) -> None:
        owners = ", ".join(str(claim.owner) for claim in record.claims.values()) or "none (its TTL expired)"
        if record.reason is lifecycle.DeletionReason.TIMEOUT:
            _logger.warning(
                "deleted group %s after its drain timeout, without proof that its last push has arrived; check that "
                "Prometheus scrapes this gateway and stores what it scrapes (owners: %s)",
                grouping.describe(record.key),
                owners,
            )
        else:
            _logger.info(
                "deleted group %s: %s (owners: %s)",
                grouping.describe(record.key),
                _PROOFS[record.reason],
                owners,
            )
