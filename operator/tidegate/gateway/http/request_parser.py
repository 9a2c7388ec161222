"""Reads requests from the bytes of a connection: aiohttp's parser, one request at a time.

On its own aiohttp's parser forgets the whole requests that came in the same piece as bytes that it cannot read, drops
what follows a request that offers an upgrade (``Upgrade: h2c``), and takes one spelling of a head alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import aiohttp
from aiohttp import hdrs, http_exceptions, http_parser, web, web_protocol

from tidegate.gateway.http import request_heads
from tidegate.model import errors

Message: TypeAlias = "tuple[http_parser.RawRequestMessage | web_protocol._ErrInfo, aiohttp.StreamReader]"
NewParser: TypeAlias = Callable[[], http_parser.HttpRequestParser]

_END, _END_BYTES = request_heads.END, len(request_heads.END)
_VERSION = b" HTTP/"

_MOST_AT_ONCE = 32
"""Requests that are read before one of them is answered; aiohttp stops reading from the socket at as many."""

_NO_LENGTH = "bytes follow a push that says neither Content-Length nor Transfer-Encoding: send the body's length"


Fed: TypeAlias = "tuple[Sequence[Message], bool, bytes]"
"""What aiohttp expects of a parser: requests, whether the connection is upgraded now, and what is left then. Nothing is
ever upgraded here."""

_NOTHING: Final[Fed] = ((), False, b"")


class RequestParser:
    """Takes the place of a connection's parser.

    :param new: makes a parser that stops behind each request (``max_msg_queue_size=1``).
    :ivar head: what has come of a head that is not whole yet.
    :ivar body: of the request that was read last.
    :ivar is_over: whether nothing of this connection is read any more.
    """

    __slots__ = ("_is_in_step", "_is_last", "_new", "_parser", "_refusal", "body", "head", "is_over")

    def __init__(self, new: NewParser) -> None:
        self._new: NewParser | None = new
        self._parser: http_parser.HttpRequestParser | None = new()
        self.head = b""
        self._is_in_step = True
        self._is_last = False
        self._refusal: http_exceptions.HttpProcessingError | None = None
        self.body: aiohttp.StreamReader | None = None
        self.is_over = False

    @property
    def is_body_awaited(self) -> bool:
        """Whether the rest of a body is still to come."""
        return self.body is not None and not self.body.is_eof()

    def feed_data(self, data: bytes) -> Fed:
        """The requests that these bytes complete, or whose bodies they begin.

        What cannot be read behind a request is no reason to leave that one without its answer: the requests before it
        are returned, and then the parser is over.

        :raises http_exceptions.HttpProcessingError: nothing but what cannot be read came.
        """
        parser = self._parser
        if parser is None:
            return self._collect(data)
        body, received = self.body, self.head + data if self.head else data
        is_awaited = body is not None and not body.is_eof()
        had = body.total_bytes if body is not None and is_awaited else 0
        try:
            fresh = parser.feed_data(data)[0]
        except http_exceptions.HttpProcessingError as error:
            is_behind = not data or (is_awaited and not self.is_body_awaited)
            return self._refused(received, error, is_behind=is_behind)
        messages: Sequence[Message] = fresh
        if fresh:
            message, body = fresh[0]
            self.head = b""
            try:
                behind = _behind(message, body, received if self._is_in_step else None)
            except http_exceptions.BadStatusLine:
                self._end()
                raise
            self.body = body
            if message.upgrade:
                messages = self._kept(message, body, behind)
        elif body is None or not is_awaited:
            # Some clients send an empty line behind a body; it belongs to no request.
            self.head = received if self.head else received.lstrip(b"\r\n")
            return _NOTHING
        else:
            behind = data[body.total_bytes - had :] if self._is_in_step else None
        if not body.is_eof():
            # What is behind a body that nobody reads yet waits in the parser, out of sight.
            self._is_in_step = behind == b""
            return messages, False, b""
        if behind == b"" and not self._is_last:
            return messages, False, b""
        return self._following(list(messages), behind, ends_empty=data.endswith(_END)), False, b""

    def _collect(self, data: bytes) -> Fed:
        """These bytes where nothing is parsed: more of a head that is to be respelled, or nothing that counts."""
        if self._refusal is None:
            return _NOTHING
        searched = len(self.head)
        self.head += data
        return self._respelled(self._refusal, searched=searched)

    def _end(self) -> None:
        self.is_over = True
        self._parser = self._refusal = None

    def message_consumed(self) -> None:
        """A request that was returned is being answered."""
        if self._parser is not None:
            self._parser.message_consumed()

    def pause_reading(self) -> None:
        """Take no more of a body for now."""
        if self._parser is not None:
            self._parser.pause_reading()

    def cut_body(self, reason: str) -> None:
        """Tell whoever reads the awaited body that it cannot be whole."""
        assert self.body is not None
        self.body.set_exception(web.RequestPayloadError(reason))
        # Nothing of it is left to be read and thrown away.
        self.body.feed_eof()

    def close(self) -> None:
        """The connection is gone."""
        if self.body is not None and not self.body.is_eof() and self.body.exception() is None:
            self.body.set_exception(ConnectionResetError("the client has gone"))
        # Parser and protocol hold each other: both would stay until Python looks for such.
        self._new = self._parser = self._refusal = self.body = None

    def _following(self, found: list[Message], behind: bytes | None, *, ends_empty: bool) -> list[Message]:
        """These requests, the last one of which is whole, and those that came behind it.

        :param behind: the bytes behind these; ``None`` where they are not known.
        :param ends_empty: whether what came last ends in an empty line. No part of a head does.
        """
        assert self._parser is not None
        self._is_in_step = False
        while not self._is_last and len(found) < _MOST_AT_ONCE:
            try:
                more = self._parser.feed_data(b"")[0]
                if not more:
                    self._is_in_step = ends_empty or behind is not None
                    self.head = b"" if ends_empty or behind is None else behind.lstrip(b"\r\n")
                    return found
                message, body = more[0]
                behind = _behind(message, body, behind)
            except http_exceptions.HttpProcessingError as error:
                return self._before(error, found)
            self.body = body
            found += self._kept(message, body, behind) if message.upgrade else more
            if not body.is_eof():
                self._is_in_step = behind == b""
                return found
        if self._is_last:
            self._end()
        return found

    def _kept(
        self, message: http_parser.RawRequestMessage, body: aiohttp.StreamReader, behind: bytes | None
    ) -> Sequence[Message]:
        """A request that offers to speak another protocol. It is answered in this one, and in aiohttp's parser what
        follows it would be lost. ``CONNECT`` is always the last one: the parser ignores its length."""
        assert self._parser is not None
        if behind == b"" and body.is_eof() and message.method != hdrs.METH_CONNECT:
            # Nothing has followed it yet, and from here on the parser goes on.
            self._parser.feed_data(b"")
            self._parser.set_upgraded(False)
            return [(message, body)]
        # SECURITY: nobody knows where the next request would begin.
        self._is_last = True
        return [(message._replace(should_close=True), body)]

    def _before(self, error: http_exceptions.HttpProcessingError, found: list[Message]) -> list[Message]:
        """These requests, behind which is something that cannot be read."""
        self._end()
        refusal: Exception = error
        if found and _is_push_without_length(found[-1][0]):
            refusal = errors.BadRequestError(_NO_LENGTH)
            found.pop()
        elif isinstance(error, http_exceptions.BadHttpMethod):
            # It does not even begin as a request does, such as the zero byte at the end of a string in C.
            return found
        found.append((_told(refusal), aiohttp.streams.EMPTY_PAYLOAD))
        return found

    def _refused(self, received: bytes, error: http_exceptions.HttpProcessingError, *, is_behind: bool) -> Fed:
        """What there is to say of bytes that cannot be read, which are not behind a request of the same piece.

        :param is_behind: whether they are behind a body that ended with this piece, or behind earlier requests.
        """
        if is_behind:
            return self._before(error, []), False, b""
        if self._is_in_step and not self.is_body_awaited and request_heads.may_be_respelled(received, error):
            self._parser, self.head, self._refusal = None, received, error
            return self._respelled(error, searched=0)
        self._end()
        if self.body is not None and not self.is_body_awaited and not received[:1].isalpha():
            return _NOTHING
        raise error

    def _respelled(self, refusal: http_exceptions.HttpProcessingError, *, searched: int) -> Fed:
        """The request with a head that was refused in its own spelling, once the head is whole.

        :param searched: so many bytes of the head are known not to hold its end.

        SECURITY: it is the last one of its connection, so that nothing depends on where others think that it ends.
        """
        end = request_heads.end(self.head, searched=searched)
        if end < 0:
            return _NOTHING
        head, rest = self.head[:end], self.head[end:]
        self.head, self._refusal = b"", None
        spelled = request_heads.respelled(head)
        try:
            if spelled is None or self._new is None:
                raise refusal
            self._parser = self._new()
            messages = self._parser.feed_data(spelled + rest)[0]
            if not messages or messages[0][0].upgrade:
                raise refusal
            message, self.body = messages[0]
        except http_exceptions.HttpProcessingError:
            self._end()
            raise refusal from None
        self._is_last = True
        if self.body.is_eof():
            self._end()
        if rest and _is_push_without_length(message):
            return [(_told(errors.BadRequestError(_NO_LENGTH)), aiohttp.streams.EMPTY_PAYLOAD)], False, b""
        return [(message._replace(should_close=True), self.body)], False, b""


def _behind(message: http_parser.RawRequestMessage, body: aiohttp.StreamReader, received: bytes | None) -> bytes | None:
    """What follows a request at the start of these bytes, and that part of its body which has come.

    ``None`` where that is not known: ``received`` is not, or the body comes in chunks.

    :raises http_exceptions.BadStatusLine: it has no target, or more than one blank before or behind it. The parser
        reads over blanks, and a target that ends in one would name another group.
    """
    if not message.path:
        raise http_exceptions.BadStatusLine
    if received is None:
        return None
    if received.find(_VERSION) != len(message.method) + 1 + len(message.path):
        received = received.lstrip(b"\r\n")
        if not received.startswith(f"{message.method} {message.path} HTTP/".encode()):
            raise http_exceptions.BadStatusLine
    return None if message.chunked else received[received.find(_END) + _END_BYTES + body.total_bytes :]


def _is_push_without_length(message: http_parser.RawRequestMessage | web_protocol._ErrInfo) -> bool:
    if isinstance(message, web_protocol._ErrInfo) or message.method not in (hdrs.METH_PUT, hdrs.METH_POST):
        return False
    return hdrs.CONTENT_LENGTH not in message.headers and hdrs.TRANSFER_ENCODING not in message.headers


def _told(error: Exception) -> web_protocol._ErrInfo:
    return web_protocol._ErrInfo(status=400, exc=error, message=str(error))
