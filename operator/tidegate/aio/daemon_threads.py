"""Blocking work in daemon threads, which the process does not wait for."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable


def start(work: Callable[[], None], *, name: str) -> asyncio.Future[Exception | None]:
    """Run this in a daemon thread. The result of the future is the exception that it raised, or ``None``."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Exception | None] = loop.create_future()

    def run() -> None:
        raised: Exception | None = None
        try:
            work()
        except Exception as error:  # noqa: BLE001 - it is the result of the future
            raised = error
        # If the loop is closed, no task waits for the future.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, ended, raised)

    threading.Thread(target=run, name=name, daemon=True).start()
    return ended


def _settle(future: asyncio.Future[Exception | None], raised: Exception | None) -> None:
    if not future.done():
        future.set_result(raised)
