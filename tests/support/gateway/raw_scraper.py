"""A scraper at the level of its socket, which can stop reading, and disconnect, at any time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from tests.support.gateway import gateway_client
from tidegate.gateway.scrape import scraper_identity


class Reader:
    """One connection. Its receive buffer is small, so that unread data stays with the gateway."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()

    async def ask(self, *headers: str, method: str = "GET", timeout: str = "10") -> None:  # noqa: ASYNC109 - a header
        """Send the request of a scrape."""
        lines = [
            f"{method} /metrics HTTP/1.1",
            "Host: gateway",
            f"{scraper_identity.TIMEOUT_HEADER}: {timeout}",
            *headers,
        ]
        await self._loop.sock_sendall(
            self._socket, ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
        )

    async def read(self, size: int) -> bytes:
        """Return exactly this many bytes."""
        received = bytearray()
        while len(received) < size:
            part = await self._loop.sock_recv(self._socket, size - len(received))
            assert part, f"the connection ended after {len(received)} of {size} bytes"
            received += part
        return bytes(received)

    async def read_head(self) -> bytes:
        """Return the status line and the headers."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await self.read(1)
        return head

    async def read_all(self) -> bytes:
        """Read the whole response, and return its body."""
        head = await self.read_head()
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return await self.read(int(lengths[0].partition(b":")[2]))

    async def ended(self) -> bool:
        """Read all remaining data, and return whether the gateway ended the connection."""
        try:
            while await self._loop.sock_recv(self._socket, 65536):
                pass
        except ConnectionError:
            pass
        return True

    def close(self) -> None:
        """Close the connection, with or without unread data."""
        self._socket.close()


@contextlib.asynccontextmanager
async def connect(port: int) -> AsyncIterator[Reader]:
    """A connection to the gateway that is closed at the end of the block."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (gateway_client.HOST, port))
        yield Reader(connection)
