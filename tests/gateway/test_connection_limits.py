"""More connections than there is room for: those that do nothing make room for those that do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.gateway import gateway_client, raw_connections
from tidegate import settings
from tidegate.gateway import server
from tidegate.gateway.http import request_handler, router

_CONNECTIONS = 5
_REFUSED = 'tidegate_requests_refused_total{limit="connections"}'


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    return settings.LimitSettings(connections=_CONNECTIONS)


@contextlib.asynccontextmanager
async def _crowd(gateway: server.Gateway) -> AsyncIterator[list[raw_connections.Wire]]:
    """As many connections as there may be."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(raw_connections.connected(gateway.web_port)) for _ in range(_CONNECTIONS)
        ]


async def _works(wire: raw_connections.Wire) -> bool:
    await wire.send(raw_connections.PUSH)
    return (await wire.answer()).startswith(b"HTTP/1.1 200 ")


async def test_the_oldest_that_never_asked_makes_room(gateway: server.Gateway) -> None:
    async with _crowd(gateway) as crowd:
        assert await _works(crowd[0])
        await crowd[1].send(raw_connections.PUSH_HEAD[:20])
        async with raw_connections.connected(gateway.web_port) as newest:
            assert await _works(newest)
            assert await crowd[1].rest() == b""
            assert await _works(crowd[0])
            assert await _works(crowd[2])


async def test_where_all_have_asked_the_oldest_idle_one_makes_room(gateway: server.Gateway) -> None:
    async with _crowd(gateway) as crowd:
        for wire in crowd:
            assert await _works(wire)
        await _begin(crowd[0])
        async with raw_connections.connected(gateway.web_port) as newest:
            assert await _works(newest)
            assert await crowd[1].rest() == b""
            await crowd[0].send(b"m 1\n")
            assert (await crowd[0].answer()).startswith(b"HTTP/1.1 200 ")


async def test_every_connection_that_makes_room_is_counted(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    async with _crowd(gateway) as crowd:
        for wire in crowd:
            assert await _works(wire)
        assert await client.value(_REFUSED) == 1


async def test_where_all_wait_for_a_body_the_oldest_makes_room(gateway: server.Gateway) -> None:
    async with _crowd(gateway) as crowd:
        for wire in crowd:
            await _begin(wire)
        async with raw_connections.connected(gateway.web_port) as newest:
            assert await _works(newest)
            assert await crowd[0].rest() == b""
            for wire in crowd[1:]:
                await wire.send(b"m 1\n")
                assert (await wire.answer()).startswith(b"HTTP/1.1 200 ")


async def test_where_answers_are_due_to_all_the_newest_is_told_so(limit_settings: settings.LimitSettings) -> None:
    asked, answer = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_: web.BaseRequest) -> web.Response:
        asked.release()
        await answer.wait()
        return web.Response()

    found = router.Routes()
    found.add("/slow", "slow", {"GET": slow})
    async with (
        _listening(request_handler.RequestHandler(found, limit_settings=limit_settings, idle_timeout=60.0)) as port,
        contextlib.AsyncExitStack() as stack,
    ):
        crowd = [await stack.enter_async_context(raw_connections.connected(port)) for _ in range(_CONNECTIONS)]
        for wire in crowd:
            await wire.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            await asked.acquire()
        refused = await raw_connections.exchange(port, raw_connections.PUSH)
        assert refused.startswith(b"HTTP/1.1 429 ")
        assert b"all connections are in use (limit 5)" in refused
        assert b"--limit.connections" in refused
        answer.set()
        for wire in crowd:
            assert (await wire.answer()).startswith(b"HTTP/1.1 200 ")


@contextlib.asynccontextmanager
async def _listening(front: request_handler.RequestHandler) -> AsyncIterator[int]:
    """The port on which this is served."""
    serving = await asyncio.get_running_loop().create_server(front.server, gateway_client.HOST, 0)
    try:
        yield serving.sockets[0].getsockname()[1]
    finally:
        serving.close()
        await front.server.shutdown(1.0)


async def _begin(wire: raw_connections.Wire) -> None:
    """Send the head of a push, and see that the gateway waits for the body."""
    await wire.send(raw_connections.PUSH_HEAD[:-2] + b"Expect: 100-continue\r\n\r\n")
    assert (await wire.answer()).startswith(b"HTTP/1.1 100 ")
