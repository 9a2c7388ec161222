"""Keeping something running that ends by itself when the API server is away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent import futures

from tidegate.aiokits import backoffs, clocks
from tidegate.controller import outages

HEALTHY_SECONDS = 30.0
"""Running this long, it is taken to be well: its next failure starts with the shortest pause."""


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
            reason = await self._run_once()
            self._outage.failed(reason)
            await self._clock.wait(asyncio.Event(), until=self._clock.steady() + self._backoff.next())
            self._on_restart()

    async def _run_once(self) -> str:
        """Why it ended."""
        told = threading.Event()
        ended = asyncio.Event()
        with futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name) as thread:
            running = asyncio.get_running_loop().run_in_executor(thread, self._work, told)
            running.add_done_callback(lambda _: ended.set())
            try:
                await self._clock.wait(ended, until=self._clock.steady() + HEALTHY_SECONDS)
                if not ended.is_set():
                    self._backoff.reset()
                    self._outage.over()
                await ended.wait()
            except asyncio.CancelledError:
                # The work hears of it by its flag alone, so that it can end in order.
                told.set()
                await asyncio.wait({running})
                raise
            error = running.exception()
        return "it ended by itself" if error is None else f"{type(error).__name__}: {error}"
