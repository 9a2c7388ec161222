"""A worker runs functions one after the other in its own thread."""

import asyncio
import threading

import pytest

from tidegate.aio import worker_threads


async def test_results_and_exceptions_are_passed_to_the_caller() -> None:
    worker = worker_threads.Worker("worker")

    assert await worker.do(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await worker.do(divmod, 7, 0)

    await worker.stop()


async def test_functions_run_in_order_in_one_thread_even_if_the_caller_is_cancelled() -> None:
    worker = worker_threads.Worker("worker")
    began, release = threading.Event(), threading.Event()
    done: list[tuple[int, str]] = []

    def note(number: int) -> None:
        done.append((number, threading.current_thread().name))

    def hold() -> None:
        began.set()
        release.wait()
        note(0)

    cancelled_call = asyncio.ensure_future(worker.do(hold))
    await asyncio.to_thread(began.wait)
    cancelled_call.cancel()
    later = [asyncio.ensure_future(worker.do(note, number)) for number in (1, 2)]
    release.set()
    await asyncio.gather(*later)
    await worker.stop()

    assert cancelled_call.cancelled()
    assert done == [(0, "worker"), (1, "worker"), (2, "worker")]


async def test_worker_ends_after_it_has_run_all_functions() -> None:
    worker = worker_threads.Worker("a worker that ends")
    done: list[int] = []
    calls = [asyncio.ensure_future(worker.do(done.append, number)) for number in range(3)]
    await asyncio.sleep(0)

    await worker.stop()
    await asyncio.gather(*calls)

    assert done == [0, 1, 2]
    assert "a worker that ends" not in {thread.name for thread in threading.enumerate()}
