"""Passing items and signals from other threads to an event loop."""

from __future__ import annotations

import asyncio
import collections
import contextlib
from collections.abc import Callable
from concurrent import futures
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class ThreadQueue(Generic[_Item]):
    """A queue from any thread to a callback in the event loop.

    The loop is woken once for all items put before it runs, because waking it costs as much as many items.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Callable[[_Item], None]) -> None:
        self._loop = loop
        self._take = take
        self._waiting: collections.deque[_Item] = collections.deque()

    def put(self, item: _Item) -> None:
        """Add an item, from any thread, without blocking."""
        self._waiting.append(item)
        if len(self._waiting) == 1:
            self._loop.call_soon_threadsafe(self._take_all)

    def _take_all(self) -> None:
        try:
            while self._waiting:
                self._take(self._waiting.popleft())
        finally:
            # If an item raises an exception, the others are still processed.
            if self._waiting:
                self._loop.call_soon(self._take_all)


class Stop:
    """A stop signal that any thread sets once, and that a task can await."""

    def __init__(self) -> None:
        self._done: futures.Future[None] = futures.Future()

    def set(self) -> None:
        """Set the signal. Call this only once."""
        self._done.set_result(None)

    @property
    def is_set(self) -> bool:
        """Whether the signal is set."""
        return self._done.done()

    async def wait(self) -> None:
        """Return when the signal is set."""
        loop, event = asyncio.get_running_loop(), asyncio.Event()

        def wake(_: object) -> None:
            # If the loop has ended by itself, it is closed, and no task waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

        self._done.add_done_callback(wake)
        await event.wait()
