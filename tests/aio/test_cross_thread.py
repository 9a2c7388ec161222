"""What another thread hands over is taken in its order, whatever becomes of some of it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.support import waiting
from tidegate.aio import cross_thread


async def _handed_over(count: int, *, failing: int = -1) -> list[int]:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    taken: list[int] = []

    def take(item: int) -> None:
        taken.append(item)
        if item == failing:
            raise ValueError(item)

    thread_queue = cross_thread.ThreadQueue(loop, take)

    def put_all() -> None:
        for number in range(count):
            thread_queue.put(number)

    thread = threading.Thread(target=put_all)
    thread.start()

    async def all_taken() -> bool:
        return len(taken) == count

    await waiting.eventually_async(all_taken, why="all to be taken", timeout=10.0)
    thread.join()
    return taken


async def test_all_of_it_is_taken_in_order() -> None:
    assert await _handed_over(10_000) == list(range(10_000))


async def test_one_that_cannot_be_taken_holds_up_nothing() -> None:
    assert await _handed_over(10_000, failing=17) == list(range(10_000))


async def test_a_stop_is_heard_in_a_loop_and_by_who_looks() -> None:
    stop = cross_thread.Stop()
    looks = [stop.is_set]
    waiting_for_it = asyncio.create_task(stop.wait())
    await asyncio.sleep(0)
    threading.Thread(target=stop.set).start()
    await waiting_for_it
    looks.append(stop.is_set)
    await stop.wait()
    assert looks == [False, True]


def test_a_stop_after_the_end_of_the_loop_that_waited_for_it_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    stop = cross_thread.Stop()

    async def begin() -> None:
        asyncio.create_task(stop.wait())  # noqa: RUF006 - it ends with the loop
        await asyncio.sleep(0)

    asyncio.run(begin())
    stop.set()
    assert caplog.records == []
