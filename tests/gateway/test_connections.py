"""Answers to pushes as they are on the wire, and what becomes of the connection after them."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway import gateway_client, raw_connections
from tidegate import settings
from tidegate.gateway import server

BODY = b"m 1\n"


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    """So few bytes that a body over it comes at once."""
    return settings.LimitSettings(body=1_000, unpacked_body=1_000)


def _push(*lines: bytes, version: bytes = b"1.1") -> bytes:
    head = [b"PUT /metrics/job/x HTTP/" + version, b"Host: x", b"Content-Length: %d" % len(BODY), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + BODY


_LAST = _push(b"Connection: close")


async def test_pushes_on_one_connection_are_answered_one_after_the_other(gateway: server.Gateway) -> None:
    answer = await raw_connections.exchange(gateway.web_port, _push() + _push() + _LAST)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert answer.count(b"\r\nContent-Length: 0\r\n") == 3
    assert answer.count(b"\r\nDate: ") == 3
    assert answer.count(b"Connection: close\r\n") == 1


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        pytest.param(_LAST, b"HTTP/1.1 200 OK", b"Connection: close", id="asked to close"),
        pytest.param(_push(version=b"1.0"), b"HTTP/1.0 200 OK", b"Content-Length: 0", id="an old client"),
        pytest.param(
            _push(b"Connection: keep-alive", version=b"1.0") + _push(version=b"1.0"),
            b"HTTP/1.0 200 OK",
            b"Connection: keep-alive",
            id="an old client that goes on",
        ),
    ],
)
async def test_a_client_that_closes_is_answered_before(
    gateway: server.Gateway, sent: bytes, status: bytes, said: bytes
) -> None:
    answer = await raw_connections.exchange(gateway.web_port, sent)
    assert answer.startswith(status + b"\r\n")
    assert said in answer


async def test_a_client_that_asks_before_it_sends_is_told_to_go_on(gateway: server.Gateway) -> None:
    answer = await raw_connections.exchange(gateway.web_port, _push(b"Expect: 100-continue", b"Connection: close"))
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


async def test_an_expectation_that_nobody_knows_is_refused(gateway: server.Gateway) -> None:
    answer = await raw_connections.exchange(gateway.web_port, _push(b"Expect: miracles", b"Connection: close"))
    assert answer.startswith(b"HTTP/1.1 417 ")


async def test_a_body_that_comes_in_pieces_is_the_whole_body(gateway: server.Gateway) -> None:
    reader, writer = await asyncio.open_connection(gateway_client.HOST, gateway.web_port)
    try:
        for piece in (_LAST[:10], _LAST[10:-2], _LAST[-2:]):
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("chunked", [False, True], ids=["of a known length", "in chunks"])
async def test_a_body_over_the_limit_is_refused_though_it_came_at_once(gateway: server.Gateway, chunked: bool) -> None:
    body = b"#" * 1_000 + b"\n"
    coding = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    head = b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%b\r\n\r\n" % coding
    assert (await raw_connections.exchange(gateway.web_port, head + sent)).startswith(b"HTTP/1.1 413 ")
