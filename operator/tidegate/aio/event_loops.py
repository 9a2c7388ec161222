"""Event loops whose end takes a bounded time, whatever tasks and threads were started in them.

`asyncio.run` waits for every task that it cancels and for every thread of the loop's executor. A task can swallow its
cancellation, and a thread that resolves a name cannot be cancelled at all; either would keep the process from ending.
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
"""A task that swallowed one cancellation gets the next one after this time."""
_END_SECONDS = 0.5
"""How long tasks may take to end before the loop is closed under them."""

_logger = logging.getLogger(__name__)


def run(
    work: Coroutine[Any, Any, _Result],
    *,
    loop: asyncio.AbstractEventLoop | None = None,
    on_error: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None = None,
) -> _Result:
    """Run this in an event loop and return its result. What else still runs in the loop then is ended, and the loop is
    closed.

    :param loop: default a new one.
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
    """Cancel these tasks once and wait until they have ended, at most this long."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


async def cancel_all() -> None:
    """Cancel every other task of this loop, again and again until all have ended or half a second is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _END_SECONDS
    while (left := asyncio.all_tasks() - {asyncio.current_task()}) and loop.time() < deadline:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_ROUND_SECONDS)
    for task in left:
        _logger.debug("%s does not end when it is cancelled; its loop is closed under it", task.get_name())


def threads_left(*, timeout: float) -> list[str]:
    """The names of the threads that Python would wait for before the process ends, once they had time to end."""
    deadline = time.monotonic() + timeout
    waited_for = [
        thread for thread in threading.enumerate() if thread is not threading.current_thread() and not thread.daemon
    ]
    for thread in waited_for:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [thread.name for thread in waited_for if thread.is_alive()]
