"""Long work on the event loop, in turns with whatever else is ready."""

from __future__ import annotations

import asyncio
import time

TURN_SECONDS = 0.002
"""How long others wait, at most, for work that looks often enough whether its turn is over."""


async def others() -> None:
    """Let everything else that is ready run once."""
    await asyncio.sleep(0)


class Turn:
    """The turn of one piece of work: short steps with :meth:`step` between them."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + TURN_SECONDS

    async def step(self) -> None:
        """Go on, or where the turn is over let others have theirs first."""
        if time.perf_counter() >= self._until:
            await others()
            self._until = time.perf_counter() + TURN_SECONDS
