"""What happens to work that ends by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import AsyncIterator

import pytest

from tests.support import waiting
from tidegate.aiokits import backoffs, clocks
from tidegate.controller import outages, supervisors


class _Work:
    """Work in a thread that the test ends, with an error or without."""

    def __init__(self) -> None:
        self.starts = 0
        self.ended = 0
        self._ends: queue.Queue[Exception | None] = queue.Queue()

    def __call__(self, told: threading.Event) -> None:
        self.starts += 1
        try:
            while not told.is_set():
                with contextlib.suppress(queue.Empty):
                    error = self._ends.get(timeout=0.01)
                    if error is not None:
                        raise error
                    return
        finally:
            self.ended += 1

    def end(self, error: Exception | None = None) -> None:
        self._ends.put(error)


class _Outage(outages.Outage):
    """Counts the failures: the supervisor's pause begins right after each."""

    failures = 0
    recoveries = 0

    def failed(self, reason: object) -> None:
        super().failed(reason)
        self.failures += 1

    def over(self) -> None:
        super().over()
        self.recoveries += 1


class _Scene:
    def __init__(self) -> None:
        self.work = _Work()
        self.clock = clocks.MovableClock()
        self.restarts = 0
        self.outage = _Outage("the watch", meanwhile="it is begun anew", clock=self.clock)
        self.supervisor = supervisors.Supervisor(
            self.work,
            name="work",
            clock=self.clock,
            backoff=backoffs.Backoff(first=1.0, limit=30.0),
            outage=self.outage,
            on_restart=self._count,
        )

    def _count(self) -> None:
        self.restarts += 1

    async def started(self, times: int) -> None:
        async def look() -> bool:
            return self.work.starts == times

        await waiting.eventually_async(look, why=f"start number {times}")

    async def failed(self, times: int) -> None:
        async def look() -> bool:
            return self.outage.failures == times

        await waiting.eventually_async(look, why=f"failure number {times}")

    async def recovered(self) -> bool:
        return self.outage.recoveries > 0

    async def fail(self, error: Exception | None = None) -> None:
        """Let the work end, and the supervisor begin its pause."""
        failures = self.outage.failures
        self.work.end(error)
        await self.failed(failures + 1)


@pytest.fixture
async def scene() -> AsyncIterator[_Scene]:
    made = _Scene()
    running = asyncio.create_task(made.supervisor.run())
    await made.started(1)
    yield made
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert made.work.starts == made.work.ended, "the work outlives its supervisor"


async def test_work_that_ends_is_started_again_after_a_pause(scene: _Scene) -> None:
    await scene.fail(RuntimeError("no more"))
    scene.clock.advance(0.49)
    assert scene.work.starts == 1
    scene.clock.advance(0.51)
    await scene.started(2)
    assert scene.restarts == 1


async def test_work_that_ends_without_an_error_is_started_again_too(scene: _Scene) -> None:
    await scene.fail()
    scene.clock.advance(1.0)
    await scene.started(2)


async def test_pauses_grow_while_it_fails_and_are_short_again_after_it_was_well(scene: _Scene) -> None:
    for time, longest in enumerate((1.0, 2.0, 4.0), start=1):
        await scene.fail()
        scene.clock.advance(longest)
        await scene.started(time + 1)
    await scene.fail()
    scene.clock.advance(3.9)
    assert scene.work.starts == 4, "the fourth pause is at least 4 s"
    scene.clock.advance(4.1)
    await scene.started(5)

    scene.clock.advance(supervisors.HEALTHY_SECONDS)
    await waiting.eventually_async(scene.recovered, why="the work to be taken for well")
    await scene.fail()
    scene.clock.advance(1.0)
    await scene.started(6)


async def test_each_reason_is_logged_once(scene: _Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for time, reason in enumerate(("refused", "refused", "forbidden"), start=1):
        await scene.fail(OSError(reason))
        scene.clock.advance(30.0)
        await scene.started(time + 1)
    assert caplog.messages == [
        "the watch fails: OSError: refused; it is begun anew",
        "the watch fails: OSError: forbidden; it is begun anew",
    ]
