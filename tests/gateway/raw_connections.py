"""Connections whose bytes a test chooses one by one, as hostile and slow clients do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.gateway import gateway_client

PUSH_HEAD = b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
PUSH = PUSH_HEAD + b"m 1\n"

HANG_SECONDS = 30.0
"""Whatever takes longer than this hangs."""


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Returns when the kernel has taken all of it."""
        self._writer.write(data)
        await self._writer.drain()

    def send_nothing_more(self) -> None:
        """Close the direction to the server."""
        self._writer.write_eof()

    async def line(self) -> bytes:
        """The next line that comes; what begins an answer is its status. Empty at the end."""
        async with asyncio.timeout(HANG_SECONDS):
            return await self._reader.readline()

    async def answer(self) -> bytes:
        """The status line and the headers of the next answer."""
        async with asyncio.timeout(HANG_SECONDS):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def rest(self) -> bytes:
        """All that still comes until the other side closes, or resets what is sent to it meanwhile."""
        came = b""
        async with asyncio.timeout(HANG_SECONDS):
            with contextlib.suppress(ConnectionResetError):
                while part := await self._reader.read(65536):
                    came += part
        return came


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Wire]:
    """A connection that is closed with the block."""
    reader, writer = await asyncio.open_connection(gateway_client.HOST, port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        # Who was turned away may have been reset.
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def exchange(port: int, sent: bytes) -> bytes:
    """All that comes back for this until the server closes."""
    async with connected(port) as wire:
        await wire.send(sent)
        return await wire.rest()
