"""Event loops that end within a limited time, whatever tasks and threads were started in them.

`asyncio.run` waits for every task that it cancels and for every thread of the loop's executor. A task can suppress its
cancellation, and a thread that resolves a name cannot be cancelled; either would keep the process from exiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")

_ROUND_SECONDS = 0.05
"""Pause before a task that suppressed its cancellation is cancelled again."""
_END_SECONDS = 0.5
"""How long tasks may take to end before the loop is closed anyway."""

_logger = logging.getLogger(__name__)


def run(
    work: Coroutine[Any, Any, _Result],
    *,
    loop: asyncio.AbstractEventLoop | None = None,
    on_error: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None = None,
) -> _Result:
    """Run a coroutine in an event loop and return its result; then cancel all other tasks and close the loop.

    :param loop: the loop to use; a new one by default.
    :param on_error: the loop's exception handler (:meth:`asyncio.loop.set_exception_handler`).
    """
    loop = asyncio.new_event_loop() if loop is None else loop
    loop.set_exception_handler(on_error)
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(_end())
        loop.close()


async def _end() -> None:
    await cancel_all()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            await asyncio.get_running_loop().shutdown_asyncgens()


async def cancel(tasks: Collection[asyncio.Task[Any]], *, seconds: float) -> None:
    """Cancel these tasks once and wait until they have ended, for ``seconds`` at most."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


async def cancel_all() -> None:
    """Cancel every other task of this loop, repeatedly until all have ended, for half a second at most."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _END_SECONDS
    while (left := asyncio.all_tasks() - {asyncio.current_task()}) and loop.time() < deadline:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_ROUND_SECONDS)
    for task in left:
        _logger.debug("task %s did not end after its cancellation; closing its event loop", task.get_name())


def threads_left(*, timeout: float) -> list[str]:
    """The names of the threads that Python would wait for at exit and that do not end within ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    waited_for = [
        thread for thread in threading.enumerate() if thread is not threading.current_thread() and not thread.daemon
    ]
    for thread in waited_for:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [thread.name for thread in waited_for if thread.is_alive()]
