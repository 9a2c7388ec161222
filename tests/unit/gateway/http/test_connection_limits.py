"""Above the limit of connections, an idle connection is closed in favor of a new one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.support.gateway import gateway_client, raw_connections
from tidegate import settings
from tidegate.gateway import server
from tidegate.gateway.http import request_handler, router

_CONNECTIONS = 5
_REJECTED = 'tidegate_requests_refused_total{limit="connections"}'


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    return settings.LimitSettings(connections=_CONNECTIONS)


@contextlib.asynccontextmanager
async def _crowd(gateway: server.Gateway) -> AsyncIterator[list[raw_connections.Wire]]:
    """Open as many connections as the limit allows."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(raw_connections.connected(gateway.web_port)) for _ in range(_CONNECTIONS)
        ]


async def _works(wire: raw_connections.Wire) -> bool:
    await wire.send(raw_connections.PUSH)
    return (await wire.response_head()).startswith(b"HTTP/1.1 200 ")


async def test_oldest_connection_without_a_request_is_closed_for_a_new_one(gateway: server.Gateway) -> None:
    async with _crowd(gateway) as crowd:
        assert await _works(crowd[0])
        await crowd[1].send(raw_connections.PUSH_HEAD[:20])
        async with raw_connections.connected(gateway.web_port) as newest:
            assert await _works(newest)
            assert await crowd[1].rest() == b""
            assert await _works(crowd[0])
            assert await _works(crowd[2])


async def test_oldest_idle_connection_is_closed_if_all_have_sent_requests(gateway: server.Gateway) -> None:
    async with _crowd(gateway) as crowd:
        for wire in crowd:
            assert await _works(wire)
        await _begin(crowd[0])
        async with raw_connections.connected(gateway.web_port) as newest:
            assert await _works(newest)
            assert await crowd[1].rest() == b""
            await crowd[0].send(b"m 1\n")
            assert (await crowd[0].response_head()).startswith(b"HTTP/1.1 200 ")


async def test_connections_closed_for_others_are_counted(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    async with _crowd(gateway) as crowd:
        for wire in crowd:
            assert await _works(wire)
        assert await client.value(_REJECTED) == 1


async def test_oldest_connection_is_closed_if_all_wait_for_a_body(gateway: server.Gateway) -> None:
    async with _crowd(gateway) as crowd:
        for wire in crowd:
            await _begin(wire)
        async with raw_connections.connected(gateway.web_port) as newest:
            assert await _works(newest)
            assert await crowd[0].rest() == b""
            for wire in crowd[1:]:
                await wire.send(b"m 1\n")
                assert (await wire.response_head()).startswith(b"HTTP/1.1 200 ")


async def test_new_connection_is_rejected_with_429_if_all_others_have_a_pending_response(
    limit_settings: settings.LimitSettings,
) -> None:
    requested, may_respond = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_: web.BaseRequest) -> web.Response:
        requested.release()
        await may_respond.wait()
        return web.Response()

    routes = router.Routes()
    routes.add("/slow", "slow", {"GET": slow})
    async with (
        _listening(request_handler.RequestHandler(routes, limit_settings=limit_settings, idle_timeout=60.0)) as port,
        contextlib.AsyncExitStack() as stack,
    ):
        crowd = [await stack.enter_async_context(raw_connections.connected(port)) for _ in range(_CONNECTIONS)]
        for wire in crowd:
            await wire.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            await requested.acquire()
        rejected = await raw_connections.exchange(port, raw_connections.PUSH)
        assert rejected.startswith(b"HTTP/1.1 429 ")
        assert b"all connections are in use (limit 5)" in rejected
        assert b"--limit.connections" in rejected
        may_respond.set()
        for wire in crowd:
            assert (await wire.response_head()).startswith(b"HTTP/1.1 200 ")


@contextlib.asynccontextmanager
async def _listening(handler: request_handler.RequestHandler) -> AsyncIterator[int]:
    """Serve this handler, and yield its port."""
    serving = await asyncio.get_running_loop().create_server(handler.server, gateway_client.HOST, 0)
    try:
        yield serving.sockets[0].getsockname()[1]
    finally:
        serving.close()
        await handler.server.shutdown(1.0)


async def _begin(wire: raw_connections.Wire) -> None:
    """Send the head of a push, and check that the gateway waits for the body."""
    await wire.send(raw_connections.PUSH_HEAD[:-2] + b"Expect: 100-continue\r\n\r\n")
    assert (await wire.response_head()).startswith(b"HTTP/1.1 100 ")
