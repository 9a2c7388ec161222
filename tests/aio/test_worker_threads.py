"""A worker does one thing after the other in a thread of its own."""

import asyncio
import threading

import pytest

from tidegate.aio import worker_threads


async def test_what_the_work_returns_and_raises_is_told() -> None:
    worker = worker_threads.Worker("worker")

    assert await worker.do(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await worker.do(divmod, 7, 0)

    await worker.stop()


async def test_all_is_done_in_one_thread_and_in_order_even_what_nobody_waits_for() -> None:
    worker = worker_threads.Worker("worker")
    began, go_on = threading.Event(), threading.Event()
    done: list[tuple[int, str]] = []

    def note(number: int) -> None:
        done.append((number, threading.current_thread().name))

    def hold() -> None:
        began.set()
        go_on.wait()
        note(0)

    given_up = asyncio.ensure_future(worker.do(hold))
    await asyncio.to_thread(began.wait)
    given_up.cancel()
    later = [asyncio.ensure_future(worker.do(note, number)) for number in (1, 2)]
    go_on.set()
    await asyncio.gather(*later)
    await worker.stop()

    assert given_up.cancelled()
    assert done == [(0, "worker"), (1, "worker"), (2, "worker")]


async def test_a_worker_ends_after_all_that_it_was_given() -> None:
    worker = worker_threads.Worker("a worker that ends")
    done: list[int] = []
    given = [asyncio.ensure_future(worker.do(done.append, number)) for number in range(3)]
    await asyncio.sleep(0)

    await worker.stop()
    await asyncio.gather(*given)

    assert done == [0, 1, 2]
    assert "a worker that ends" not in {thread.name for thread in threading.enumerate()}
