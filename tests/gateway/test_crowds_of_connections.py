"""More connections than there is room for: those that do nothing make room for those that do."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.gateway import clients, wires
from tidegate import settings
from tidegate.gateway import servers

_CONNECTIONS = 5
_REFUSED = 'tidegate_requests_refused_total{limit="connections"}'


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    return settings.LimitSettings(connections=_CONNECTIONS)


@contextlib.asynccontextmanager
async def _crowd(gateway: servers.Gateway) -> AsyncIterator[list[wires.Wire]]:
    """As many connections as there may be."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(wires.connected(gateway.web_port)) for _ in range(_CONNECTIONS)]


async def _works(wire: wires.Wire) -> bool:
    await wire.send(wires.PUSH)
    return (await wire.answer()).startswith(b"HTTP/1.1 200 ")


async def test_the_oldest_that_never_asked_makes_room(gateway: servers.Gateway) -> None:
    async with _crowd(gateway) as crowd:
        assert await _works(crowd[0])
        await crowd[1].send(wires.PUSH_HEAD[:20])
        async with wires.connected(gateway.web_port) as newest:
            assert await _works(newest)
            assert await crowd[1].rest() == b""
            assert await _works(crowd[0])
            assert await _works(crowd[2])


async def test_where_all_have_asked_the_oldest_idle_one_makes_room(gateway: servers.Gateway) -> None:
    async with _crowd(gateway) as crowd:
        for wire in crowd:
            assert await _works(wire)
        await _begin(crowd[0])
        async with wires.connected(gateway.web_port) as newest:
            assert await _works(newest)
            assert await crowd[1].rest() == b""
            await crowd[0].send(b"m 1\n")
            assert (await crowd[0].answer()).startswith(b"HTTP/1.1 200 ")


async def test_every_connection_that_makes_room_is_counted(gateway: servers.Gateway, client: clients.Client) -> None:
    async with _crowd(gateway) as crowd:
        for wire in crowd:
            assert await _works(wire)
        assert await client.value(_REFUSED) == 1


async def test_where_all_wait_for_a_body_the_oldest_makes_room(gateway: servers.Gateway) -> None:
    async with _crowd(gateway) as crowd:
        for wire in crowd:
            await _begin(wire)
        async with wires.connected(gateway.web_port) as newest:
            assert await _works(newest)
            assert await crowd[0].rest() == b""
            for wire in crowd[1:]:
                await wire.send(b"m 1\n")
                assert (await wire.answer()).startswith(b"HTTP/1.1 200 ")


async def test_where_answers_are_due_to_all_the_newest_is_told_so(
    gateway: servers.Gateway, client: clients.Client
) -> None:
    changes = await client.changes()
    waiting = (
        f"GET /control/v1/groups?epoch={changes.epoch}&since={changes.revision}&wait=30 HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(_CONNECTIONS):
            wire = await stack.enter_async_context(wires.connected(gateway.control_port))
            await wire.send(asking)
            assert (await wire.answer()).startswith(b"HTTP/1.1 404 ")
        answer = await wires.exchange(gateway.control_port, wires.PUSH)
    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"5 connections are in use" in answer
    assert b"--limit.connections" in answer


async def _begin(wire: wires.Wire) -> None:
    """Send the head of a push, and see that the gateway waits for the body."""
    await wire.send(wires.PUSH_HEAD[:-2] + b"Expect: 100-continue\r\n\r\n")
    assert (await wire.answer()).startswith(b"HTTP/1.1 100 ")
