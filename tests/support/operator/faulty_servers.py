"""Servers that are not API servers, or fail, each on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

import trustme
from aiohttp import web

from tests.support.operator import fake_api_server
from tests.support.processes import ports

Opener: TypeAlias = Callable[[Path], AbstractAsyncContextManager[Path]]
"""Starts the server, and writes a kubeconfig for it into the folder."""


def responding_with(respond: fake_api_server.Responder) -> Opener:
    """Start an API server with this responder."""

    @contextlib.asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[Path]:
        server = fake_api_server.ApiServer()
        server.respond = respond
        await server.start()
        try:
            yield server.kubeconfig(folder)
        finally:
            await server.stop()

    return opened


def status(number: int, *, watch: bool = True) -> fake_api_server.Responder:
    """Respond with this status code to each watch, or to each list."""

    async def respond(request: web.Request) -> web.StreamResponse | None:
        if request.path.count("/") < 4 or ("watch" in request.query) is not watch:
            return None
        return web.json_response({"kind": "Status", "code": number, "message": f"no {number}"}, status=number)

    return respond


def text(content: str, *, kind: str = "application/json", watch: bool = True) -> fake_api_server.Responder:
    """Respond with this text to each watch, or to each list."""

    async def respond(request: web.Request) -> web.StreamResponse | None:
        if request.path.count("/") < 4 or ("watch" in request.query) is not watch:
            return None
        return web.Response(text=content, content_type=kind)

    return respond


def event(_type: str, **content: object) -> str:
    """Return a line of a watch."""
    return json.dumps({"type": _type, "object": content}) + "\n"


@contextlib.asynccontextmanager
async def unused_port(folder: Path) -> AsyncIterator[Path]:
    """A port without a listener."""
    yield fake_api_server.kubeconfig(folder, server=f"http://{fake_api_server.HOST}:{ports.free_port()}")


@contextlib.asynccontextmanager
async def no_kubeconfig(folder: Path) -> AsyncIterator[Path]:
    """A missing kubeconfig."""
    yield folder / "not-there"


def raw_server(act: Callable[[asyncio.StreamWriter], Awaitable[None]], *, scheme: str = "http") -> Opener:
    """Start a server that runs this on each connection after it has read a byte, without HTTP."""

    @contextlib.asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[Path]:
        stopped = asyncio.Event()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                await reader.read(1)
                await act(writer)
            await stopped.wait()
            writer.transport.abort()

        server = await asyncio.start_server(handle, fake_api_server.HOST, 0)
        port = server.sockets[0].getsockname()[1]
        try:
            yield fake_api_server.kubeconfig(folder, server=f"{scheme}://{fake_api_server.HOST}:{port}")
        finally:
            stopped.set()
            server.close()
            await server.wait_closed()

    return opened


async def silence(_writer: asyncio.StreamWriter) -> None:
    """Send nothing."""


async def not_http(writer: asyncio.StreamWriter) -> None:
    """Send text that is not HTTP."""
    writer.write(b"220 mail.example.com ESMTP\r\n")
    await writer.drain()


async def reset(writer: asyncio.StreamWriter) -> None:
    """Reset the connection."""
    writer.transport.abort()


@contextlib.asynccontextmanager
async def untrusted(folder: Path) -> AsyncIterator[Path]:
    """An HTTPS server with an untrusted certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert(fake_api_server.HOST).configure_cert(context)

    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(handle, fake_api_server.HOST, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        yield fake_api_server.kubeconfig(folder, server=f"https://{fake_api_server.HOST}:{port}")
    finally:
        server.close()
        await server.wait_closed()
