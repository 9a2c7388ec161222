"""Bytes that two parsers might read differently: either nothing of them counts, or exactly what they say.

Each attack carries a second push inside or behind the first. Were it taken for a request of its own where the bytes do
not say so, there would be a group ``smuggled``.
"""

from __future__ import annotations

import pytest

from tests.gateway import clients, wires
from tidegate.gateway import servers

_INNER = b"PUT /metrics/job/smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nm 1\n"
_LENGTH = b"Content-Length: 4"
_CHUNKED = b"Transfer-Encoding: chunked"
_CHUNKS = b"4\r\nm 1\n\r\n0\r\n\r\n"
_NO_CHUNK = b"0\r\n\r\n" + _INNER
_BEHIND = b"GET /-/last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""Asks for the end of the connection, where it is still read as a request."""


def _put(
    *lines: bytes, body: bytes = b"m 1\n", target: bytes = b"/metrics/job/x", version: bytes = b"1.1", host: bool = True
) -> bytes:
    head = [b"PUT %b HTTP/%b" % (target, version), *([b"Host: x"] if host else []), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


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
        _case("line feeds alone", _put(_LENGTH).replace(b"\r\n", b"\n")),
        _case("a line feed alone", _put(b"X: a\nY: b", _LENGTH)),
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
        _case("bytes beyond ASCII in a redirect's target", _put(_LENGTH, target=b"//metrics/job/\xff")),
        _case("HTTP/0.9", b"PUT /metrics/job/x\r\n\r\n"),
        _case("HTTP/1.2", _put(_LENGTH, version=b"1.2")),
        _case("HTTP/2", _put(_LENGTH, version=b"2.0")),
        _case("HTTP/2 without asking", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        _case("a verb in lower case", b"put" + _put(_LENGTH)[3:]),
        _case("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        _case("more behind the last request", _put(_LENGTH, b"Connection: close", body=b"m 1\n" + _INNER)),
    ],
)
async def test_what_can_be_read_in_two_ways_is_refused_and_the_connection_closed(
    gateway: servers.Gateway, client: clients.Client, sent: bytes
) -> None:
    answer = await wires.exchange(gateway.web_port, sent)
    assert answer.count(b"HTTP/") == 1
    assert b" 4" in answer.partition(b"\r\n")[0]
    assert b"\r\nX-Content-Type-Options: nosniff\r\n" in answer
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
        pytest.param(_put(b"Host: a b/c@d", _LENGTH, host=False), [200], ["x"], id="a host that is none"),
        pytest.param(_put(_LENGTH) + _put(_LENGTH, target=b"/metrics/job/y"), [200, 200], ["x", "y"], id="two at once"),
        pytest.param(
            _put(b"Content-Length: %d" % len(_INNER), target=b"/-/nowhere", body=_INNER),
            [404],
            [],
            id="a body of a 404",
        ),
        pytest.param(
            _put(_LENGTH, b"Connection: upgrade", b"Upgrade: websocket"), [200], ["x"], id="an upgrade to a websocket"
        ),
    ],
)
async def test_what_can_be_read_in_one_way_is_what_it_says(
    gateway: servers.Gateway, client: clients.Client, sent: bytes, statuses: list[int], jobs: list[str]
) -> None:
    answer = await wires.exchange(gateway.web_port, sent + _BEHIND)
    assert [int(part[2:5]) for part in answer.split(b"HTTP/1.")[1:]] == [*statuses, 404]
    assert sorted(line.partition('job="')[2][0] for line in await client.pushed()) == jobs


async def test_an_old_client_is_answered_and_left(gateway: servers.Gateway, client: clients.Client) -> None:
    answer = await wires.exchange(gateway.web_port, _put(_LENGTH, version=b"1.0", host=False))
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert len(await client.pushed()) == 1


async def test_whoever_offers_another_protocol_is_answered_in_this_one(gateway: servers.Gateway) -> None:
    async with wires.connected(gateway.web_port) as wire:
        await wire.send(_put(_LENGTH, b"Connection: upgrade", b"Upgrade: h2c"))
        assert (await wire.answer()).startswith(b"HTTP/1.1 200 ")
        await wire.send(_BEHIND)
        assert (await wire.rest()).startswith(b"HTTP/1.1 404 ")


async def test_a_body_that_goes_wrong_on_its_way_is_refused_once(
    gateway: servers.Gateway, client: clients.Client
) -> None:
    async with wires.connected(gateway.web_port) as wire:
        await wire.send(_put(_CHUNKED, body=b"4\r\nm 1\n\r\n"))
        # The answer to a request of somebody else says that the first part has been read.
        await client.exposition()
        await wire.send(b"no chunk\r\n" + _INNER)
        answer = await wire.rest()
    assert answer.count(b"HTTP/1.") == 1
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert await client.pushed() == []
