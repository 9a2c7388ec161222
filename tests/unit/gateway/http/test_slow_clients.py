"""A slow client gets an error and is disconnected; other clients are not affected."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.gateway import gateway_client, raw_connections
from tidegate import settings
from tidegate.gateway import server
from tidegate.model import limits

_HEAD = b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    return settings.LimitSettings(head_timeout=0.5, body_timeout=0.5)


async def _drip(wire: raw_connections.Wire, data: bytes) -> bytes:
    """Send these bytes one by one, and return the status line of the response that arrives meanwhile."""

    async def send_slowly() -> None:
        for byte in data:
            await wire.send(bytes([byte]))
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(send_slowly())
    try:
        return await wire.line()
    finally:
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)


async def test_slow_head_gets_408(gateway: server.Gateway, client: gateway_client.Client) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        response = await _drip(wire, _HEAD + b"X: " + b"x" * 2_000)
    assert response.startswith(b"HTTP/1.1 408 ")
    await client.sees(_rejections(limits.Limit.HEAD_TIMEOUT), 1)


async def test_slow_second_head_gets_408(gateway: server.Gateway) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(raw_connections.PUSH)
        assert (await wire.response_head()).startswith(b"HTTP/1.1 200 ")
        response = await _drip(wire, _HEAD + b"X: " + b"x" * 2_000)
    assert response.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(raw_connections.PUSH + _HEAD, b"", id="behind a request"),
        pytest.param(raw_connections.PUSH_HEAD, b"m 1\n" + _HEAD, id="behind the rest of a body"),
    ],
)
async def test_partial_head_in_the_segment_of_another_request_gets_408(
    gateway: server.Gateway, first: bytes, then: bytes
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(first)
        async with raw_connections.connected(gateway.web_port) as other:
            await other.send(raw_connections.PUSH)
            await other.response_head()
        await wire.send(then)
        assert (await wire.response_head()).startswith(b"HTTP/1.1 200 ")
        assert (await wire.line()).startswith(b"HTTP/1.1 408 ")


async def test_connection_without_a_request_is_closed_after_the_head_timeout(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        assert await wire.rest() == b""
    await client.sees(_rejections(limits.Limit.HEAD_TIMEOUT), 1)


async def test_idle_connection_stays_open_after_its_first_request(gateway: server.Gateway) -> None:
    async with (
        raw_connections.connected(gateway.web_port) as idle,
        raw_connections.connected(gateway.web_port) as silent,
    ):
        await idle.send(raw_connections.PUSH)
        assert (await idle.response_head()).startswith(b"HTTP/1.1 200 ")
        # It is closed after a timeout that would have closed the idle connection.
        await silent.rest()
        async with raw_connections.connected(gateway.web_port) as later:
            await later.rest()
        await idle.send(raw_connections.PUSH)
        assert (await idle.response_head()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(b"Content-Length: 5000\r\n\r\n", id="of a known length"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n1388;", id="in an endless chunk head"),
    ],
)
async def test_slow_body_gets_408_and_changes_nothing(
    gateway: server.Gateway, client: gateway_client.Client, lines: bytes
) -> None:
    await client.put("job/x", "kept 1\n")
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(_HEAD + lines)
        response = await _drip(wire, b"x" * 4_000)
    assert response.startswith(b"HTTP/1.1 408 ")
    await client.sees(_rejections(limits.Limit.BODY_TIMEOUT), 1)
    assert await client.pushed() == ['kept{instance="",job="x"} 1']


async def test_disconnect_within_a_body_changes_nothing(gateway: server.Gateway, client: gateway_client.Client) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(raw_connections.PUSH_HEAD + b"m ")
        await client.exposition()
    await client.sees('tidegate_http_requests_total{handler="group",code="400"}', 1)
    assert await client.pushed() == []


def _rejections(limit: limits.Limit) -> str:
    return f'tidegate_requests_refused_total{{limit="{limit.label}"}}'
