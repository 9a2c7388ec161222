"""Connections of clients: limits on request heads, head timeouts, and the number of open connections.

aiohttp limits header lines one by one and waits for a request head without a timeout. Its settings do not cover more,
so this module and :mod:`tidegate.gateway.http.request_parser` use private attributes of aiohttp. No other module does;
``tests/unit/gateway/http/test_aiohttp_internals.py`` lists all of them.
"""

from __future__ import annotations

import asyncio
import enum
import functools
from collections.abc import Callable, Mapping
from typing import Any, cast

import aiohttp
from aiohttp import http_exceptions, http_parser, web, web_protocol
from aiohttp.log import server_logger

from tidegate import settings
from tidegate.gateway.http import aiohttp_log, limit_errors, request_heads, request_parser, responses
from tidegate.gateway.metrics import own_metrics
from tidegate.model import errors, limits
from tidegate.system import addresses, file_descriptors

MAX_HEADERS = 128
"""Headers of one request. Each takes several times its size in memory."""

_TOO_MANY_HEADERS = "Too many headers received"
"""The message of aiohttp's error. aiohttp has no type for it."""

_READ_BYTES = 64 * 1024
"""Bytes of one socket read. A connection buffers twice as much of a body that no handler reads yet."""

_LINGER_SECONDS = 3.0
"""How long the rest of a rejected body is read and discarded, so that the client receives the response."""

_REJECTION_SECONDS = 1.0
"""How long a rejected client may take to read the response. If the connection were closed at once, bytes that the
client still sends would reset it before the client has read the response."""

_MAX_REJECTED = 50
"""Rejected connections that stay open for this long. Any further one is closed at once."""

_INCOMPLETE_HEAD = "the client closed the connection before the end of the request's headers"
_INCOMPLETE_BODY = "the client closed the connection before the end of the body"

_ErrInfo = web_protocol._ErrInfo
_parse = web.RequestHandler.data_received


class Server(web.Server):
    """A server with a limited number of connections.

    When all connections are in use, a new one replaces the oldest that has never sent a request, else the oldest idle
    one, else the oldest whose request body is incomplete. So connections that do nothing cannot lock out others. If
    responses are due on all connections, the new one is rejected.

    :param idle_timeout: seconds after which a connection without a request is closed.
    :param metrics: counts requests over a limit and malformed requests; ``None`` to count nothing.
    :param headers: returns the headers added to every response.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Any],
        *,
        limit_settings: settings.LimitSettings,
        idle_timeout: float,
        metrics: own_metrics.GatewayMetrics | None,
        headers: Callable[[], Mapping[str, str]],
        request_factory: Callable[..., web.BaseRequest],
    ) -> None:
        super().__init__(handler, request_factory=request_factory)
        self.headers = headers
        self.limits = limit_settings
        self.idle_timeout = idle_timeout
        self._metrics = metrics
        self._max_open = file_descriptors.room_for(limit_settings.connections)
        self._open: dict[Connection, None] = {}
        self._rejected: set[Connection] = set()

    def __call__(self) -> Connection:
        return Connection(self)

    @property
    def is_empty(self) -> bool:
        """Whether no connection is open."""
        return not self._open

    def admit(self, connection: Connection) -> bool:
        """Add a new connection, closing another one if all are in use; ``False`` if none can be closed."""
        if len(self._open) >= self._max_open:
            self.count_limit(limits.Limit.CONNECTIONS)
            evicted = self._least_needed()
            if evicted is None:
                return False
            self.remove(evicted)
            evicted.force_close()
        self._open[connection] = None
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is closed or about to be closed."""
        self._open.pop(connection, None)
        self._rejected.discard(connection)

    def keep_rejected(self, connection: Connection) -> bool:
        """Whether a rejected connection may stay open until its client has read the response."""
        self.remove(connection)
        if len(self._rejected) >= _MAX_REJECTED:
            return False
        self._rejected.add(connection)
        return True

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - of aiohttp
        """Close all connections; requests in flight have ``timeout`` seconds to finish."""
        for connection in list(self._rejected):
            connection.force_close()
        await super().shutdown(timeout)

    def check_timeouts(self, *, now: float) -> None:
        """Reject connections whose request head takes too long; ``now`` is the event loop's time."""
        for connection in list(self._open):
            connection.check_timeout(now=now)

    def count_limit(self, limit: limits.Limit) -> None:
        """Count a request or connection over this limit."""
        if self._metrics is not None:
            self._metrics.count_limit(limit)

    def count_response(self, status: int) -> None:
        """Count the response to a malformed request."""
        if self._metrics is not None:
            self._metrics.count_response("none", status)

    def _least_needed(self) -> Connection | None:
        """The oldest of the least needed connections; ``None`` if responses are due on all of them."""
        oldest: dict[_Need, Connection] = {}
        for connection in self._open:
            need = connection.need
            if need is _Need.NEW:
                return connection
            oldest.setdefault(need, connection)
        return oldest.get(_Need.IDLE) or oldest.get(_Need.SENDING)


class _Need(enum.Enum):
    """How much a connection is needed, from least to most."""

    NEW = enum.auto()
    """It has never sent a complete request head."""
    IDLE = enum.auto()
    """It has sent requests before, and none is in flight."""
    SENDING = enum.auto()
    """The client is still sending a body."""
    BUSY = enum.auto()
    """A response is due."""


class Connection(web.RequestHandler):
    """One connection of a client.

    :ivar address: the client's IP address as the kernel reports it, never as a header states it; ``None`` if the
        connection is not over IP.
    """

    __slots__ = ("_head_awaited_since", "_max_head", "_request_reader", "_server", "address")

    def __init__(self, server: Server) -> None:
        max_head = self._max_head = server.limits.request_head
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # None disables it
            logger=aiohttp_log.RedactingLogger(server_logger),  # type: ignore[arg-type] # an adapter works as a logger
            keepalive_timeout=server.idle_timeout,
            lingering_time=_LINGER_SECONDS,
        )
        new_parser = functools.partial(
            http_parser.HttpRequestParser,
            self,
            self._loop,
            _READ_BYTES,
            max_line_size=max_head,
            max_field_size=max_head,
            max_headers=MAX_HEADERS,
            max_msg_queue_size=1,
            payload_exception=web.RequestPayloadError,
            # The push handler decompresses bodies: aiohttp leaves some damaged ones without a response, and accepts
            # truncated ones.
            auto_decompress=False,
        )
        self._request_reader = request_parser.RequestParser(new_parser)
        self._parser = self._request_reader  # type: ignore[assignment] # it has all the methods that aiohttp calls
        self._server = server
        self._head_awaited_since = 0.0
        self.address: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether another request can still arrive."""
        return self.transport is not None and not self.transport.is_closing() and not self._close

    @property
    def is_busy(self) -> bool:
        """Whether a request is in flight, its response included."""
        # Between its head and its handler a request is in no attribute; then no task waits for the next one, either.
        return bool(self._messages) or (self._waiter is None and self._request_count > 0)

    @property
    def is_ending(self) -> bool:
        """Whether the connection closes after the response in flight."""
        return self._close

    @property
    def need(self) -> _Need:
        """How much the connection is needed."""
        if not self._request_count:
            return _Need.NEW
        if self._request_reader.is_body_awaited:
            return _Need.SENDING
        return _Need.BUSY if self.is_busy else _Need.IDLE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._head_awaited_since = self._loop.time()
        self.address = addresses.of_peer(transport.get_extra_info("peername"))
        if self._server.admit(self):
            super().connection_made(transport)
            return
        self._manager = None
        self.transport = cast(asyncio.Transport, transport)
        self._reject(limit_errors.exceeded(limits.Limit.CONNECTIONS, self._server.limits))

    def connection_lost(self, exc: BaseException | None) -> None:
        self._server.remove(self)
        super().connection_lost(exc)
        # aiohttp notifies a current reader of the body, but not one that starts later or discards the rest.
        self._request_reader.close()

    def eof_received(self) -> bool | None:  # type: ignore[override] # asyncio calls it
        """Respond to what the client has sent before it closed its side, if it can still read the response."""
        if not self.is_busy:
            if self._request_reader.head and not self._force_close:
                self._reject(errors.BadRequestError(_INCOMPLETE_HEAD))
            return None
        response_begun = self._current_request is not None and self._current_request.writer.output_size > 0
        if response_begun or self.ssl_context is not None:
            # The client has stopped reading a response, or TLS, which cannot be closed in one direction alone.
            return None
        if self._request_reader.is_body_awaited:
            self._request_reader.abort_body(_INCOMPLETE_BODY)
        self._finish()
        return True

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log the exception unless the client closed the connection or sent malformed bytes after its request."""
        if not isinstance(kw.get("exc_info"), ConnectionError | web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def data_received(self, data: bytes) -> None:
        # On the path of every push: keep it short.
        before, reader = self._request_count, self._request_reader
        head, body = reader.head, reader.body
        _parse(self, data)
        if self._request_count == before:
            if reader.is_finished:
                self._finish()
            elif len(reader.head) > len(head):
                self._head_grown(len(head))
        elif self._messages:
            message, _ = self._messages[-1]
            if message.__class__ is _ErrInfo:
                self._handle_malformed(message, body)
                return
            if len(data) + len(head) > self._max_head:
                self._check_heads()
            if reader.is_finished:
                self._finish()
            elif reader.head:
                self._head_awaited_since = self._loop.time()

    def check_timeout(self, *, now: float) -> None:
        """Reject the connection if its request head takes too long.

        A connection that is idle between requests is left to the idle timeout.
        """
        if self.is_busy or not (self._request_reader.head or not self._request_count):
            return
        if now - self._head_awaited_since < self._server.limits.head_timeout:
            return
        if self._request_reader.head:
            self._reject_over(limits.Limit.HEAD_TIMEOUT)
        else:
            self._server.count_limit(limits.Limit.HEAD_TIMEOUT)
            self._server.remove(self)
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The response to a malformed request, or to an exception that the request handler did not catch."""
        if isinstance(exc, ConnectionError):
            raise exc
        if not isinstance(exc, http_exceptions.HttpProcessingError | errors.BadRequestError):
            return super().handle_error(request, status, exc, message)
        error = self._client_error(exc)
        self._server.count_response(responses.error_status(error))
        response = responses.error(error, responses.error_status(error))
        response.force_close()
        return response

    def _client_error(self, error: BaseException) -> errors.BadRequestError:
        """The error to respond with to a malformed request. If it is over a limit, it is counted."""
        assert isinstance(error, http_exceptions.HttpProcessingError | errors.BadRequestError)
        if isinstance(error, http_exceptions.LineTooLong):
            error = limit_errors.exceeded(limits.Limit.REQUEST_HEAD, self._server.limits)
        elif error.args == (_TOO_MANY_HEADERS,):
            reason = f"the request has more than {MAX_HEADERS} headers"
            error = errors.LimitError(reason, limit=limits.Limit.REQUEST_HEAD)
        if isinstance(error, errors.LimitError):
            self._server.count_limit(error.limit)
        if isinstance(error, errors.BadRequestError):
            return error
        return errors.BadRequestError(request_heads.reason(error))

    def _handle_malformed(self, error: _ErrInfo, body: aiohttp.StreamReader | None) -> None:
        """Respond to bytes that are neither a request nor part of the body that was awaited."""
        if body is not None and not body.is_eof():
            # aiohttp would leave the reader of the body waiting.
            self._messages.pop()
            self._request_reader.abort_body(str(self._client_error(error.exc)))
            # SECURITY: where the next request would begin is unknown.
            self.close()
        elif len(self._messages) == 1 and (self._waiter is not None or self._request_count == 1):
            self._messages.pop()
            self._reject(self._client_error(error.exc))

    def _finish(self) -> None:
        """Respond to all requests received so far, then close.

        The last response says ``Connection: close`` if it can still be changed.
        """
        if self._close or self._force_close:
            return
        if self._messages:
            message, body = self._messages[-1]
            if isinstance(message, http_parser.RawRequestMessage):
                self._messages[-1] = (message._replace(should_close=True), body)
        elif self.is_busy:
            self.close()
        else:
            self.force_close()

    def _check_heads(self) -> None:
        for index, (message, _) in enumerate(self._messages):
            if isinstance(message, _ErrInfo) or request_heads.size(message) <= self._max_head:
                continue
            error = limit_errors.exceeded(limits.Limit.REQUEST_HEAD, self._server.limits)
            too_large = _ErrInfo(status=error.limit.status, exc=error, message=str(error))
            self._messages[index] = (too_large, aiohttp.streams.EMPTY_PAYLOAD)

    def _head_grown(self, before: int) -> None:
        """Check an incomplete head to which bytes were added; it had ``before`` bytes."""
        if self._force_close or self._close:
            return
        if not before and self._request_count:
            self._head_awaited_since = self._loop.time()
        if len(self._request_reader.head) > self._max_head:
            self._reject_over(limits.Limit.REQUEST_HEAD)

    def _reject_over(self, limit: limits.Limit) -> None:
        """Count a request over this limit and close the connection, after the response to a request in flight."""
        if self.is_busy:
            self._server.count_limit(limit)
            self.close()
        else:
            self._reject(self._client_error(limit_errors.exceeded(limit, self._server.limits)))

    def _reject(self, error: errors.BadRequestError) -> None:
        """Send the error and close the connection."""
        transport, self._force_close = self.transport, True
        if self._task_handler is not None:
            self._task_handler.cancel()
        if transport is None:
            return
        self._server.count_response(responses.error_status(error))
        transport.write(responses.raw_error(error, headers=self._server.headers()))
        if self._server.keep_rejected(self) and transport.can_write_eof():
            transport.write_eof()
            self._loop.call_later(_REJECTION_SECONDS, transport.abort)
        else:
            transport.close()


def of(request: web.BaseRequest) -> Connection:
    """The connection of a request."""
    connection = request.protocol
    assert isinstance(connection, Connection)
    return connection


async def check_periodically(*checks: Callable[..., None], interval: float) -> None:
    """Call each check with the event loop's time as ``now``, every ``interval`` seconds, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(interval)
        for check in checks:
            check(now=loop.time())
