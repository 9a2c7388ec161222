"""The requests that are under way, so that an end can wait for theirs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

_logger = logging.getLogger(__name__)


_QUIET_SECONDS = 0.2
"""For so long nobody has asked anything when those who ask one thing after the other have been told to go."""


class InFlight:
    """The requests of one address that have begun and not ended."""

    def __init__(self) -> None:
        self._number = 0
        self._begun = 0
        self._none: asyncio.Event | None = None

    def begin(self) -> None:
        """A request has begun."""
        self._number += 1
        self._begun += 1

    def end(self) -> None:
        """A request that had begun has ended."""
        self._number -= 1
        if self._none is not None and not self._number:
            self._none.set()

    async def ended(self, *, within: float, all_gone: Callable[[], bool]) -> None:
        """Return when none is left and no other one comes, or after so many seconds.

        :param all_gone: whether nobody is there any more who could ask.
        """
        try:
            async with asyncio.timeout(within):
                while not await self._is_quiet(all_gone):
                    self._none = asyncio.Event()
                    if self._number:
                        await self._none.wait()
        except TimeoutError:
            if self._number:
                _logger.warning("%d requests had not ended after %g s", self._number, within)

    async def _is_quiet(self, all_gone: Callable[[], bool]) -> bool:
        """Whether nobody asks; it takes a while to know, unless nobody is there."""
        if all_gone():
            return True
        begun = self._begun
        if not self._number:
            await asyncio.sleep(_QUIET_SECONDS)
        return not self._number and self._begun == begun
