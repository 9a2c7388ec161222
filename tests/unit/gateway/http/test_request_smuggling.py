"""Bytes that two parsers might read differently are rejected, or read in exactly one way.

Each attack carries a second push within or after the first. If the gateway read it as a separate request, there would
be a group ``smuggled``.
"""

from __future__ import annotations

import pytest

from tests.support.gateway import gateway_client, raw_connections, raw_pushes
from tidegate.gateway import server

_put, _with_line_feeds = raw_pushes.put, raw_pushes.with_line_feeds
_LENGTH, _CHUNKED, _CHUNKS, _INNER = raw_pushes.LENGTH, raw_pushes.CHUNKED, raw_pushes.CHUNKS, raw_pushes.SMUGGLED
_NO_CHUNK = b"0\r\n\r\n" + _INNER


def _case(name: str, sent: bytes) -> object:
    return pytest.param(sent, id=name)


@pytest.mark.parametrize(
    "sent",
    [
        _case("two equal lengths", _put(_LENGTH, _LENGTH)),
        _case("two lengths", _put(_LENGTH, b"Content-Length: %d" % (4 + len(_INNER)), body=b"m 1\n" + _INNER)),
        _case("a list of lengths", _put(b"Content-Length: 4, 4")),
        _case("a signed length", _put(b"Content-Length: +4")),
        _case("a negative length", _put(b"Content-Length: -4")),
        _case("a hexadecimal length", _put(b"Content-Length: 0x4")),
        _case("an empty length", _put(b"Content-Length:")),
        _case("a length beyond 64 bits", _put(b"Content-Length: 99999999999999999999999")),
        _case("the longest length of 64 bits", _put(b"Content-Length: 18446744073709551615", body=_INNER)),
        _case("a length, and chunks", _put(_LENGTH, _CHUNKED, body=_NO_CHUNK)),
        _case("chunks, and a length", _put(_CHUNKED, _LENGTH, body=_NO_CHUNK)),
        _case("a coding like chunked", _put(b"Transfer-Encoding: xchunked", body=_NO_CHUNK)),
        _case("chunked behind a control character", _put(b"Transfer-Encoding: \x0bchunked", body=_NO_CHUNK)),
        _case("chunked twice", _put(b"Transfer-Encoding: chunked, chunked", body=_NO_CHUNK)),
        _case("two codings", _put(_CHUNKED, b"Transfer-Encoding: identity", body=_NO_CHUNK)),
        _case("chunked, and another behind it", _put(b"Transfer-Encoding: chunked, gzip", body=_NO_CHUNK)),
        _case("identity, and a length", _put(b"Transfer-Encoding: identity", _LENGTH)),
        _case("chunks in HTTP/1.0", _put(_CHUNKED, version=b"1.0", body=_NO_CHUNK)),
        _case("a blank before the colon", _put(b"Transfer-Encoding : chunked", _LENGTH, body=_NO_CHUNK)),
        _case("a folded header", _put(b"X: a", b" b", _LENGTH)),
        _case("a coding in a folded line", _put(b"X: a", b"\tTransfer-Encoding: chunked", _LENGTH, body=_NO_CHUNK)),
        _case("a folded coding", _put(b"Transfer-Encoding:", b" chunked", body=_NO_CHUNK)),
        _case("a blank before the first header", _put(b" X: y", _LENGTH, host=False)),
        _case("line feeds alone, and chunks", _with_line_feeds(_put(_CHUNKED, body=_CHUNKS))),
        _case("line feeds alone in the head of chunks", _with_line_feeds(_put(_CHUNKED, body=b"")) + _CHUNKS),
        _case("line feeds alone, a length and chunks", _with_line_feeds(_put(_LENGTH, _CHUNKED, body=b"")) + _NO_CHUNK),
        _case(
            "line feeds alone, and two lengths",
            _with_line_feeds(_put(_LENGTH, b"Content-Length: 0", body=b"")) + _INNER,
        ),
        _case("line feeds alone, and two equal lengths", _with_line_feeds(_put(_LENGTH, _LENGTH))),
        _case("line feeds alone, and a list of lengths", _with_line_feeds(_put(b"Content-Length: 4, 4"))),
        _case(
            "line feeds alone, and a blank behind a length's name",
            _with_line_feeds(_put(b"Content-Length : 4", _LENGTH)),
        ),
        _case("line feeds alone, and two hosts", _with_line_feeds(_put(b"Host: y", _LENGTH))),
        _case("line feeds alone, and no host", _with_line_feeds(_put(_LENGTH, host=False))),
        _case("line feeds alone, and a folded header", _with_line_feeds(_put(b"X: a", b" b", _LENGTH))),
        _case("line feeds alone, and HTTP/0.9", b"PUT /metrics/job/x\n\n"),
        _case(
            "line feeds alone, and HTTP/1.0 with chunks",
            _with_line_feeds(_put(_CHUNKED, version=b"1.0", body=b"")) + _NO_CHUNK,
        ),
        _case("the only length behind a line feed", _put(b"X: a\nContent-Length: 4")),
        _case("a CONNECT without a target", b"CONNECT \r\n\r\n" + _INNER),
        _case("a CONNECT whose target is on the next line", b"CONNECT \nh:1 HTTP/1.1\r\nHost: x\r\n\r\n"),
        _case("a length behind a line feed", _put(b"X: a\nContent-Length: 0", _LENGTH)),
        _case("another length behind a line feed", _put(_LENGTH, b"X: a\nContent-Length: 70", body=b"m 1\n" + _INNER)),
        _case("chunks behind a line feed", _put(_LENGTH, b"X: a\nTransfer-Encoding: chunked", body=_NO_CHUNK)),
        _case("a length in a value behind a line feed", _put(_LENGTH, b"X: a\nY: Content-Length: 70")),
        _case("a carriage return behind a line feed", _put(b"X: a\n\rContent-Length: 0", _LENGTH)),
        _case("a head that ends before its length, behind a line feed", _put(b"X: a\n", _LENGTH)),
        _case("two carriage returns before a line feed", _put(b"X: a\r", _LENGTH)),
        _case("a method alone behind a line feed", b"PUT\n/metrics/job/x HTTP/1.1\nHost: x\n\n"),
        _case("a blank at the end of the target", _put(_LENGTH, target=b"/metrics/job/x ")),
        _case("a blank before the target", _put(_LENGTH, target=b" /metrics/job/x")),
        _case("a push without a length before another one's bytes", _put(body=b"m 1\n" + _INNER)),
        _case("line feeds alone, without a length", _with_line_feeds(_put(body=b"m 1\n")) + _INNER),
        _case("a carriage return in a value", _put(b"X: a\rContent-Length: 0", _LENGTH)),
        _case("a zero byte in a value", _put(b"X: a\0b", _LENGTH)),
        _case("a zero byte in a name", _put(b"X\0: b", _LENGTH)),
        _case("a header without a colon", _put(b"X", _LENGTH)),
        _case("a header without a name", _put(b": x", _LENGTH)),
        _case("a signed chunk", _put(_CHUNKED, body=b"+" + _CHUNKS)),
        _case("a negative chunk", _put(_CHUNKED, body=b"-" + _CHUNKS)),
        _case("a hexadecimal chunk", _put(_CHUNKED, body=b"0x" + _CHUNKS)),
        _case("a blank behind a chunk's size", _put(_CHUNKED, body=_CHUNKS.replace(b"4", b"4 "))),
        _case("a chunk beyond 64 bits", _put(_CHUNKED, body=b"FFFFFFFFFFFFFFFF" + _CHUNKS)),
        _case("a chunk that goes on", _put(_CHUNKED, body=_CHUNKS.replace(b"\n\r\n0", b"\nXX0"))),
        _case("chunks that end in line feeds", _put(_CHUNKED, body=_CHUNKS.replace(b"\r\n", b"\n"))),
        _case("an extension that ends in a line feed", _put(_CHUNKED, body=b"4;a=b\n" + _CHUNKS[3:])),
        _case("a length behind the chunks", _put(_CHUNKED, body=b"0\r\nContent-Length: 70\r\n\r\n" + _INNER)),
        _case("no host", _put(_LENGTH, host=False)),
        _case("two hosts", _put(b"Host: y", _LENGTH)),
        _case("a target without an authority", _put(_LENGTH, target=b"http:/metrics/job/x")),
        _case("a target of another kind", _put(_LENGTH, target=b"evil.example:80")),
        _case("no path at all", _put(_LENGTH, target=b"*")),
        _case("a zero byte in the target", _put(_LENGTH, target=b"/metrics/job/x\0")),
        _case("a blank in the target", _put(_LENGTH, target=b"/metrics/job/x y")),
        _case("bytes beyond ASCII in the target", _put(_LENGTH, target=b"/metrics/job/\xff")),
        _case("HTTP/0.9", b"PUT /metrics/job/x\r\n\r\n"),
        _case("HTTP/1.2", _put(_LENGTH, version=b"1.2")),
        _case("HTTP/2", _put(_LENGTH, version=b"2.0")),
        _case("HTTP/2 without asking", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        _case("a verb in lower case", b"put" + _put(_LENGTH)[3:]),
        _case("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ],
)
async def test_ambiguous_request_is_rejected_and_the_connection_closed(
    gateway: server.Gateway, client: gateway_client.Client, sent: bytes
) -> None:
    response = await raw_connections.exchange(gateway.web_port, sent)
    assert len(raw_pushes.STATUS.findall(response)) == 1
    assert b" 4" in response.partition(b"\r\n")[0]
    assert b"\r\nX-Content-Type-Options: nosniff\r\n" in response
    assert await client.pushed() == []


@pytest.mark.parametrize(
    ("sent", "statuses", "jobs"),
    [
        pytest.param(_put(b"Transfer-Encoding:\tchunked", body=_CHUNKS), [200], ["x"], id="a tab before chunked"),
        pytest.param(_put(b"Transfer-Encoding: cHuNkEd", body=_CHUNKS), [200], ["x"], id="chunked in mixed case"),
        pytest.param(
            _put(b"Transfer-Encoding: gzip, chunked", body=_CHUNKS), [400], [], id="another coding before chunked"
        ),
        pytest.param(_put(_CHUNKED, body=b"4;a=b" + _CHUNKS[1:]), [200], ["x"], id="an extension of a chunk"),
        pytest.param(_put(_CHUNKED, body=_CHUNKS[:-2] + b"X: y\r\n\r\n"), [200], ["x"], id="a header behind chunks"),
        pytest.param(_put(_LENGTH, target=b"http://evil.example/metrics/job/x"), [200], ["x"], id="a whole URL"),
        pytest.param(_put(b"Host: a b/c@d", _LENGTH, host=False), [200], ["x"], id="an invalid host"),
        pytest.param(_put(_LENGTH) + _put(_LENGTH, target=b"/metrics/job/y"), [200, 200], ["x", "y"], id="two at once"),
        pytest.param(
            _put(b"Content-Length: %d" % len(_INNER), target=b"/-/nowhere", body=_INNER),
            [404],
            [],
            id="a body of a 404",
        ),
    ],
)
async def test_unambiguous_request_is_handled(
    gateway: server.Gateway, client: gateway_client.Client, sent: bytes, statuses: list[int], jobs: list[str]
) -> None:
    response = await raw_connections.exchange(gateway.web_port, sent + raw_pushes.LAST)
    assert [int(part[2:5]) for part in response.split(b"HTTP/1.")[1:]] == [*statuses, 404]
    assert sorted(line.partition('job="')[2][0] for line in await client.pushed()) == jobs


@pytest.mark.parametrize("are_apart", [False, True], ids=["at once", "apart"])
@pytest.mark.parametrize(
    ("sent", "behind"),
    [
        pytest.param(_with_line_feeds(_put(_LENGTH)), _INNER, id="line feeds alone"),
        pytest.param(_with_line_feeds(_put(_LENGTH)), _with_line_feeds(_INNER), id="line feeds alone, and again"),
        pytest.param(_put(b"X: a\nY: b", _LENGTH), _INNER, id="a line feed alone"),
        pytest.param(_put(_LENGTH).replace(b"\r\n\r\n", b"\r\n\n"), _INNER, id="a line feed at the end of the head"),
        pytest.param(_put(_LENGTH, b"Connection: close"), _INNER, id="the last request"),
        pytest.param(_put(_LENGTH, b"Connection: close"), b"\0", id="the last request, and a zero byte"),
        pytest.param(_put(_LENGTH), b"\0" + _INNER, id="a zero byte"),
        pytest.param(_put(_CHUNKED, body=_CHUNKS), b"\0" + _INNER, id="a zero byte after chunks"),
        pytest.param(_put(_LENGTH), b"\r\n\0" + _INNER, id="an empty line and a zero byte"),
        pytest.param(_put(_LENGTH), b"\x16\x03\x01" + _INNER, id="a TLS handshake"),
        pytest.param(_with_line_feeds(_put(_LENGTH)), b"\0" + _INNER, id="line feeds alone, and a zero byte"),
        pytest.param(_put(_LENGTH, version=b"1.0", host=False), _INNER, id="HTTP/1.0"),
    ],
)
async def test_request_before_other_bytes_gets_its_response_and_the_bytes_are_ignored(
    gateway: server.Gateway, client: gateway_client.Client, sent: bytes, behind: bytes, are_apart: bool
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(sent if are_apart else sent + behind)
        response = await wire.response_head() if are_apart else b""
        if are_apart:
            await wire.send(behind)
        response += await wire.rest()
    assert response.count(b"HTTP/1.") == 1
    assert response.startswith((b"HTTP/1.1 200 ", b"HTTP/1.0 200 "))
    assert [line.partition('job="')[2][0] for line in await client.pushed()] == ["x"]
