"""A scrape target that records each request with its connection; a test chooses the responses."""

from __future__ import annotations

import asyncio
import concurrent.futures
import enum
import itertools
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from aiohttp import web

from tests.support import waiting
from tests.support.processes import ports

HOST = "127.0.0.1"
_SECONDS = 60.0
_TEXT_FORMAT = "text/plain; version=0.0.4"


class Response(enum.Enum):
    """Kinds of responses to a request."""

    SERVE = enum.auto()
    """It sends `RecordingTarget.text`."""
    FAIL = enum.auto()
    """It sends status 500."""
    HANG = enum.auto()
    """It sends nothing until the client disconnects or the kind changes."""


class Request(NamedTuple):
    """A request as the target received it."""

    path: str
    """Path and query."""
    connection: int
    """The number of its TCP connection, in the order of their first requests."""
    port: int
    """The client's TCP port."""
    headers: Mapping[str, str]
    """By lower-case name."""


class RecordingTarget:
    """A server on a free port of loopback, in a thread of its own; it runs within a ``with`` block.

    Like the gateway, it closes a connection after five minutes without a request.
    """

    def __init__(self, *, idle_seconds: float = 300.0) -> None:
        self.port = ports.free_port()
        self.text = "rows 42\n"
        self.requests: list[Request] = []
        self._response = Response.SERVE
        self._idle_seconds = idle_seconds
        self._numbers = itertools.count(1)
        self._connections: weakref.WeakKeyDictionary[asyncio.BaseTransport, int] = weakref.WeakKeyDictionary()
        self._changed: asyncio.Event
        self._ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="target")

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result(timeout=_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=_SECONDS)

    def respond(self, kind: Response) -> None:
        """Respond in this way from now on; requests that hang get a response."""
        self._response = kind
        self._loop.call_soon_threadsafe(self._release)

    def wait_for(self, number: int, *, path: str = "", timeout: float = 60.0) -> Sequence[Request]:
        """Wait for this many further requests whose path and query begin so, and return them."""
        before = len(self.requests)

        def seen() -> Sequence[Request]:
            found = [request for request in self.requests[before:] if request.path.startswith(path)]
            return found if len(found) >= number else []

        return waiting.eventually(seen, why=f"{number} requests for {path or 'any path'}", timeout=timeout)

    def _release(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._changed = asyncio.Event()
        app = web.Application()
        app.router.add_get("/{path:.*}", self._handle)
        runner = web.AppRunner(app, keepalive_timeout=self._idle_seconds, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, HOST, self.port).start()
        self._ready.set_result(None)
        await self._stopping.wait()
        self._release()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        transport = request.transport
        if transport is None:
            return web.Response(status=400)
        number = self._connections.get(transport)
        if number is None:
            number = self._connections[transport] = next(self._numbers)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(Request(request.path_qs, number, transport.get_extra_info("peername")[1], headers))
        while self._response is Response.HANG and not self._stopping.is_set():
            await self._changed.wait()
        if self._response is Response.FAIL:
            return web.Response(status=500)
        return web.Response(body=self.text.encode(), headers={"Content-Type": _TEXT_FORMAT})
