"""Bytes after a request on the same connection are read in exactly one way, or not at all."""

from __future__ import annotations

import contextlib

import pytest

from tests.support.gateway import gateway_client, raw_connections, raw_pushes
from tidegate.gateway import server

_COMPLETE = [
    pytest.param(raw_pushes.put(raw_pushes.LENGTH), id="a length"),
    pytest.param(raw_pushes.put(raw_pushes.CHUNKED, body=raw_pushes.CHUNKS), id="chunks"),
    pytest.param(raw_pushes.put(b"Content-Length: 0", body=b"") + raw_pushes.put(raw_pushes.LENGTH), id="two"),
    pytest.param(b"\r\n\r\n" + raw_pushes.put(raw_pushes.LENGTH), id="empty lines before"),
]


@pytest.mark.parametrize("sent", _COMPLETE)
async def test_two_blanks_before_the_target_are_rejected_after_another_request(
    gateway: server.Gateway, client: gateway_client.Client, sent: bytes
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(sent)
        await wire.response_head()
        await wire.send(raw_pushes.put(raw_pushes.LENGTH, target=b" /metrics/job/y"))
        assert b" 400 " in await wire.rest()
    assert [line.partition('job="')[2][0] for line in await client.pushed()] == ["x"]


async def test_two_blanks_before_the_target_are_rejected_in_the_segment_of_another_request(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    response = await raw_connections.exchange(
        gateway.web_port,
        raw_pushes.put(raw_pushes.LENGTH)
        + raw_pushes.put(raw_pushes.LENGTH, target=b" /metrics/job/y")
        + raw_pushes.SMUGGLED,
    )
    assert [status.split()[1] for status in raw_pushes.STATUS.findall(response)] == [b"200", b"400"]
    assert [line.partition('job="')[2][0] for line in await client.pushed()] == ["x"]


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
async def test_bytes_after_an_upgrade_request_are_ignored(
    gateway: server.Gateway, client: gateway_client.Client, protocol: bytes
) -> None:
    offer = raw_pushes.put(raw_pushes.LENGTH, b"Connection: upgrade", b"Upgrade: " + protocol)
    response = await raw_connections.exchange(gateway.web_port, offer + raw_pushes.SMUGGLED)
    assert response.count(b"HTTP/1.1 200 ") == 1
    assert b"\r\nConnection: close\r\n" in response
    assert [line.partition('job="')[2][0] for line in await client.pushed()] == ["x"]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(b"", id="without a length"),
        pytest.param(b"Content-Length: %d\r\n" % len(raw_pushes.SMUGGLED), id="with a length"),
        pytest.param(b"Transfer-Encoding: chunked\r\n", id="in chunks"),
    ],
)
async def test_bytes_after_a_connect_are_ignored(
    gateway: server.Gateway, client: gateway_client.Client, lines: bytes
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n")
        assert b"\r\nConnection: close\r\n" in await wire.response_head()
        with contextlib.suppress(ConnectionError):
            await wire.send(raw_pushes.SMUGGLED)
        assert raw_pushes.STATUS.findall(await wire.rest()) == []
    assert await client.pushed() == []


@pytest.mark.parametrize("count", [31, 32, 33, 64])
async def test_malformed_request_is_rejected_after_any_number_of_requests(gateway: server.Gateway, count: int) -> None:
    response = await raw_connections.exchange(
        gateway.web_port, raw_pushes.put(raw_pushes.LENGTH) * count + b"PUT / HTTP/3\r\n\r\n"
    )
    assert [status.split()[1] for status in raw_pushes.STATUS.findall(response)] == [b"200"] * count + [b"400"]


async def test_head_with_line_feeds_is_read_the_same_however_it_is_split(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    sent = raw_pushes.with_line_feeds(raw_pushes.put(raw_pushes.LENGTH)) + raw_pushes.SMUGGLED
    for place in range(1, len(raw_pushes.with_line_feeds(raw_pushes.put(raw_pushes.LENGTH)))):
        async with raw_connections.connected(gateway.web_port) as wire:
            await wire.send(sent[:place])
            # The response to another client shows that the gateway has read the first part.
            await client.send("GET", "/-/healthy")
            await wire.send(sent[place:])
            response = await wire.rest()
        assert response.count(b"HTTP/1.1 200 ") == 1, sent[:place]
    assert [line.partition('job="')[2][0] for line in await client.pushed()] == ["x"]


async def test_part_of_a_head_after_another_request_is_not_read_as_a_complete_head(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(raw_pushes.put(raw_pushes.LENGTH) + b"GET /nowhere HTTP/1.1\r\nX: ")
        await wire.response_head()
        await wire.send(raw_pushes.with_line_feeds(raw_pushes.SMUGGLED))
        response = await wire.rest()
    assert b" 200 " not in response
    assert [line.partition('job="')[2][0] for line in await client.pushed()] == ["x"]


async def test_http_1_0_client_gets_its_response_and_the_connection_is_closed(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    response = await raw_connections.exchange(
        gateway.web_port, raw_pushes.put(raw_pushes.LENGTH, version=b"1.0", host=False)
    )
    assert response.startswith(b"HTTP/1.0 200 ")
    assert len(await client.pushed()) == 1


async def test_upgrade_request_gets_an_http_1_1_response(gateway: server.Gateway) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(raw_pushes.put(raw_pushes.LENGTH, b"Connection: upgrade", b"Upgrade: h2c"))
        assert (await wire.response_head()).startswith(b"HTTP/1.1 200 ")
        await wire.send(raw_pushes.LAST)
        assert (await wire.rest()).startswith(b"HTTP/1.1 404 ")


async def test_body_that_becomes_malformed_is_rejected_once(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(raw_pushes.put(raw_pushes.CHUNKED, body=b"4\r\nm 1\n\r\n"))
        # The response to another client shows that the gateway has read the first part.
        await client.exposition()
        await wire.send(b"no chunk\r\n" + raw_pushes.SMUGGLED)
        response = await wire.rest()
    assert response.count(b"HTTP/1.") == 1
    assert response.startswith(b"HTTP/1.1 400 ")
    assert await client.pushed() == []
