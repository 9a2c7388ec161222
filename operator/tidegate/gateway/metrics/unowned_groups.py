"""The number of groups with neither an owner nor a TTL, which nothing deletes.

They are counted once a minute. A count kept up to date by pushes would need an index of groups by their last push.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tidegate.aio import clocks
from tidegate.store import interface

IDLE: Mapping[str, float] = {"0s": 0.0, "1h": 3_600.0, "1d": 86_400.0, "7d": 604_800.0}
"""Times since the last push: label and seconds. A group is counted under every label that it exceeds."""

_INTERVAL_SECONDS = 60.0


class UnownedGroupCounter:
    """Counts the groups that have neither an owner nor a TTL.

    :param on_count: called with each label of :data:`IDLE` and its count.
    """

    def __init__(self, store: interface.Store, *, clock: clocks.Clock, on_count: Callable[[str, int], None]) -> None:
        self._store = store
        self._clock = clock
        self._on_count = on_count

    async def run(self) -> None:
        """Count now and then every minute, until cancelled."""
        while True:
            counts = await self._store.count_unowned(longer_than=tuple(IDLE.values()))
            for label, count in zip(IDLE, counts, strict=True):
                self._on_count(label, count)
            await self._clock.sleep(_INTERVAL_SECONDS)
