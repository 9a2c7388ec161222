"""Keeping something running that ends by itself when the API server is away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent import futures

from tidegate.aiokits import backoffs, clocks
from tidegate.controller import outages

HEALTHY_SECONDS = 60.0
"""Having run this long, it is taken to have been well: its next failure starts with the shortest pause."""


class Supervisor:
    """Runs blocking work in a thread of its own, and starts it again when it ends before it is told to.

    :param work: returns soon after the given flag is set; whatever it raises is logged, once as long as it is the same.
    :param on_restart: called before each start but the first.
    """

    def __init__(
        self,
        work: Callable[[threading.Event], None],
        *,
        name: str,
        clock: clocks.Clock,
        backoff: backoffs.Backoff,
        outage: outages.Outage,
        on_restart: Callable[[], None],
    ) -> None:
        self._work = work
        self._name = name
        self._clock = clock
        self._backoff = backoff
        self._outage = outage
        self._on_restart = on_restart

    async def run(self) -> None:
        """Keep it running until cancelled; ends when the work has ended."""
        while True:
            started = self._clock.steady()
            reason = await self._run_once()
            if self._clock.steady() - started >= HEALTHY_SECONDS:
                self._backoff.reset()
                self._outage.over()
            self._outage.failed(reason)
            await self._clock.wait(asyncio.Event(), until=self._clock.steady() + self._backoff.next())
            self._on_restart()

    async def _run_once(self) -> str:
        """Why it ended."""
        told = threading.Event()
        with futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name) as thread:
            running = asyncio.get_running_loop().run_in_executor(thread, self._work, told)
            try:
                # The work hears of it by its flag alone, so that it can end in order.
                await asyncio.shield(running)
            except asyncio.CancelledError:
                told.set()
                await asyncio.wait({running})
                raise
            except Exception as error:  # noqa: BLE001 - whatever ends it, it is started again; the log says what it was
                return f"{type(error).__name__}: {error}"
        return "it ended by itself"
