"""HTTP clients without a library: the gateway accepts their requests, or reports the error in them."""

from __future__ import annotations

import logging

import pytest

from tests.support.gateway import gateway_client, raw_connections
from tidegate.gateway import server

BOTH_LOOPS = True

_HEAD = b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


async def _half_closed(port: int, sent: bytes) -> bytes:
    """Send the bytes, close the sending direction as ``nc -N`` does, and return all data that arrives."""
    async with raw_connections.connected(port) as wire:
        await wire.send(sent)
        wire.close_sending()
        return await wire.rest()


async def test_job_names_may_contain_a_hash(gateway: server.Gateway, client: gateway_client.Client) -> None:
    for job in (b"worker", b"worker#1", b"worker#2"):
        await raw_connections.exchange(gateway.web_port, _last(b"PUT", b"/metrics/job/" + job))
    response = await raw_connections.exchange(gateway.web_port, _last(b"DELETE", b"/metrics/job/worker#1"))
    assert response.startswith(b"HTTP/1.1 202 ")
    assert sorted(line.partition('job="')[2].partition('"')[0] for line in await client.pushed()) == [
        "worker",
        "worker#2",
    ]


async def test_redirect_keeps_a_hash(gateway: server.Gateway) -> None:
    response = await raw_connections.exchange(gateway.web_port, _last(b"PUT", b"/metrics//job/x#y?a=#"))
    assert b"\r\nLocation: /metrics/job/x%23y?a=%23\r\n" in response


@pytest.mark.parametrize(
    "sent",
    [raw_connections.PUSH, raw_connections.PUSH + raw_connections.PUSH, raw_connections.PUSH.replace(b"\r\n", b"\n")],
)
async def test_client_that_closes_its_sending_side_gets_its_responses(
    gateway: server.Gateway, client: gateway_client.Client, sent: bytes
) -> None:
    response = await _half_closed(gateway.web_port, sent)
    assert response.count(b"HTTP/1.1 200 ") == sent.count(b"PUT")
    # From Python 3.12 on, the handler may respond before the gateway reads the end of the data.
    assert response.count(b"Connection: close") <= 1
    assert len(await client.pushed()) == 1


async def test_incomplete_body_is_rejected_with_400(gateway: server.Gateway, client: gateway_client.Client) -> None:
    response = await _half_closed(gateway.web_port, raw_connections.PUSH[:-1])
    assert response.startswith(b"HTTP/1.1 400 ")
    assert b"before the end of the body" in response
    assert await client.pushed() == []


async def test_incomplete_head_is_rejected_with_400(gateway: server.Gateway) -> None:
    response = await _half_closed(gateway.web_port, raw_connections.PUSH[:20])
    assert response.startswith(b"HTTP/1.1 400 ")
    assert b"before the end of the request's headers" in response


async def test_client_that_closes_without_a_request_gets_no_response(gateway: server.Gateway) -> None:
    assert await _half_closed(gateway.web_port, b"") == b""


async def test_push_with_a_zero_byte_after_its_body_is_accepted(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(_HEAD)
        # The response to another client shows that the gateway has read the head.
        await client.exposition()
        await wire.send(b"m 1\n\0")
        response = await wire.rest()
    assert response.count(b"HTTP/1.1") == 1
    assert b"HTTP/1.1 200 " in response
    assert b"Connection: close" in response
    assert len(await client.pushed()) == 1


async def test_complete_requests_before_a_malformed_one_get_their_responses(gateway: server.Gateway) -> None:
    malformed = b"PUT /metrics/job/y HTTP/1.1\r\nno header\r\n\r\n"
    response = await raw_connections.exchange(gateway.web_port, raw_connections.PUSH + raw_connections.PUSH + malformed)
    assert [part[2:5] for part in response.split(b"HTTP/1.")[1:]] == [b"200", b"200", b"400"]


async def test_many_pipelined_requests_all_get_their_responses(gateway: server.Gateway) -> None:
    response = await raw_connections.exchange(
        gateway.web_port, raw_connections.PUSH * 100 + _last(b"PUT", b"/metrics/job/y") + b"\0"
    )
    assert response.count(b"HTTP/1.1 200 ") == 101


@pytest.mark.parametrize(
    ("sent", "status", "expected"),
    [
        (b"PUT /metrics/job/x y HTTP/1.1\r\nHost: x\r\n\r\n", 400, b"write a space in the path as %20"),
        (b"PUT /metrics/job/x  HTTP/1.1\r\nHost: x\r\n\r\n", 400, b"write a space in the path as %20"),
        (b"put /metrics/job/x HTTP/1.1\r\nHost: x\r\n\r\n", 400, b"a method in capital letters, such as PUT"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, b"use http://"),
        (b"PUT metrics/job/x HTTP/1.1\r\nHost: x\r\n\r\n", 400, b"a path that begins with /"),
        (b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\n\r\nm 1\n", 400, b"send the body's length"),
        (b"GET /metrics/job/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405, b"use DELETE, POST or PUT"),
        (b"PUT /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405, b"at /metrics: use GET or HEAD"),
        (b"PUT /metrics/job/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, b"job name is required"),
        (b"PUT /metrics/job HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, b"/metrics/job/<job>"),
        (b"PUT /job/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, b"push to /metrics/job/<job>"),
    ],
)
async def test_error_message_names_the_fix(gateway: server.Gateway, sent: bytes, status: int, expected: bytes) -> None:
    response = await raw_connections.exchange(gateway.web_port, sent)
    assert response.startswith(b"HTTP/1.1 %d " % status)
    assert expected in response


async def test_log_has_the_path_as_sent(gateway: server.Gateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "tidegate.gateway.http.request_handler")
    await raw_connections.exchange(gateway.web_port, _last(b"PUT", b"/metrics/job/a%2Fb/no-name/c?d=%65"))
    assert "PUT /metrics/job/a%2Fb/no-name/c?d=%65 from" in caplog.text


@pytest.mark.parametrize("expectation", [b"", b"100-Continue", b"100-CONTINUE", b"x, 100-continue"])
async def test_expectation_is_case_insensitive(gateway: server.Gateway, expectation: bytes) -> None:
    sent = _last(b"PUT", b"/metrics/job/x", b"Expect: " + expectation)
    response = await raw_connections.exchange(gateway.web_port, sent)
    assert response.endswith(b"\r\n\r\n")
    assert response.count(b"HTTP/1.1 100 ") == (1 if expectation else 0)
    assert response.count(b"HTTP/1.1 200 ") == 1


def _last(method: bytes, target: bytes, *lines: bytes) -> bytes:
    head = [method + b" " + target + b" HTTP/1.1", b"Host: x", b"Content-Length: 4", b"Connection: close", *lines]
    return b"\r\n".join(head) + b"\r\n\r\nm 1\n"
