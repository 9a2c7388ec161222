"""A response is confirmed when its client's kernel has all bytes and the connection is still intact."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from typing import NamedTuple, cast

from tidegate.gateway.scrape import delivery_confirmation

_MORE_THAN_BUFFERS = 16 * 1024 * 1024
"""Bytes that the kernel does not accept at once."""

_SETTLE_SECONDS = 0.05


class _Connection(NamedTuple):
    """A connection of the server, and the socket of its client."""

    writer: asyncio.StreamWriter
    client: socket.socket

    def delivery(self) -> delivery_confirmation.Delivery:
        # uvloop's transports are not subclasses of asyncio's.
        return delivery_confirmation.Delivery(
            cast(asyncio.Transport, self.writer.transport), settle_seconds=_SETTLE_SECONDS
        )

    def reset(self) -> None:
        """Close the client's socket so that its kernel sends a reset."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()


@contextlib.asynccontextmanager
async def _connected(family: socket.AddressFamily = socket.AF_INET) -> AsyncIterator[_Connection]:
    if family is socket.AF_UNIX:
        served, client = socket.socketpair()
    else:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            client = socket.create_connection(listening.getsockname())
            served, _ = listening.accept()
    _, writer = await asyncio.open_connection(sock=served)
    try:
        yield _Connection(writer, client)
    finally:
        client.close()
        writer.transport.abort()


async def test_response_that_the_client_received_is_confirmed() -> None:
    async with _connected() as connection:
        connection.writer.write(b"metrics")
        delivery = connection.delivery()
        assert await delivery.is_confirmed(timeout=10)
        delivery.close()


async def test_response_over_a_unix_socket_is_confirmed_when_the_client_has_read_it() -> None:
    async with _connected(socket.AF_UNIX) as connection:
        connection.writer.write(b"metrics")
        delivery = connection.delivery()
        assert not await delivery.is_confirmed(timeout=0.05)
        assert connection.client.recv(100) == b"metrics"
        assert await delivery.is_confirmed(timeout=10)
        delivery.close()


async def test_response_that_the_client_does_not_read_in_time_is_not_confirmed() -> None:
    async with _connected() as connection:
        connection.writer.write(b"m" * _MORE_THAN_BUFFERS)
        delivery = connection.delivery()
        assert not await delivery.is_confirmed(timeout=0.05)
        delivery.close()


async def test_response_to_a_client_that_resets_the_connection_is_not_confirmed() -> None:
    async with _connected() as connection:
        connection.writer.write(b"m" * _MORE_THAN_BUFFERS)
        delivery = connection.delivery()
        connection.reset()
        assert not await delivery.is_confirmed(timeout=10)
        delivery.close()


async def test_response_without_a_connection_is_not_confirmed() -> None:
    delivery = delivery_confirmation.Delivery(None, settle_seconds=_SETTLE_SECONDS)
    assert not await delivery.is_confirmed(timeout=10)
    delivery.close()
