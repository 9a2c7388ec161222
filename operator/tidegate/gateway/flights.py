"""The requests that are under way, so that an end can wait for theirs."""

from __future__ import annotations

import asyncio
import logging

_logger = logging.getLogger(__name__)


class InFlight:
    """The requests of one address that have begun and not ended."""

    def __init__(self) -> None:
        self._number = 0
        self._none: asyncio.Event | None = None

    def begin(self) -> None:
        """A request has begun."""
        self._number += 1

    def end(self) -> None:
        """A request that had begun has ended."""
        self._number -= 1
        if self._none is not None and not self._number:
            self._none.set()

    async def ended(self, *, within: float) -> None:
        """Return when none is left, or after so many seconds."""
        self._none = asyncio.Event()
        if not self._number:
            return
        try:
            async with asyncio.timeout(within):
                await self._none.wait()
        except TimeoutError:
            _logger.warning("%d requests had not ended after %g s", self._number, within)
