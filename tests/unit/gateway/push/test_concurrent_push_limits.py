"""Above the limit of concurrent pushes, or of their bytes, a stalled push is rejected in favor of a new one."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import AsyncIterator

import pytest

from tests.support.gateway import gateway_client, raw_connections
from tidegate import settings
from tidegate.gateway import server

_PUSHES = 4
_BODY = 100_000


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    return settings.LimitSettings(requests=_PUSHES, body=_BODY, unpacked_body=_BODY, bodies=2 * _BODY)


@contextlib.asynccontextmanager
async def _half_sent(
    gateway: server.Gateway, client: gateway_client.Client, number: int, *, size: int
) -> AsyncIterator[list[raw_connections.Wire]]:
    """Start this many pushes in a row, each with half of its body read and the last byte not yet sent."""
    async with contextlib.AsyncExitStack() as stack:
        pushes = []
        for job in range(number):
            pushes.append(await stack.enter_async_context(raw_connections.connected(gateway.web_port)))
            head = f"PUT /metrics/job/{job} HTTP/1.1\r\nHost: x\r\nContent-Length: {size + 4}\r\n\r\n"
            await pushes[-1].send(head.encode() + b"m 1\n" + b"#" * (size - 1))
            # The response to another client shows that the gateway has read these bytes.
            await client.exposition()
        yield pushes


async def _finish(wire: raw_connections.Wire) -> bytes:
    await wire.send(b"\n")
    return await wire.line()


@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_push_waiting_longest_for_its_body_is_rejected_in_favor_of_a_new_one(
    gateway: server.Gateway, client: gateway_client.Client, coding: str
) -> None:
    async with _half_sent(gateway, client, _PUSHES, size=1) as pushes:
        body = gzip.compress(b"m 1\n") if coding == "gzip" else b"m 1\n"
        response = await client.send("PUT", "/metrics/job/new", body, headers={"Content-Encoding": coding})
        assert response.status == 200
        assert (await pushes[0].line()).startswith(b"HTTP/1.1 429 ")
        assert [await _finish(push) for push in pushes[1:]] == [b"HTTP/1.1 200 OK\r\n"] * 3
    assert await client.value('tidegate_requests_refused_total{limit="requests"}') == 1
    assert {line.partition('job="')[2] for line in await client.pushed()} == {'1"} 1', '2"} 1', '3"} 1', 'new"} 1'}


async def test_body_waiting_longest_for_its_remainder_is_rejected_in_favor_of_a_new_one(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    async with _half_sent(gateway, client, 3, size=_BODY * 3 // 5) as pushes:
        body = gzip.compress(b"m 1\n" + b"#" * (_BODY // 2) + b"\n")
        response = await client.send("PUT", "/metrics/job/new", body, headers={"Content-Encoding": "gzip"})
        assert response.status == 200
        assert (await pushes[0].line()).startswith(b"HTTP/1.1 429 ")
        assert [await _finish(push) for push in pushes[1:]] == [b"HTTP/1.1 200 OK\r\n"] * 2
    assert await client.value('tidegate_requests_refused_total{limit="bodies"}') == 1


async def test_finished_pushes_free_their_bytes(client: gateway_client.Client) -> None:
    large = b"m 1\n" + b"#" * (_BODY - 5) + b"\n"
    for _ in range(20):
        for coding, body in (("identity", large), ("gzip", gzip.compress(large)), ("gzip", b"damaged")):
            response = await client.send("PUT", "/metrics/job/x", body, headers={"Content-Encoding": coding})
            assert response.status == (400 if body == b"damaged" else 200)
    assert await client.value('tidegate_requests_refused_total{limit="bodies"}') == 0
    assert await client.value('tidegate_requests_refused_total{limit="requests"}') == 0
