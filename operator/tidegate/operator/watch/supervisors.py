"""Keeping something running that ends by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from tidegate.aio import backoffs, clocks, cross_thread, daemon_threads

HEALTHY_SECONDS = 30.0
"""Running this long, it is taken to be well: its next failure starts with the shortest pause."""

_STOP_TIMEOUT_SECONDS = 1.0
"""Wall time that the work may take to end once it is told to. Its thread is left behind after that: the end of the
process depends on no library."""

_logger = logging.getLogger(__name__)


class Supervisor:
    """Runs blocking work in a thread of its own, and starts it again when it ends before it is told to.

    :param work: returns soon after it is told to stop.
    :param on_healthy: called when it has run for :data:`HEALTHY_SECONDS`.
    :param on_end: called with what the work raised, ``None`` for nothing, each time it ends before it is told to.
    :param on_restart: called before each start but the first.
    """

    def __init__(
        self,
        work: Callable[[cross_thread.Stop], None],
        *,
        name: str,
        clock: clocks.Clock,
        backoff: backoffs.Backoff,
        on_healthy: Callable[[], None],
        on_end: Callable[[Exception | None], None],
        on_restart: Callable[[], None],
    ) -> None:
        self._work = work
        self._name = name
        self._clock = clock
        self._backoff = backoff
        self._on_healthy = on_healthy
        self._on_end = on_end
        self._on_restart = on_restart

    async def run(self) -> None:
        """Keep it running until cancelled. Ends with the work, or a second later if the work does not end."""
        while True:
            self._on_end(await self._run_once())
            await self._clock.sleep(self._backoff.next())
            self._on_restart()

    async def _run_once(self) -> Exception | None:
        """What it raised."""
        stop = cross_thread.Stop()
        running = daemon_threads.start(lambda: self._work(stop), name=self._name)
        ended = asyncio.Event()
        running.add_done_callback(lambda _: ended.set())
        try:
            await self._clock.wait(ended, until=self._clock.monotonic() + HEALTHY_SECONDS)
            if not ended.is_set():
                self._backoff.reset()
                self._on_healthy()
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.tell()
            await asyncio.wait({running}, timeout=_STOP_TIMEOUT_SECONDS)
            if not running.done():
                _logger.info(
                    "%s has not ended within %g s; the process does not wait for it", self._name, _STOP_TIMEOUT_SECONDS
                )
            raise
