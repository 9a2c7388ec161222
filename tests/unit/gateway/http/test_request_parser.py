"""The parser reads the same requests in the same order, however the bytes of the connection are split."""

from __future__ import annotations

import asyncio
import functools
import itertools
from typing import NamedTuple

import aiohttp
from aiohttp import base_protocol, http_exceptions, http_parser, web
from hypothesis import given
from hypothesis import strategies as st

from tidegate.gateway.http import request_parser


class _Block(NamedTuple):
    """Part of the bytes that a client sends.

    :param target: target of the request, or ``None`` if the part is not a request.
    :param is_plain: whether the parser also reads the part after it.
    """

    sent: bytes
    target: str | None
    body: bytes = b""
    is_plain: bool = True


_INNER = b"PUT /smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nm 1\n"


def _push(target: str, body: bytes, *lines: bytes) -> bytes:
    head = [b"PUT %b HTTP/1.1" % target.encode(), b"Host: x", b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def _with_line_feeds(sent: bytes) -> bytes:
    head, _, body = sent.partition(b"\r\n\r\n")
    return head.replace(b"\r\n", b"\n") + b"\n\n" + body


_CHUNKED = b"PUT /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
_UPGRADE = (b"Connection: upgrade", b"Upgrade: h2c")
_PLAIN = [
    _Block(_push("/plain", b"m 1\n"), "/plain", b"m 1\n"),
    _Block(_push("/with-inner", _INNER), "/with-inner", _INNER),
    _Block(_push("/empty", b""), "/empty"),
    _Block(b"DELETE /gone#x HTTP/1.1\r\nHost: x\r\n\r\n", "/gone#x"),
    _Block(_CHUNKED + b"%x\r\n" % len(_INNER) + _INNER + b"\r\n0\r\n\r\n", "/chunked", _INNER),
]
_OTHERS = [
    _Block(_with_line_feeds(_push("/fed", _INNER)), "/fed", _INNER, is_plain=False),
    _Block(_push("/mixed", b"m 1\n", b"X: a\nY: b"), "/mixed", b"m 1\n", is_plain=False),
    _Block(_push("/caf\u00e9", b"m 1\n"), "/caf%C3%A9", b"m 1\n", is_plain=False),
    _Block(_push("/upgrade", b"m 1\n", *_UPGRADE), "/upgrade", b"m 1\n", is_plain=False),
    _Block(_push("/last", b"m 1\n", b"Connection: close"), "/last", b"m 1\n", is_plain=False),
    _Block(b"\0", None, is_plain=False),
    _Block(b"PUT /bad HTTP/1.1\r\nno header\r\n\r\n", None, is_plain=False),
    _Block(_with_line_feeds(_push("/two", b"", b"Content-Length: 4")), None, is_plain=False),
    _Block(_CHUNKED + b"4;\n", None, is_plain=False),
]


class _Protocol(base_protocol.BaseProtocol):
    """The protocol that a parser pauses when its buffer is full. Bodies in these tests are never that long."""

    def pause_reading(self) -> None:
        raise AssertionError


class _Requests:
    """Reads requests from pieces of data."""

    def __init__(self) -> None:
        loop = asyncio.new_event_loop()
        loop.close()
        new = functools.partial(
            http_parser.HttpRequestParser,
            _Protocol(loop),
            loop,
            2**16,
            max_msg_queue_size=1,
            payload_exception=web.RequestPayloadError,
            auto_decompress=False,
        )
        self._parser = request_parser.RequestParser(new)
        self._received: list[tuple[http_parser.RawRequestMessage, aiohttp.StreamReader]] = []

    def feed(self, piece: bytes) -> None:
        try:
            messages, upgraded, tail = self._parser.feed_data(piece)
        except http_exceptions.HttpProcessingError:
            return
        assert not upgraded
        assert not tail
        for message, body in messages:
            if isinstance(message, http_parser.RawRequestMessage):
                self._received.append((message, body))
                self._parser.message_consumed()

    def complete(self) -> list[tuple[str, bytes]]:
        """Return target and body of each request that has arrived completely."""
        return [(message.path, body.read_nowait()) for message, body in self._received if body.is_eof()]


def _cut(sent: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted({0, len(sent), *(place % (len(sent) + 1) for place in places)})
    return [sent[start:end] for start, end in itertools.pairwise(cuts)]


@given(
    st.lists(st.sampled_from(_PLAIN), max_size=4),
    st.lists(st.sampled_from(_OTHERS), max_size=1),
    st.lists(st.sampled_from(_PLAIN + _OTHERS), max_size=2),
    st.lists(st.integers(min_value=0), max_size=6),
)
def test_requests_are_read_as_sent(
    plain: list[_Block], other: list[_Block], following: list[_Block], places: list[int]
) -> None:
    blocks = [*plain, *other, *following]
    requests = _Requests()
    for piece in _cut(b"".join(block.sent for block in blocks), places):
        requests.feed(piece)
    read = requests.complete()
    sent = [(block.target, block.body) for block in blocks if block.target is not None]
    assert read == sent[: len(read)]
    assert len(read) >= len(plain)
    if not other and not following:
        assert len(read) == len(plain)


@given(st.sampled_from(_OTHERS), st.lists(st.integers(min_value=0), max_size=6))
def test_request_in_an_unusual_spelling_is_the_last_of_its_connection(other: _Block, places: list[int]) -> None:
    requests = _Requests()
    for piece in _cut(other.sent + _INNER, places):
        requests.feed(piece)
    targets = [target for target, _ in requests.complete()]
    if other.target != "/upgrade":
        assert "/smuggled" not in targets
    if other.target is not None:
        assert targets[:1] == [other.target]
