"""An event loop of asyncio in a thread of its own, for HTTP clients in a process that runs uvloop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from tidegate.aio import event_loops

_Result = TypeVar("_Result")

_JOIN_SECONDS = 1.0
"""How long the thread may take to end; it is a daemon thread, so the process does not wait for it."""


class ClientLoop:
    """Runs coroutines for another event loop.

    On uvloop, a server that resets a connection during the TLS handshake can crash the process: aiohttp closes the
    socket while uvloop uses it, and the next connection gets the same file descriptor (MagicStack/uvloop#653).
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def do(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run a coroutine in this loop, and return its result or raise its exception."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def close(self) -> None:
        """Cancel what still runs, and end the thread."""
        self._loop.call_soon_threadsafe(self._ended.set)
        await asyncio.to_thread(self._thread.join, _JOIN_SECONDS)

    def _run(self) -> None:
        event_loops.run(self._wait(), loop=self._loop)

    async def _wait(self) -> None:
        await self._ended.wait()
