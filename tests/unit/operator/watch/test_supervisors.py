"""The supervision of work that ends by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import AsyncIterator

import pytest

from tests.support import waiting
from tidegate.aio import backoffs, clocks, cross_thread
from tidegate.operator.watch import supervisors


class _Work:
    """Work in a thread that ends at the request of the test, with or without an error."""

    def __init__(self) -> None:
        self.starts = 0
        self.ended = 0
        self._ends: queue.Queue[Exception | None] = queue.Queue()

    def __call__(self, stop_signal: cross_thread.Stop) -> None:
        self.starts += 1
        try:
            while not stop_signal.is_set:
                with contextlib.suppress(queue.Empty):
                    error = self._ends.get(timeout=0.01)
                    if error is not None:
                        raise error
                    return
        finally:
            self.ended += 1

    def end(self, error: Exception | None = None) -> None:
        self._ends.put(error)


class _Scene:
    def __init__(self) -> None:
        self.work = _Work()
        self.clock = clocks.MovableClock()
        self.restarts = 0
        self.ends: list[Exception | None] = []
        self.healthy = 0
        self.supervisor = supervisors.Supervisor(
            self.work,
            name="work",
            clock=self.clock,
            backoff=backoffs.Backoff(first=1.0, limit=30.0),
            on_healthy=self._count_health,
            on_end=self.ends.append,
            on_restart=self._count,
        )

    def _count_health(self) -> None:
        self.healthy += 1

    def _count(self) -> None:
        self.restarts += 1

    async def started(self, times: int) -> None:
        async def look() -> bool:
            return self.work.starts == times

        await waiting.eventually_async(look, why=f"start number {times}")

    async def failed(self, times: int) -> None:
        async def look() -> bool:
            return len(self.ends) == times

        await waiting.eventually_async(look, why=f"failure number {times}")

    async def was_healthy(self) -> bool:
        return self.healthy > 0

    async def fail(self, error: Exception | None = None) -> None:
        """Let the work end, and wait until the supervisor pauses."""
        ends = len(self.ends)
        self.work.end(error)
        await self.failed(ends + 1)


@pytest.fixture
async def scene() -> AsyncIterator[_Scene]:
    running_scene = _Scene()
    running = asyncio.create_task(running_scene.supervisor.run())
    await running_scene.started(1)
    yield running_scene
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert running_scene.work.starts == running_scene.work.ended, "the work still runs after its supervisor"


async def test_failed_work_is_restarted_after_a_delay(scene: _Scene) -> None:
    await scene.fail(RuntimeError("no more"))
    scene.clock.advance(0.49)
    assert scene.work.starts == 1
    scene.clock.advance(0.51)
    await scene.started(2)
    assert scene.restarts == 1


async def test_work_that_ends_without_an_error_is_restarted(scene: _Scene) -> None:
    await scene.fail()
    scene.clock.advance(1.0)
    await scene.started(2)


async def test_restart_delay_grows_and_is_reset_by_healthy_work(scene: _Scene) -> None:
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
    await waiting.eventually_async(scene.was_healthy, why="the work to count as healthy")
    await scene.fail()
    scene.clock.advance(1.0)
    await scene.started(6)


async def test_error_of_the_work_is_reported_each_time_it_ends(scene: _Scene) -> None:
    error = OSError("refused")
    await scene.fail(error)
    scene.clock.advance(1.0)
    await scene.started(2)
    await scene.fail()
    assert scene.ends == [error, None]


async def test_supervisor_exits_without_work_that_does_not_stop(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    started, released = threading.Event(), threading.Event()

    def work(_stop_signal: cross_thread.Stop) -> None:
        started.set()
        released.wait()

    supervisor = supervisors.Supervisor(
        work,
        name="deaf work",
        clock=clocks.SystemClock(),
        backoff=backoffs.Backoff(first=1.0, limit=30.0),
        on_healthy=lambda: None,
        on_end=lambda _: None,
        on_restart=lambda: None,
    )
    running = asyncio.create_task(supervisor.run())
    await asyncio.to_thread(started.wait)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert caplog.messages == ["the thread 'deaf work' did not stop within 1 s; exiting without it"]
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "deaf work"] == [True]
    released.set()
