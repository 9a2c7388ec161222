"""How many groups there are that nothing will ever end: counted now and then, never when somebody pushes or scrapes.

A counter that every push keeps right would need every group in an order by its last push.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from tidegate.aio import clocks
from tidegate.store import interface

IDLE: Mapping[str, float] = {"0s": 0.0, "1h": 3_600.0, "1d": 86_400.0, "7d": 604_800.0}
"""For how long nobody has pushed to a group: each label and its seconds. A group counts under all that it is past."""

_EVERY_SECONDS = 60.0


class Census:
    """Counts the groups that have neither an owner nor a time to live.

    :param show: is told of the count for each label of :data:`IDLE`.
    """

    def __init__(self, store: interface.Store, *, clock: clocks.Clock, show: Callable[[str, int], None]) -> None:
        self._store = store
        self._clock = clock
        self._show = show

    async def run(self) -> None:
        """Count at once and then each minute, until cancelled."""
        while True:
            counts = await self._store.idle(longer_than=tuple(IDLE.values()))
            for label, count in zip(IDLE, counts, strict=True):
                self._show(label, count)
            await self._clock.wait(asyncio.Event(), until=self._clock.steady() + _EVERY_SECONDS)
