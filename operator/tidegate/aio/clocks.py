"""Clocks that are passed as arguments, so that tests advance time instead of waiting."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Reads wall-clock and monotonic time, and waits."""

    def wall(self) -> float:
        """Return the wall-clock time in Unix seconds. It may jump; use it for times that people or Prometheus read."""
        ...

    def monotonic(self) -> float:
        """Return the start time of the process plus the seconds since. It never jumps; use it for decisions."""
        ...

    async def wait(self, event: asyncio.Event, *, until: float | None) -> None:
        """Return when the event is set or the monotonic clock has reached ``until`` (``None``: only the event)."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when the monotonic clock has advanced by this many seconds."""
        ...


class SystemClock:
    """The clocks of the operating system."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic() + self._offset

    async def wait(self, event: asyncio.Event, *, until: float | None) -> None:
        timeout = None if until is None else max(0.0, until - self.monotonic())
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            return

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class MovableClock:
    """A clock for tests: it changes only when :meth:`advance` is called. Both readings are the same."""

    def __init__(self, *, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []

    def wall(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    @property
    def waiters(self) -> int:
        """How many callers wait for a time. A test advances the clock when the code under test has begun to wait."""
        return len(self._waiting)

    def advance(self, seconds: float) -> None:
        """Advance the clock and wake every waiter whose time has come."""
        self._now += seconds
        for until, moment in self._waiting:
            if until <= self._now and not moment.done():
                moment.set_result(None)

    async def wait(self, event: asyncio.Event, *, until: float | None) -> None:
        if event.is_set() or (until is not None and until <= self._now):
            return
        moment = asyncio.get_running_loop().create_future()
        if until is not None:
            self._waiting.append((until, moment))
        seen = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({seen, moment}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            seen.cancel()
            self._waiting = [entry for entry in self._waiting if entry[1] is not moment]

    async def sleep(self, seconds: float) -> None:
        await self.wait(asyncio.Event(), until=self._now + seconds)
