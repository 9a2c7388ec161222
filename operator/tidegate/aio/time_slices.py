"""Long work on the event loop in time slices, between which other tasks run."""

from __future__ import annotations

import asyncio
import time

SLICE_SECONDS = 0.002
"""Length of a time slice in seconds."""


async def yield_to_others() -> None:
    """Let all other tasks that are ready run once."""
    await asyncio.sleep(0)


class TimeSlice:
    """The time slice of some work that calls :meth:`step` between short steps."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + SLICE_SECONDS

    async def step(self) -> None:
        """Continue, after other tasks have run if the time slice is used up."""
        if time.perf_counter() >= self._until:
            await yield_to_others()
            self._until = time.perf_counter() + SLICE_SECONDS
