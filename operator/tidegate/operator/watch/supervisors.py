"""Supervision of blocking work: restarts it when it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from tidegate.aio import backoffs, clocks, cross_thread, daemon_threads

HEALTHY_SECONDS = 30.0
"""Work that has run for this long is healthy: the backoff after its next failure starts from the beginning."""

_STOP_TIMEOUT_SECONDS = 1.0
"""How long the work may take to stop. Then its thread is abandoned, so that the process can always exit."""

_logger = logging.getLogger(__name__)


class Supervisor:
    """Runs blocking work in its own thread, and restarts it when it ends.

    :param work: must return soon after its argument is set.
    :param on_healthy: called when the work has run for :data:`HEALTHY_SECONDS`.
    :param on_end: called each time the work ends, with the exception that it raised or ``None``.
    :param on_restart: called before each restart.
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
        """Supervise the work until cancelled. Returns when the work has ended, or a second later if it does not end."""
        while True:
            self._on_end(await self._run_once())
            await self._clock.sleep(self._backoff.next())
            self._on_restart()

    async def _run_once(self) -> Exception | None:
        """Run the work. Returns the exception that it raised."""
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
            stop.set()
            await asyncio.wait({running}, timeout=_STOP_TIMEOUT_SECONDS)
            if not running.done():
                _logger.info(
                    "the thread %r did not stop within %g s; exiting without it", self._name, _STOP_TIMEOUT_SECONDS
                )
            raise
