"""Servers that are no API servers, or none that works: each on a real socket."""

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

from tests.operator import fake_api_server
from tests.support import ports

Opener: TypeAlias = Callable[[Path], AbstractAsyncContextManager[Path]]
"""Opens the server; the kubeconfig that leads to it is written into the folder."""


def answering(answer: fake_api_server.Answer) -> Opener:
    """An API server that answers as this says."""

    @contextlib.asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[Path]:
        server = fake_api_server.ApiServer()
        server.answer = answer
        await server.start()
        try:
            yield server.kubeconfig(folder)
        finally:
            await server.stop()

    return opened


def status(number: int, *, watch: bool = True) -> fake_api_server.Answer:
    """This status for each watch, or for each list."""

    async def answer(request: web.Request) -> web.StreamResponse | None:
        if request.path.count("/") < 4 or ("watch" in request.query) is not watch:
            return None
        return web.json_response({"kind": "Status", "code": number, "message": f"no {number}"}, status=number)

    return answer


def text(said: str, *, kind: str = "application/json", watch: bool = True) -> fake_api_server.Answer:
    """This text for each watch, or for each list."""

    async def answer(request: web.Request) -> web.StreamResponse | None:
        if request.path.count("/") < 4 or ("watch" in request.query) is not watch:
            return None
        return web.Response(text=said, content_type=kind)

    return answer


def event(_type: str, **said: object) -> str:
    """A line of a watch."""
    return json.dumps({"type": _type, "object": said}) + "\n"


@contextlib.asynccontextmanager
async def nobody(folder: Path) -> AsyncIterator[Path]:
    """A port that nobody listens on."""
    yield fake_api_server.kubeconfig(folder, server=f"http://{fake_api_server.HOST}:{ports.free_port()}")


@contextlib.asynccontextmanager
async def no_kubeconfig(folder: Path) -> AsyncIterator[Path]:
    """Not even a kubeconfig."""
    yield folder / "not-there"


def talking(speak: Callable[[asyncio.StreamWriter], Awaitable[None]], *, scheme: str = "http") -> Opener:
    """A server that does this on each connection once something was read from it, and knows no HTTP."""

    @contextlib.asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[Path]:
        over = asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                await reader.read(1)
                await speak(writer)
            await over.wait()
            writer.transport.abort()

        server = await asyncio.start_server(talk, fake_api_server.HOST, 0)
        port = server.sockets[0].getsockname()[1]
        try:
            yield fake_api_server.kubeconfig(folder, server=f"{scheme}://{fake_api_server.HOST}:{port}")
        finally:
            over.set()
            server.close()
            await server.wait_closed()

    return opened


async def silence(_writer: asyncio.StreamWriter) -> None:
    """Say nothing."""


async def not_http(writer: asyncio.StreamWriter) -> None:
    """Say something that is no HTTP."""
    writer.write(b"220 mail.example.com ESMTP\r\n")
    await writer.drain()


async def reset(writer: asyncio.StreamWriter) -> None:
    """Break off."""
    writer.transport.abort()


@contextlib.asynccontextmanager
async def untrusted(folder: Path) -> AsyncIterator[Path]:
    """An HTTPS server whose certificate nobody trusts."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert(fake_api_server.HOST).configure_cert(context)

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(talk, fake_api_server.HOST, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        yield fake_api_server.kubeconfig(folder, server=f"https://{fake_api_server.HOST}:{port}")
    finally:
        server.close()
        await server.wait_closed()
