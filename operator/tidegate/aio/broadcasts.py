"""Telling whoever waits that something happened, at no cost when nobody waits."""

from __future__ import annotations

import asyncio


class Pulse:
    """Wakes all that wait at the moment of :meth:`fire`; who comes later waits for the next one.

    For one event loop: nothing here is safe to call from another thread.
    """

    def __init__(self) -> None:
        self._next: asyncio.Event | None = None

    def fire(self) -> None:
        """Wake everybody who holds an event from :meth:`next`."""
        if self._next is not None:
            self._next.set()
            self._next = None

    def next(self) -> asyncio.Event:
        """The event of the next :meth:`fire`. Take it before you look at the state, so that no change is missed."""
        if self._next is None:
            self._next = asyncio.Event()
        return self._next
