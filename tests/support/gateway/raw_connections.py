"""Connections over which a test sends bytes of its choice, as hostile and slow clients do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.support.gateway import gateway_client

PUSH_HEAD = b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
PUSH = PUSH_HEAD + b"m 1\n"

HANG_SECONDS = 60.0
"""Time after which an operation counts as hanging."""


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send the data, and return after the kernel has accepted all of it."""
        self._writer.write(data)
        await self._writer.drain()

    def close_sending(self) -> None:
        """Close the sending direction of the connection."""
        self._writer.write_eof()

    async def line(self) -> bytes:
        """Return the next line, which at the start of a response is the status line, or nothing at the end."""
        async with asyncio.timeout(HANG_SECONDS):
            return await self._reader.readline()

    async def response_head(self) -> bytes:
        """Return the status line and the headers of the next response."""
        async with asyncio.timeout(HANG_SECONDS):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def rest(self) -> bytes:
        """Return the data that arrives until the server closes or resets the connection."""
        received = b""
        async with asyncio.timeout(HANG_SECONDS):
            with contextlib.suppress(ConnectionResetError):
                while part := await self._reader.read(65536):
                    received += part
        return received


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Wire]:
    """A connection that is closed at the end of the block."""
    reader, writer = await asyncio.open_connection(gateway_client.HOST, port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        # The server may have reset the connection.
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def exchange(port: int, sent: bytes) -> bytes:
    """Send these bytes, and return all data that arrives until the server closes the connection."""
    async with connected(port) as wire:
        await wire.send(sent)
        return await wire.rest()
