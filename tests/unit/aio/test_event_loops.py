"""An event loop ends within a limited time, whatever tasks and threads are left in it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import pytest

from tidegate.aio import event_loops


async def _stubborn(cancelled: list[str], *, times: int) -> None:
    """Suppress all but the last of this many cancellations."""
    for _ in range(times - 1):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        cancelled.append("once")
    await asyncio.Event().wait()


def test_the_result_of_the_work_is_returned() -> None:
    async def work() -> str:
        return "done"

    assert event_loops.run(work()) == "done"


def test_exception_of_the_work_is_raised() -> None:
    async def work() -> None:
        raise OSError("away")

    with pytest.raises(OSError, match="away"):
        event_loops.run(work())


def test_task_that_suppresses_its_cancellation_is_cancelled_again() -> None:
    cancelled: list[str] = []
    left: list[asyncio.Task[None]] = []

    async def work() -> None:
        left.append(asyncio.create_task(_stubborn(cancelled, times=4)))
        await asyncio.sleep(0)

    event_loops.run(work())
    assert (cancelled, left[0].cancelled()) == (["once"] * 3, True)


def test_endless_task_and_executor_thread_do_not_delay_the_end() -> None:
    let_go = threading.Event()
    messages: list[str] = []

    def tell(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        messages.append(context["message"])

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, let_go.wait)
        asyncio.create_task(_stubborn([], times=1_000_000))  # noqa: RUF006 - it keeps itself
        await asyncio.sleep(0)

    event_loops.run(work(), on_error=tell)
    held_up = event_loops.threads_left(timeout=0.01)
    let_go.set()
    assert [name for name in held_up if name.startswith("asyncio_")]
    assert [name for name in event_loops.threads_left(timeout=60.0) if name.startswith("asyncio_")] == []
