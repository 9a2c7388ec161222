"""Requests in flight, so that shutdown can wait for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

_logger = logging.getLogger(__name__)


_QUIET_SECONDS = 0.2
"""How long no request may begin before clients that send one request after the other count as finished."""


class InflightRequests:
    """Counts the requests of one address that have begun and not ended."""

    def __init__(self) -> None:
        self._count = 0
        self._total = 0
        self._none_left: asyncio.Event | None = None

    def begin(self) -> None:
        """Count a request that begins."""
        self._count += 1
        self._total += 1

    def end(self) -> None:
        """Count a request that ends."""
        self._count -= 1
        if self._none_left is not None and not self._count:
            self._none_left.set()

    async def wait_until_done(self, *, timeout: float, is_disconnected: Callable[[], bool]) -> None:  # noqa: ASYNC109
        """Return when no request is in flight and no further one comes, or after ``timeout`` seconds.

        :param is_disconnected: whether no client is connected, so that no further request can come.
        """
        try:
            async with asyncio.timeout(timeout):
                while not await self._is_quiet(is_disconnected):
                    self._none_left = asyncio.Event()
                    if self._count:
                        await self._none_left.wait()
        except TimeoutError:
            if self._count:
                _logger.warning(
                    "%d requests did not finish within %g s (--web.stop-timeout); closing their connections",
                    self._count,
                    timeout,
                )

    async def _is_quiet(self, is_disconnected: Callable[[], bool]) -> bool:
        """Whether no client sends requests; takes a moment to find out while a client is connected."""
        if is_disconnected():
            return True
        total = self._total
        if not self._count:
            await asyncio.sleep(_QUIET_SECONDS)
        return not self._count and self._total == total
