"""Notification of all waiting tasks, at no cost if no task waits."""

from __future__ import annotations

import asyncio


class Broadcast:
    """Wakes all tasks that wait at the moment of :meth:`fire`. Tasks that wait later are woken by the next one.

    For one event loop; not thread-safe.
    """

    def __init__(self) -> None:
        self._next: asyncio.Event | None = None

    def fire(self) -> None:
        """Set the event that :meth:`next` returned since the last call."""
        if self._next is not None:
            self._next.set()
            self._next = None

    def next(self) -> asyncio.Event:
        """The event of the next :meth:`fire`. Get it before you read the state, so that no change is missed."""
        if self._next is None:
            self._next = asyncio.Event()
        return self._next


async def wait_any(*events: asyncio.Event, seconds: float) -> None:
    """Return when any of these events is set, or after this many seconds."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future in waiting:
            future.cancel()
