"""Readers of ``GET /api/v1/events`` that read nothing: they are ended, they make room, and they cost little."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import test_utils, web

from tests.gateway import gateway_client, raw_connections
from tests.store import store_builders
from tests.support import waiting
from tidegate import telemetry
from tidegate.aio import clocks
from tidegate.draining import scrape_progress
from tidegate.exposition.text import parser
from tidegate.gateway import server
from tidegate.gateway.api import event_stream
from tidegate.gateway.metrics import own_metrics

_ASKED = b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n"
_LARGE = 16 * 1024
"""Bytes of an event; a few of them fill two small sockets."""

BOTH_LOOPS = True


class Stage:
    """Streams whose events are large."""

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
        """Something changes, and streams have a few turns to tell of it."""
        await self.store.push(gateway_client.key(job="x"), parser.parse(b"x 1\n"), replace=True)
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    async with made.server:
        yield made
        made.endpoint.stop()


@contextlib.asynccontextmanager
async def _deaf(stage: Stage) -> AsyncIterator[socket.socket]:
    """A reader that asks for a stream, and reads nothing of it by itself."""
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(made, (str(stage.server.host), stage.server.port or 0))
        await loop.sock_sendall(made, _ASKED)
        yield made


async def _read(reader: socket.socket, *, until: bytes) -> bytes:
    """What comes until this does, or with nothing until the end."""
    came = bytearray()
    async with asyncio.timeout(raw_connections.HANG_SECONDS):
        while part := await asyncio.get_running_loop().sock_recv(reader, 65536):
            came += part
            if until and came.endswith(until):
                break
    return bytes(came)


async def test_a_reader_that_makes_no_room_is_ended_when_its_time_is_over(stage: Stage) -> None:
    began = stage.clock.monotonic()
    async with _deaf(stage) as deaf:
        await stage.until_open(1)

        async def look() -> bool:
            await stage.change()
            stage.clock.advance(1.0)
            return stage.open == 0

        await waiting.eventually_async(look, why="the stream to be ended", interval=0.01)
        assert stage.clock.monotonic() - began > 20.0
        assert stage.transports[0].is_closing()
        came = await _read(deaf, until=b"")
        assert not came.endswith(b"0\r\n\r\n")


async def test_a_reader_that_reads_stays_for_as_long_as_it_likes(stage: Stage) -> None:
    async with _deaf(stage) as reader:
        for _ in range(5):
            await _read(reader, until=b"\n\n\r\n")
            stage.clock.advance(30.0)
            await stage.change()
        assert stage.open == 1


async def test_a_reader_that_makes_no_room_costs_one_event_and_a_small_socket(stage: Stage) -> None:
    async with _deaf(stage):
        await stage.until_open(1)
        for _ in range(50):
            await stage.change()
        [transport] = stage.transports
        assert 0 < transport.get_write_buffer_size() < _LARGE + 1_000
        held = transport.get_extra_info("socket")
        with socket.socket(fileno=socket.dup(held.fileno())) as same:
            assert same.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 64 * 1024


class TestPlaces:
    """All places are taken by readers that nothing is known of."""

    @pytest.fixture
    async def readers(
        self, gateway: server.Gateway, client: gateway_client.Client
    ) -> AsyncIterator[list[raw_connections.Wire]]:
        async with contextlib.AsyncExitStack() as stack:
            opened = []
            for number in range(event_stream.MAX_STREAMS):
                wire = await stack.enter_async_context(raw_connections.connected(gateway.web_port))
                await wire.send(_ASKED)
                await client.sees("tidegate_event_streams", number + 1)
                opened.append(wire)
            yield opened

    async def test_they_are_theirs_for_a_while_and_then_the_oldest_one_makes_room(
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
            await newest.send(_ASKED)
            assert (await newest.line()).startswith(b"HTTP/1.1 200")
            assert (await readers[0].rest()).endswith(b"0\r\n\r\n")
            assert await client.value("tidegate_event_streams") == event_stream.MAX_STREAMS
            await client.put("job/x", "x 1\n")
            for wire in (*readers[1:], newest):
                while b'"live": 1' not in await wire.line():
                    pass
