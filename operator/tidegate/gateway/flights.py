"""The requests that are under way, so that an end can wait for theirs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

_logger = logging.getLogger(__name__)


class InFlight:
    """The requests of one application that have begun and not ended."""

    def __init__(self) -> None:
        self._number = 0
        self._none = asyncio.Event()
        self._none.set()

    @web.middleware
    async def count(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """The outermost middleware of the application."""
        self._number += 1
        self._none.clear()
        try:
            return await handler(request)
        finally:
            self._number -= 1
            if not self._number:
                self._none.set()

    async def ended(self, *, within: float) -> None:
        """Return when none is left, or after so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._none.wait()
        except TimeoutError:
            _logger.warning("%d requests had not ended after %g s", self._number, within)
