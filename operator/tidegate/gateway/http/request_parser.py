"""Parsing of requests from the bytes of a connection, with aiohttp's parser, one request at a time.

On its own, aiohttp's parser discards complete requests that arrive in the same read as malformed bytes, discards what
follows a request that offers an upgrade (``Upgrade: h2c``), and accepts only one form of request head.
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

_MAX_PIPELINED = 32
"""Requests that are parsed before the first response; aiohttp stops reading from the socket at the same number."""

_NO_LENGTH = "bytes follow a push without Content-Length or Transfer-Encoding: send the body's length"


ParseResult: TypeAlias = "tuple[Sequence[Message], bool, bytes]"
"""The result that aiohttp expects of a parser: requests, whether the connection is upgraded, and unparsed bytes.
Connections are never upgraded here."""

_NOTHING: Final[ParseResult] = ((), False, b"")


class RequestParser:
    """Replaces the parser of an aiohttp connection.

    :param new_parser: creates an aiohttp parser that stops after each request (``max_msg_queue_size=1``).
    :ivar head: the received part of an incomplete head.
    :ivar body: the body of the last request.
    :ivar is_finished: whether all further bytes of the connection are ignored.
    """

    # _is_in_step: whether the position of the aiohttp parser is known, that is, it buffers no bytes after a request.
    __slots__ = ("_head_error", "_is_in_step", "_is_last", "_new_parser", "_parser", "body", "head", "is_finished")

    def __init__(self, new_parser: NewParser) -> None:
        self._new_parser: NewParser | None = new_parser
        self._parser: http_parser.HttpRequestParser | None = new_parser()
        self.head = b""
        self._is_in_step = True
        self._is_last = False
        self._head_error: http_exceptions.HttpProcessingError | None = None
        self.body: aiohttp.StreamReader | None = None
        self.is_finished = False

    @property
    def is_body_awaited(self) -> bool:
        """Whether the last request's body is incomplete."""
        return self.body is not None and not self.body.is_eof()

    def feed_data(self, data: bytes) -> ParseResult:
        """The requests whose heads these bytes complete.

        Malformed bytes after a request do not keep that request from its response: the requests before them are
        returned, and then the parser is finished.

        :raises http_exceptions.HttpProcessingError: the bytes are malformed from the start.
        """
        parser = self._parser
        if parser is None:
            return self._feed_unparsed(data)
        body, received = self.body, self.head + data if self.head else data
        is_awaited = body is not None and not body.is_eof()
        body_bytes = body.total_bytes if body is not None and is_awaited else 0
        try:
            parsed = parser.feed_data(data)[0]
        except http_exceptions.HttpProcessingError as error:
            follows_request = not data or (is_awaited and not self.is_body_awaited)
            return self._handle_malformed(received, error, follows_request=follows_request)
        messages: Sequence[Message] = parsed
        if parsed:
            message, body = parsed[0]
            self.head = b""
            try:
                rest = _rest(message, body, received if self._is_in_step else None)
            except http_exceptions.BadStatusLine:
                self._finish()
                raise
            self.body = body
            if message.upgrade:
                messages = self._without_upgrade(message, body, rest)
        elif body is None or not is_awaited:
            # Some clients send an empty line after a body; it belongs to no request.
            self.head = received if self.head else received.lstrip(b"\r\n")
            return _NOTHING
        else:
            rest = data[body.total_bytes - body_bytes :] if self._is_in_step else None
        if not body.is_eof():
            # The aiohttp parser buffers, invisibly, what follows a body that has not been read.
            self._is_in_step = rest == b""
            return messages, False, b""
        if rest == b"" and not self._is_last:
            return messages, False, b""
        return self._parse_pipelined(list(messages), rest, ends_empty=data.endswith(_END)), False, b""

    def _feed_unparsed(self, data: bytes) -> ParseResult:
        """Add bytes to a head that is to be normalized, or ignore them if the parser is finished."""
        if self._head_error is None:
            return _NOTHING
        searched = len(self.head)
        self.head += data
        return self._parse_normalized(self._head_error, searched=searched)

    def _finish(self) -> None:
        self.is_finished = True
        self._parser = self._head_error = None

    def message_consumed(self) -> None:
        """Tell the parser that a returned request is being handled. Called by aiohttp."""
        if self._parser is not None:
            self._parser.message_consumed()

    def pause_reading(self) -> None:
        """Read no more of a body for now. Called by aiohttp."""
        if self._parser is not None:
            self._parser.pause_reading()

    def abort_body(self, reason: str) -> None:
        """Raise an error in the reader of the incomplete body."""
        assert self.body is not None
        self.body.set_exception(web.RequestPayloadError(reason))
        # aiohttp then does not wait for the rest in order to discard it.
        self.body.feed_eof()

    def close(self) -> None:
        """Release everything after the connection is closed."""
        if self.body is not None and not self.body.is_eof() and self.body.exception() is None:
            self.body.set_exception(ConnectionResetError("the client closed the connection"))
        # The parser and the protocol refer to each other: without this both would stay until a garbage collection.
        self._new_parser = self._parser = self._head_error = self.body = None

    def _parse_pipelined(self, messages: list[Message], rest: bytes | None, *, ends_empty: bool) -> list[Message]:
        """These messages, the last of which is complete, and those that were received after it.

        :param rest: the bytes after these messages; ``None`` if they are unknown.
        :param ends_empty: whether the received bytes end in an empty line. An incomplete head does not.
        """
        assert self._parser is not None
        self._is_in_step = False
        while not self._is_last and len(messages) < _MAX_PIPELINED:
            try:
                parsed = self._parser.feed_data(b"")[0]
                if not parsed:
                    self._is_in_step = ends_empty or rest is not None
                    self.head = b"" if ends_empty or rest is None else rest.lstrip(b"\r\n")
                    return messages
                message, body = parsed[0]
                rest = _rest(message, body, rest)
            except http_exceptions.HttpProcessingError as error:
                return self._append_error(error, messages)
            self.body = body
            messages += self._without_upgrade(message, body, rest) if message.upgrade else parsed
            if not body.is_eof():
                self._is_in_step = rest == b""
                return messages
        if self._is_last:
            self._finish()
        return messages

    def _without_upgrade(
        self, message: http_parser.RawRequestMessage, body: aiohttp.StreamReader, rest: bytes | None
    ) -> Sequence[Message]:
        """A request that offers an upgrade, which is declined.

        aiohttp's parser would discard what follows it. ``CONNECT`` is always the last request of its connection,
        because the parser ignores its length.
        """
        assert self._parser is not None
        if rest == b"" and body.is_eof() and message.method != hdrs.METH_CONNECT:
            # Nothing has followed it yet: the parser can continue.
            self._parser.feed_data(b"")
            self._parser.set_upgraded(False)
            return [(message, body)]
        # SECURITY: where the next request would begin is unknown.
        self._is_last = True
        return [(message._replace(should_close=True), body)]

    def _append_error(self, error: http_exceptions.HttpProcessingError, messages: list[Message]) -> list[Message]:
        """These messages, and the error for the malformed bytes after them."""
        self._finish()
        reported: Exception = error
        if messages and _is_push_without_length(messages[-1][0]):
            reported = errors.BadRequestError(_NO_LENGTH)
            messages.pop()
        elif isinstance(error, http_exceptions.BadHttpMethod):
            # It is not the beginning of a request, but for example the zero byte at the end of a C string.
            return messages
        messages.append((_error_message(reported), aiohttp.streams.EMPTY_PAYLOAD))
        return messages

    def _handle_malformed(
        self, received: bytes, error: http_exceptions.HttpProcessingError, *, follows_request: bool
    ) -> ParseResult:
        """The result for malformed bytes that do not follow a request in the same read.

        :param follows_request: whether they follow a body that this read completed, or earlier requests.
        """
        if follows_request:
            return self._append_error(error, []), False, b""
        if self._is_in_step and not self.is_body_awaited and request_heads.may_be_normalized(received, error):
            self._parser, self.head, self._head_error = None, received, error
            return self._parse_normalized(error, searched=0)
        self._finish()
        if self.body is not None and not self.is_body_awaited and not received[:1].isalpha():
            return _NOTHING
        raise error

    def _parse_normalized(self, head_error: http_exceptions.HttpProcessingError, *, searched: int) -> ParseResult:
        """The request whose head was rejected with this error, parsed from the normalized head once it is complete.

        :param searched: bytes of the head that are known not to contain its end.

        SECURITY: it is the last request of its connection, so that it does not matter where other parsers think that
        it ends.
        """
        end = request_heads.end(self.head, searched=searched)
        if end < 0:
            return _NOTHING
        head, rest = self.head[:end], self.head[end:]
        self.head, self._head_error = b"", None
        normalized = request_heads.normalized(head)
        try:
            if normalized is None or self._new_parser is None:
                raise head_error
            self._parser = self._new_parser()
            messages = self._parser.feed_data(normalized + rest)[0]
            if not messages or messages[0][0].upgrade:
                raise head_error
            message, self.body = messages[0]
        except http_exceptions.HttpProcessingError:
            self._finish()
            raise head_error from None
        self._is_last = True
        if self.body.is_eof():
            self._finish()
        if rest and _is_push_without_length(message):
            error = errors.BadRequestError(_NO_LENGTH)
            return [(_error_message(error), aiohttp.streams.EMPTY_PAYLOAD)], False, b""
        return [(message._replace(should_close=True), self.body)], False, b""


def _rest(message: http_parser.RawRequestMessage, body: aiohttp.StreamReader, received: bytes | None) -> bytes | None:
    """The bytes after a request and the received part of its body, where ``received`` begins with the request.

    ``None`` if they are unknown: ``received`` is, or the body is chunked.

    :raises http_exceptions.BadStatusLine: the request has no target, or more than one space before or after it. The
        parser skips spaces, and a target that ends in one would name another group.
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


def _error_message(error: Exception) -> web_protocol._ErrInfo:
    return web_protocol._ErrInfo(status=400, exc=error, message=str(error))
