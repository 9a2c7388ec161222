"""From another thread into an event loop."""

from __future__ import annotations

import asyncio
import collections
import contextlib
from collections.abc import Callable
from concurrent import futures
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class Handover(Generic[_Item]):
    """Items that any thread puts in, taken one by one in the loop and in their order.

    The loop is woken once for all that come before it is there: that costs as much as taking many of them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Callable[[_Item], None]) -> None:
        self._loop = loop
        self._take = take
        self._waiting: collections.deque[_Item] = collections.deque()

    def put(self, item: _Item) -> None:
        """Returns at once."""
        self._waiting.append(item)
        if len(self._waiting) == 1:
            self._loop.call_soon_threadsafe(self._take_all)

    def _take_all(self) -> None:
        try:
            while self._waiting:
                self._take(self._waiting.popleft())
        finally:
            # One that cannot be taken keeps nobody else waiting.
            if self._waiting:
                self._loop.call_soon(self._take_all)


class Stop:
    """What a thread is told once, by any other thread; awaited in an event loop, or looked at."""

    def __init__(self) -> None:
        self._told: futures.Future[None] = futures.Future()

    def tell(self) -> None:
        """Tell it; once."""
        self._told.set_result(None)

    @property
    def is_told(self) -> bool:
        return self._told.done()

    async def wait(self) -> None:
        """Return when it is told."""
        loop, told = asyncio.get_running_loop(), asyncio.Event()

        def wake(_: object) -> None:
            # The loop may have ended by itself and be closed: nobody waits then.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(told.set)

        self._told.add_done_callback(wake)
        await told.wait()
