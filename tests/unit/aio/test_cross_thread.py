"""Items and stop signals from other threads."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.support import waiting
from tidegate.aio import cross_thread


async def _received(count: int, *, failing: int = -1) -> list[int]:
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

    await waiting.eventually_async(all_taken, why="all to be taken")
    thread.join()
    return taken


async def test_all_items_are_taken_in_order() -> None:
    assert await _received(10_000) == list(range(10_000))


async def test_item_that_raises_an_exception_does_not_stop_the_queue() -> None:
    assert await _received(10_000, failing=17) == list(range(10_000))


async def test_stop_signal_can_be_awaited_and_read() -> None:
    stop = cross_thread.Stop()
    states = [stop.is_set]
    waiting_task = asyncio.create_task(stop.wait())
    await asyncio.sleep(0)
    threading.Thread(target=stop.set).start()
    await waiting_task
    states.append(stop.is_set)
    await stop.wait()
    assert states == [False, True]


def test_stop_signal_after_the_end_of_the_waiting_loop_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    stop = cross_thread.Stop()

    async def begin() -> None:
        asyncio.create_task(stop.wait())  # noqa: RUF006 - it ends with the loop
        await asyncio.sleep(0)

    asyncio.run(begin())
    stop.set()
    assert caplog.records == []
