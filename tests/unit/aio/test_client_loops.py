"""The event loop of HTTP clients runs in a thread of its own, on asyncio."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tidegate.aio import client_loops


async def test_coroutine_runs_on_asyncio_in_another_thread() -> None:
    loop = client_loops.ClientLoop("clients")
    try:
        running, thread = await loop.do(_where())
    finally:
        await loop.close()
    assert type(running).__module__.startswith("asyncio.")
    assert thread is not threading.current_thread()


async def _where() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    return asyncio.get_running_loop(), threading.current_thread()


async def test_exception_of_a_coroutine_is_raised_to_the_caller() -> None:
    loop = client_loops.ClientLoop("clients")
    with pytest.raises(KeyError, match="x"):
        await loop.do(_failing())
    await loop.close()


async def _failing() -> None:
    raise KeyError("x")


async def test_cancelled_caller_cancels_its_coroutine() -> None:
    loop, cancelled = client_loops.ClientLoop("clients"), threading.Event()
    began = threading.Event()

    async def hang() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    waiting = asyncio.create_task(loop.do(hang()))
    await asyncio.to_thread(began.wait, 10.0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.to_thread(cancelled.wait, 10.0)
    await loop.close()


async def test_close_cancels_what_still_runs_and_ends_the_thread() -> None:
    loop = client_loops.ClientLoop("clients of this test")
    waiting = asyncio.create_task(loop.do(asyncio.sleep(3_600.0)))
    await asyncio.sleep(0)
    await loop.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert "clients of this test" not in [thread.name for thread in threading.enumerate()]
