"""A request over a limit is rejected with the name of the limit, is counted, and changes nothing."""

from __future__ import annotations

import contextlib
import gzip

import cramjam
import pytest

from tests.support.gateway import gateway_client, raw_connections
from tidegate import settings
from tidegate.gateway import server
from tidegate.model import limits

BODY_BYTES = 1_000
HEAD_BYTES = 2_000
STORED = ['kept{instance="",job="x"} 1']


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    return settings.LimitSettings(body=BODY_BYTES, unpacked_body=BODY_BYTES, request_head=HEAD_BYTES)


async def _rejections(client: gateway_client.Client, limit: limits.Limit) -> float | None:
    return await client.value(f'tidegate_requests_refused_total{{limit="{limit.label}"}}')


async def test_counter_of_every_limit_starts_at_zero(client: gateway_client.Client) -> None:
    for limit in limits.Limit:
        assert await _rejections(client, limit) == 0


def _snappy(size: int) -> bytes:
    return bytes(cramjam.snappy.compress(b"\n" * size))


@pytest.mark.parametrize(
    ("coding", "body", "limit"),
    [
        pytest.param("identity", b"#" * BODY_BYTES + b"\n", limits.Limit.BODY, id="as sent"),
        pytest.param("gzip", gzip.compress(b"\n" * (BODY_BYTES + 1)), limits.Limit.UNPACKED_BODY, id="gzip"),
        pytest.param("snappy", _snappy(BODY_BYTES + 1), limits.Limit.UNPACKED_BODY, id="snappy"),
        pytest.param("snappy", _snappy(20_000), limits.Limit.UNPACKED_BODY, id="more snappy"),
    ],
)
async def test_body_over_a_limit_is_rejected_with_its_flag_and_changes_nothing(
    client: gateway_client.Client, coding: str, body: bytes, limit: limits.Limit
) -> None:
    await client.put("job/x", "kept 1\n")
    response = await client.send("PUT", "/metrics/job/x", body, headers={"Content-Encoding": coding})
    assert (response.status, str(BODY_BYTES) in response.text) == (413, True)
    assert f"--limit.{limit.label.replace('_', '-')}" in response.text
    assert await _rejections(client, limit) == 1
    assert await client.pushed() == STORED


@pytest.mark.parametrize("coding", ["identity", "gzip", "snappy"])
async def test_body_as_large_as_the_limit_is_accepted(client: gateway_client.Client, coding: str) -> None:
    body = b"m 1\n" + b"\n" * (BODY_BYTES - 4)
    packed = {"identity": body, "gzip": gzip.compress(body), "snappy": bytes(cramjam.snappy.compress(body))}[coding]
    response = await client.send("PUT", "/metrics/job/x", packed, headers={"Content-Encoding": coding})
    assert response.status == 200


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(b"Content-Length: 10000", id="with a declared length"),
        pytest.param(b"Content-Length: 10000\r\nExpect: 100-continue", id="with an expectation"),
        pytest.param(b"Content-Length: 18446744073709551615", id="with the longest length"),
    ],
)
async def test_body_with_a_declared_length_over_the_limit_is_rejected_before_it_arrives(
    gateway: server.Gateway, client: gateway_client.Client, lines: bytes
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n" % lines)
        response = await wire.response_head()
    assert response.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nConnection: close\r\n" in response
    assert await _rejections(client, limits.Limit.BODY) == 1


async def test_remainder_of_a_rejected_body_is_not_read_as_requests(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    within = raw_connections.PUSH * 200
    response = await raw_connections.exchange(
        gateway.web_port, b"PUT /metrics/job/y HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(within) + within
    )
    assert response.count(b"HTTP/1.1 ") == response.count(b"HTTP/1.1 413 ") == 1
    assert await client.pushed() == []


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(b"X: " + b"x" * HEAD_BYTES, b"2000 bytes", id="one long header"),
        pytest.param(b"\r\n".join([b"X: " + b"x" * 90] * 25), b"2000 bytes", id="many headers"),
        pytest.param(b"\r\n".join([b"X:"] * 200), b"128 headers", id="too many headers"),
    ],
)
@pytest.mark.parametrize("parts", [1, 7])
async def test_head_over_the_limit_is_rejected(
    gateway: server.Gateway, client: gateway_client.Client, head: bytes, expected: bytes, parts: int
) -> None:
    sent = raw_connections.PUSH_HEAD[:-2] + head + b"\r\n\r\nm 1\n"
    async with raw_connections.connected(gateway.web_port) as wire:
        step = len(sent) // parts + 1
        for at in range(0, len(sent), step):
            # The gateway may have closed the connection already.
            with contextlib.suppress(ConnectionError):
                await wire.send(sent[at : at + step])
            # The response to another client shows that the gateway has read this part.
            await client.send("GET", "/-/healthy")
        response = await wire.rest()
    assert response.split()[1] == b"431"
    assert expected in response
    assert await _rejections(client, limits.Limit.REQUEST_HEAD) == 1
    assert await client.pushed() == []


async def test_path_over_the_limit_is_rejected(gateway: server.Gateway) -> None:
    response = await raw_connections.exchange(
        gateway.web_port, raw_connections.PUSH.replace(b"/x", b"/" + b"x" * HEAD_BYTES)
    )
    assert response.split()[1] == b"431"


async def test_long_head_after_a_complete_request_is_rejected(gateway: server.Gateway) -> None:
    long = raw_connections.PUSH_HEAD[:-2] + b"\r\n".join([b"X: " + b"x" * 90] * 25) + b"\r\n\r\nm 1\n"
    response = await raw_connections.exchange(gateway.web_port, raw_connections.PUSH + long)
    assert [part[2:5] for part in response.split(b"HTTP/1.")[1:]] == [b"200", b"431"]


async def test_long_head_that_begins_in_the_segment_of_another_request_is_rejected(gateway: server.Gateway) -> None:
    long = raw_connections.PUSH_HEAD[:-2] + b"\r\n".join([b"X: " + b"x" * 90] * 25) + b"\r\n\r\nm 1\n"
    middle = len(long) // 2
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(raw_connections.PUSH + long[:middle])
        assert (await wire.response_head()).startswith(b"HTTP/1.1 200 ")
        await wire.send(long[middle:])
        assert (await wire.rest()).split()[1] == b"431"


async def test_head_in_parts_below_the_limit_is_accepted(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        for _ in range(3):
            for at in range(0, len(raw_connections.PUSH), 20):
                await wire.send(raw_connections.PUSH[at : at + 20])
            assert (await wire.response_head()).startswith(b"HTTP/1.1 200 ")
            # Some clients send an empty line after a body.
            await wire.send(b"\r\n")
    assert await _rejections(client, limits.Limit.REQUEST_HEAD) == 0
