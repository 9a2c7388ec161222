"""Responses to pushes as they are sent, and the state of the connection after them."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.gateway import gateway_client, raw_connections
from tidegate import settings
from tidegate.gateway import server

BODY = b"m 1\n"


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    """Limits that are low enough for a larger body to arrive in one piece."""
    return settings.LimitSettings(body=1_000, unpacked_body=1_000)


def _push(*lines: bytes, version: bytes = b"1.1") -> bytes:
    head = [b"PUT /metrics/job/x HTTP/" + version, b"Host: x", b"Content-Length: %d" % len(BODY), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + BODY


_LAST = _push(b"Connection: close")


async def test_pipelined_pushes_get_their_responses_in_order(gateway: server.Gateway) -> None:
    response = await raw_connections.exchange(gateway.web_port, _push() + _push() + _LAST)
    assert response.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert response.count(b"\r\nContent-Length: 0\r\n") == 3
    assert response.count(b"\r\nDate: ") == 3
    assert response.count(b"Connection: close\r\n") == 1


@pytest.mark.parametrize(
    ("sent", "status", "expected"),
    [
        pytest.param(_LAST, b"HTTP/1.1 200 OK", b"Connection: close", id="asked to close"),
        pytest.param(_push(version=b"1.0"), b"HTTP/1.0 200 OK", b"Content-Length: 0", id="an old client"),
        pytest.param(
            _push(b"Connection: keep-alive", version=b"1.0") + _push(version=b"1.0"),
            b"HTTP/1.0 200 OK",
            b"Connection: keep-alive",
            id="an old client that keeps the connection",
        ),
    ],
)
async def test_client_that_does_not_keep_the_connection_gets_its_response(
    gateway: server.Gateway, sent: bytes, status: bytes, expected: bytes
) -> None:
    response = await raw_connections.exchange(gateway.web_port, sent)
    assert response.startswith(status + b"\r\n")
    assert expected in response


async def test_client_that_expects_100_continue_gets_it(gateway: server.Gateway) -> None:
    response = await raw_connections.exchange(gateway.web_port, _push(b"Expect: 100-continue", b"Connection: close"))
    assert response.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


async def test_unknown_expectation_is_rejected_with_417(gateway: server.Gateway) -> None:
    response = await raw_connections.exchange(gateway.web_port, _push(b"Expect: miracles", b"Connection: close"))
    assert response.startswith(b"HTTP/1.1 417 ")


async def test_body_may_arrive_in_several_pieces(gateway: server.Gateway) -> None:
    reader, writer = await asyncio.open_connection(gateway_client.HOST, gateway.web_port)
    try:
        for piece in (_LAST[:10], _LAST[10:-2], _LAST[-2:]):
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(60):
            assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("chunked", [False, True], ids=["of a known length", "in chunks"])
async def test_body_over_the_limit_is_rejected_although_it_arrived_in_one_piece(
    gateway: server.Gateway, chunked: bool
) -> None:
    body = b"#" * 1_000 + b"\n"
    coding = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    head = b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%b\r\n\r\n" % coding
    assert (await raw_connections.exchange(gateway.web_port, head + sent)).startswith(b"HTTP/1.1 413 ")
