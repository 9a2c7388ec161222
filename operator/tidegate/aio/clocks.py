"""Time as a thing that is passed in, so that tests move it instead of waiting for it."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Two readings of time and a way to wait for it."""

    def wall(self) -> float:
        """Unix seconds, as the machine believes them now. May jump; for what people and Prometheus read."""
        ...

    def steady(self) -> float:
        """Unix seconds at the start of the process plus the time since: never jumps; for what is decided."""
        ...

    async def wait(self, event: asyncio.Event, *, until: float | None) -> None:
        """Return when the event is set or the steady clock has reached ``until`` (``None``: only the event)."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def wall(self) -> float:
        return time.time()

    def steady(self) -> float:
        return time.monotonic() + self._offset

    async def wait(self, event: asyncio.Event, *, until: float | None) -> None:
        timeout = None if until is None else max(0.0, until - self.steady())
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            return


class MovableClock:
    """A clock that stands still until somebody moves it. Both readings are the same."""

    def __init__(self, *, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []

    def wall(self) -> float:
        return self._now

    def steady(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on, and wake whoever waited for a moment that has come."""
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
