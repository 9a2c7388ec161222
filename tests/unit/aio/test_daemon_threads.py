"""Work in daemon threads."""

from __future__ import annotations

import asyncio
import threading

from tidegate.aio import daemon_threads


async def test_future_is_done_when_the_work_ends() -> None:
    seen: list[bool] = []
    assert await daemon_threads.start(lambda: seen.append(threading.current_thread().daemon), name="x") is None
    assert seen == [True]


async def test_result_is_the_exception_of_the_work() -> None:
    error = OSError("away")

    def work() -> None:
        raise error

    assert await daemon_threads.start(work, name="x") is error


def test_work_that_ends_after_the_loop_raises_no_error() -> None:
    release = threading.Event()

    def work() -> None:
        release.wait()

    async def begin() -> None:
        daemon_threads.start(work, name="longer than the loop")

    asyncio.run(begin())
    [thread] = [each for each in threading.enumerate() if each.name == "longer than the loop"]
    release.set()
    thread.join(10.0)
    assert not thread.is_alive()
