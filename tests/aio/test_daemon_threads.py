"""Work in a thread that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading

from tidegate.aio import daemon_threads


async def test_the_end_of_the_work_is_told() -> None:
    seen: list[bool] = []
    assert await daemon_threads.start(lambda: seen.append(threading.current_thread().daemon), name="x") is None
    assert seen == [True]


async def test_what_the_work_raised_is_told() -> None:
    error = OSError("away")

    def work() -> None:
        raise error

    assert await daemon_threads.start(work, name="x") is error


def test_work_that_outlives_the_loop_ends_in_silence() -> None:
    let_go = threading.Event()

    def work() -> None:
        let_go.wait()

    async def begin() -> None:
        daemon_threads.start(work, name="outlives the loop")

    asyncio.run(begin())
    [thread] = [each for each in threading.enumerate() if each.name == "outlives the loop"]
    let_go.set()
    thread.join(10.0)
    assert not thread.is_alive()
