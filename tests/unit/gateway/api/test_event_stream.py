"""Readers of ``GET /api/v1/events`` that do not read are disconnected, make room for others, and cost little memory."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import test_utils, web

from tests.support import waiting
from tests.support.gateway import gateway_client, raw_connections
from tests.support.store import store_builders
from tidegate import telemetry
from tidegate.aio import clocks
from tidegate.draining import scrape_progress
from tidegate.exposition.text import parser
from tidegate.gateway import server
from tidegate.gateway.api import event_stream
from tidegate.gateway.metrics import own_metrics

_REQUEST = b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n"
_LARGE = 16 * 1024
"""Size of an event in bytes; a few of them fill two small sockets."""

BOTH_LOOPS = True


class Stage:
    """A server whose events are large."""

    def __init__(self) -> None:
        self.clock = clocks.MovableClock()
        self.store = store_builders.store(clock=self.clock)
        self.transports: list[asyncio.Transport] = []
        self._registry = telemetry.new_registry()
        self.endpoint = event_stream.EventStreamHandler(
            self.store,
            scrape_progress.ScrapeTracker(self.store),
            clock=self.clock,
            metrics=own_metrics.GatewayMetrics(self._registry),
            version="v" * _LARGE,
            pause_seconds=0.0,
            poll_seconds=0.001,
        )
        self.server = test_utils.RawTestServer(self._handle)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        self.transports.append(request.transport)
        return await self.endpoint.events(request)

    @property
    def open(self) -> int:
        return int(self._registry.get_sample_value("tidegate_event_streams") or 0)

    async def until_open(self, number: int) -> None:
        async def look() -> bool:
            return self.open == number

        await waiting.eventually_async(look, why=f"{number} streams to be open", interval=0.001)

    async def change(self) -> None:
        """Change the store, and give the streams time to send an event."""
        await self.store.push(gateway_client.key(job="x"), parser.parse(b"x 1\n"), replace=True)
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    async with stage.server:
        yield stage
        stage.endpoint.stop()


@contextlib.asynccontextmanager
async def _stalled(stage: Stage) -> AsyncIterator[socket.socket]:
    """A client that requests a stream, and reads only on demand."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, (str(stage.server.host), stage.server.port or 0))
        await loop.sock_sendall(connection, _REQUEST)
        yield connection


async def _read(reader: socket.socket, *, until: bytes) -> bytes:
    """Read until the data ends with these bytes or, if they are empty, until the end."""
    received = bytearray()
    async with asyncio.timeout(raw_connections.HANG_SECONDS):
        while part := await asyncio.get_running_loop().sock_recv(reader, 65536):
            received += part
            if until and received.endswith(until):
                break
    return bytes(received)


async def test_stalled_reader_is_disconnected_after_its_timeout(stage: Stage) -> None:
    began = stage.clock.monotonic()
    async with _stalled(stage) as reader:
        await stage.until_open(1)

        async def look() -> bool:
            await stage.change()
            stage.clock.advance(1.0)
            return stage.open == 0

        await waiting.eventually_async(look, why="the stream to be ended", interval=0.01)
        assert stage.clock.monotonic() - began > 20.0
        assert stage.transports[0].is_closing()
        received = await _read(reader, until=b"")
        assert not received.endswith(b"0\r\n\r\n")


async def test_active_reader_stays_connected(stage: Stage) -> None:
    async with _stalled(stage) as reader:
        for _ in range(5):
            await _read(reader, until=b"\n\n\r\n")
            stage.clock.advance(30.0)
            await stage.change()
        assert stage.open == 1


async def test_stalled_reader_costs_one_event_and_a_small_socket_buffer(stage: Stage) -> None:
    async with _stalled(stage):
        await stage.until_open(1)
        for _ in range(50):
            await stage.change()
        [transport] = stage.transports
        assert 0 < transport.get_write_buffer_size() < _LARGE + 1_000
        held = transport.get_extra_info("socket")
        with socket.socket(fileno=socket.dup(held.fileno())) as same:
            assert same.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 64 * 1024


class TestStreamLimit:
    """All streams are in use by clients of unknown activity."""

    @pytest.fixture
    async def readers(
        self, gateway: server.Gateway, client: gateway_client.Client
    ) -> AsyncIterator[list[raw_connections.Wire]]:
        async with contextlib.AsyncExitStack() as stack:
            opened = []
            for number in range(event_stream.MAX_STREAMS):
                wire = await stack.enter_async_context(raw_connections.connected(gateway.web_port))
                await wire.send(_REQUEST)
                await client.sees("tidegate_event_streams", number + 1)
                opened.append(wire)
            yield opened

    async def test_oldest_stream_is_ended_for_a_new_one_after_a_minimum_time(
        self,
        readers: list[raw_connections.Wire],
        gateway: server.Gateway,
        client: gateway_client.Client,
        clock: clocks.MovableClock,
    ) -> None:
        clock.advance(19.9)
        assert (await client.send("GET", "/api/v1/events")).status == 503
        clock.advance(0.1)
        async with raw_connections.connected(gateway.web_port) as newest:
            await newest.send(_REQUEST)
            assert (await newest.line()).startswith(b"HTTP/1.1 200")
            assert (await readers[0].rest()).endswith(b"0\r\n\r\n")
            assert await client.value("tidegate_event_streams") == event_stream.MAX_STREAMS
            await client.put("job/x", "x 1\n")
            for wire in (*readers[1:], newest):
                while b'"live": 1' not in await wire.line():
                    pass
