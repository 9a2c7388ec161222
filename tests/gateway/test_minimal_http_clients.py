"""Clients that speak HTTP without a library for it: what they send is taken, or they are told what is wrong with it."""

from __future__ import annotations

import logging

import pytest

from tests.gateway import gateway_client, raw_connections
from tidegate.gateway import server

BOTH_LOOPS = True

_HEAD = b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


async def _half_closed(port: int, sent: bytes) -> bytes:
    """All that comes for this to a client that closes its own direction of the connection, as ``nc -N`` does."""
    async with raw_connections.connected(port) as wire:
        await wire.send(sent)
        wire.send_nothing_more()
        return await wire.rest()


async def test_groups_whose_names_differ_behind_a_hash_are_two(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    for job in (b"worker", b"worker#1", b"worker#2"):
        await raw_connections.exchange(gateway.web_port, _last(b"PUT", b"/metrics/job/" + job))
    answer = await raw_connections.exchange(gateway.web_port, _last(b"DELETE", b"/metrics/job/worker#1"))
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert sorted(line.partition('job="')[2].partition('"')[0] for line in await client.pushed()) == [
        "worker",
        "worker#2",
    ]


async def test_a_redirect_keeps_a_hash(gateway: server.Gateway) -> None:
    answer = await raw_connections.exchange(gateway.web_port, _last(b"PUT", b"/metrics//job/x#y?a=#"))
    assert b"\r\nLocation: /metrics/job/x%23y?a=%23\r\n" in answer


@pytest.mark.parametrize(
    "sent",
    [raw_connections.PUSH, raw_connections.PUSH + raw_connections.PUSH, raw_connections.PUSH.replace(b"\r\n", b"\n")],
)
async def test_who_sends_nothing_more_is_answered(
    gateway: server.Gateway, client: gateway_client.Client, sent: bytes
) -> None:
    answer = await _half_closed(gateway.web_port, sent)
    assert answer.count(b"HTTP/1.1 200 ") == sent.count(b"PUT")
    assert answer.count(b"Connection: close") == 1
    assert len(await client.pushed()) == 1


async def test_who_closes_within_a_body_is_told_so(gateway: server.Gateway, client: gateway_client.Client) -> None:
    answer = await _half_closed(gateway.web_port, raw_connections.PUSH[:-1])
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"before the end of the body" in answer
    assert await client.pushed() == []


async def test_who_closes_within_a_head_is_told_so(gateway: server.Gateway) -> None:
    answer = await _half_closed(gateway.web_port, raw_connections.PUSH[:20])
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"before the end of the request's headers" in answer


async def test_who_says_nothing_and_closes_is_not_answered(gateway: server.Gateway) -> None:
    assert await _half_closed(gateway.web_port, b"") == b""


async def test_a_body_in_a_piece_of_its_own_with_its_zero_byte_is_a_push(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(_HEAD)
        # The answer to a request of somebody else says that the head has been read.
        await client.exposition()
        await wire.send(b"m 1\n\0")
        answer = await wire.rest()
    assert answer.count(b"HTTP/1.1") == 1
    assert b"HTTP/1.1 200 " in answer
    assert b"Connection: close" in answer
    assert len(await client.pushed()) == 1


async def test_all_whole_requests_before_a_malformed_one_are_answered(gateway: server.Gateway) -> None:
    malformed = b"PUT /metrics/job/y HTTP/1.1\r\nno header\r\n\r\n"
    answer = await raw_connections.exchange(gateway.web_port, raw_connections.PUSH + raw_connections.PUSH + malformed)
    assert [part[2:5] for part in answer.split(b"HTTP/1.")[1:]] == [b"200", b"200", b"400"]


async def test_many_requests_at_once_are_all_answered(gateway: server.Gateway) -> None:
    answer = await raw_connections.exchange(
        gateway.web_port, raw_connections.PUSH * 100 + _last(b"PUT", b"/metrics/job/y") + b"\0"
    )
    assert answer.count(b"HTTP/1.1 200 ") == 101


@pytest.mark.parametrize(
    ("sent", "status", "said"),
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
async def test_a_refusal_says_what_to_do(gateway: server.Gateway, sent: bytes, status: int, said: bytes) -> None:
    answer = await raw_connections.exchange(gateway.web_port, sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert said in answer


async def test_the_log_has_the_path_as_it_was_sent(gateway: server.Gateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "tidegate.gateway.http.request_handler")
    await raw_connections.exchange(gateway.web_port, _last(b"PUT", b"/metrics/job/a%2Fb/no-name/c?d=%65"))
    assert "PUT /metrics/job/a%2Fb/no-name/c?d=%65 from" in caplog.text


@pytest.mark.parametrize("expected", [b"", b"100-Continue", b"100-CONTINUE", b"x, 100-continue"])
async def test_an_expectation_is_read_in_any_case(gateway: server.Gateway, expected: bytes) -> None:
    sent = _last(b"PUT", b"/metrics/job/x", b"Expect: " + expected)
    answer = await raw_connections.exchange(gateway.web_port, sent)
    assert answer.endswith(b"\r\n\r\n")
    assert answer.count(b"HTTP/1.1 100 ") == (1 if expected else 0)
    assert answer.count(b"HTTP/1.1 200 ") == 1


def _last(method: bytes, target: bytes, *lines: bytes) -> bytes:
    head = [method + b" " + target + b" HTTP/1.1", b"Host: x", b"Content-Length: 4", b"Connection: close", *lines]
    return b"\r\n".join(head) + b"\r\n\r\nm 1\n"
