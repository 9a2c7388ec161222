"""What a connection may cost before it has sent a request: its head, the time it takes for it, its place.

aiohttp's own protocol limits lines and headers one by one, and waits for a head as long as it takes. Its settings do
not reach that far, so what it keeps for itself (the names with an underscore) is used here and in ``parsers``, and only
there; ``tests/gateway/test_aiohttp_internals.py`` lists it all.
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
from tidegate.gateway.http import limit_errors, request_heads, request_parser, responses, server_log
from tidegate.gateway.metrics import own_metrics
from tidegate.model import errors, limits
from tidegate.system import addresses, file_descriptors

MAX_HEADERS = 128
"""Headers of one request. Each takes several times its bytes."""

_TOO_MANY_HEADERS = "Too many headers received"
"""aiohttp has no type for this one."""

_READ_BYTES = 64 * 1024
"""Of a body that nobody reads yet a connection holds twice as much, and what one read of its socket brings."""

_LINGER_SECONDS = 3.0
"""How long what still comes of a refused body is read and thrown away, so that its client sees the answer."""

_LAST_WORD_SECONDS = 1.0
"""How long a client may take to read why it is turned away. Closed at once, bytes of its own would reset it."""

_LAST_WORDS = 50
"""So many clients at once are left this time."""

_CUT_HEAD = "the client closed the connection before the end of the request's headers"
_CUT_BODY = "the client closed the connection before the end of the body"

_ErrInfo = web_protocol._ErrInfo
_parse = web.RequestHandler.data_received


class Server(web.Server):
    """A server with so many connections at most.

    Where all are taken the oldest that has never asked anything makes room, else the oldest idle one, else the oldest
    whose request is still to come in full. So nobody is locked out by connections that do nothing; where answers are
    due on all of them the newest is turned away.

    :param idle_timeout: seconds after which a connection without a request is closed.
    :param metrics: where what is refused is counted; ``None`` for nowhere.
    :param headers: what every answer says besides.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Any],
        *,
        chosen: settings.LimitSettings,
        idle_timeout: float,
        metrics: own_metrics.GatewayMetrics | None,
        headers: Callable[[], Mapping[str, str]],
        request_factory: Callable[..., web.BaseRequest],
    ) -> None:
        super().__init__(handler, request_factory=request_factory)
        self.headers = headers
        self.limits = chosen
        self.idle_timeout = idle_timeout
        self._metrics = metrics
        self._room = file_descriptors.room_for(chosen.connections)
        self._open: dict[Connection, None] = {}
        self._dismissed: set[Connection] = set()

    def __call__(self) -> Connection:
        return Connection(self)

    @property
    def is_empty(self) -> bool:
        """Whether no connection is open."""
        return not self._open

    def entered(self, connection: Connection) -> bool:
        """Whether there is room for one more, if need be by closing another one."""
        if len(self._open) >= self._room:
            self.count(limits.Limit.CONNECTIONS)
            leaving = self._least_needed()
            if leaving is None:
                return False
            self.left(leaving)
            leaving.force_close()
        self._open[connection] = None
        return True

    def left(self, connection: Connection) -> None:
        """The connection is closed, or about to be."""
        self._open.pop(connection, None)
        self._dismissed.discard(connection)

    def dismissed(self, connection: Connection) -> bool:
        """Whether a connection that is turned away may stay a moment longer."""
        self.left(connection)
        if len(self._dismissed) >= _LAST_WORDS:
            return False
        self._dismissed.add(connection)
        return True

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - of aiohttp
        """End all connections; what is under way has so many seconds."""
        for connection in list(self._dismissed):
            connection.force_close()
        await super().shutdown(timeout)

    def look(self, *, now: float) -> None:
        """Turn away those that take too long for a head; ``now`` is the event loop's time."""
        for connection in list(self._open):
            connection.look(now=now)

    def count(self, limit: limits.Limit) -> None:
        """Count what is refused."""
        if self._metrics is not None:
            self._metrics.refused(limit)

    def answered(self, status: int) -> None:
        """Count the answer to what was no request."""
        if self._metrics is not None:
            self._metrics.answered("none", status)

    def _least_needed(self) -> Connection | None:
        """The oldest of those that are needed least; ``None`` where answers are due on all of them."""
        found: dict[_Need, Connection] = {}
        for connection in self._open:
            need = connection.need
            if need is _Need.NEW:
                return connection
            found.setdefault(need, connection)
        return found.get(_Need.IDLE) or found.get(_Need.SENDING)


class _Need(enum.Enum):
    """How much a connection is needed, from least to most."""

    NEW = enum.auto()
    """It has never sent a whole head."""
    IDLE = enum.auto()
    """It has asked before, and may again."""
    SENDING = enum.auto()
    """The rest of a body is awaited."""
    BUSY = enum.auto()
    """An answer is due."""


class Connection(web.RequestHandler):
    """One connection of a client.

    :ivar address: the client's IP address, as the kernel knows it and never as a header tells it; ``None`` where it
        does not come over IP.
    """

    __slots__ = ("_awaited_since", "_most_head", "_requests", "_server", "address")

    def __init__(self, server: Server) -> None:
        most = self._most_head = server.limits.request_head
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # what it takes for "none"
            logger=server_log.Complaints(server_logger),  # type: ignore[arg-type] # an adapter is one to it
            keepalive_timeout=server.idle_timeout,
            lingering_time=_LINGER_SECONDS,
        )
        new = functools.partial(
            http_parser.HttpRequestParser,
            self,
            self._loop,
            _READ_BYTES,
            max_line_size=most,
            max_field_size=most,
            max_headers=MAX_HEADERS,
            max_msg_queue_size=1,
            payload_exception=web.RequestPayloadError,
            # Unpacking is ours: aiohttp's leaves some damaged bodies without an answer, and takes cut ones for whole.
            auto_decompress=False,
        )
        self._requests = request_parser.RequestParser(new)
        self._parser = self._requests  # type: ignore[assignment] # it does what is asked of one
        self._server = server
        self._awaited_since = 0.0
        self.address: str | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way, its answer included."""
        # Between its head and its handler a request is nowhere; then nobody waits for the next one, either.
        return bool(self._messages) or (self._waiter is None and self._request_count > 0)

    @property
    def is_ending(self) -> bool:
        """Whether the answer under way is the last one."""
        return self._close

    @property
    def need(self) -> _Need:
        """How much it is needed."""
        if not self._request_count:
            return _Need.NEW
        if self._requests.is_body_awaited:
            return _Need.SENDING
        return _Need.BUSY if self.is_busy else _Need.IDLE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._awaited_since = self._loop.time()
        self.address = addresses.of_peer(transport.get_extra_info("peername"))
        if self._server.entered(self):
            super().connection_made(transport)
            return
        self._manager = None
        self.transport = cast(asyncio.Transport, transport)
        self._dismiss(limit_errors.over(limits.Limit.CONNECTIONS, self._server.limits))

    def connection_lost(self, exc: BaseException | None) -> None:
        self._server.left(self)
        super().connection_lost(exc)
        # aiohttp tells whoever reads the body, but not who begins to, nor who throws away the rest of it.
        self._requests.close()

    def eof_received(self) -> bool | None:  # type: ignore[override] # asyncio asks for this
        """The client sends nothing more. What it has sent is answered, where it may still read that."""
        if not self.is_busy:
            if self._requests.head and not self._force_close:
                self._dismiss(errors.BadRequestError(_CUT_HEAD))
            return None
        begun = self._current_request is not None and self._current_request.writer.output_size > 0
        if begun or self.ssl_context is not None:
            # Somebody who reads no further, or a protocol that cannot end in one direction alone.
            return None
        if self._requests.is_body_awaited:
            self._requests.cut_body(_CUT_BODY)
        self._finish()
        return True

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Not that a client has gone, or sends rubbish behind what was answered."""
        if not isinstance(kw.get("exc_info"), ConnectionError | web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def data_received(self, data: bytes) -> None:
        # Every push comes this way: as little as can be is done here.
        before, requests = self._request_count, self._requests
        head, awaited = requests.head, requests.body
        _parse(self, data)
        if self._request_count == before:
            if requests.is_over:
                self._finish()
            elif len(requests.head) > len(head):
                self._head_grown(len(head))
        elif self._messages:
            message, _ = self._messages[-1]
            if message.__class__ is _ErrInfo:
                self._misled(message, awaited)
                return
            if len(data) + len(head) > self._most_head:
                self._check_heads()
            if requests.is_over:
                self._finish()
            elif requests.head:
                self._awaited_since = self._loop.time()

    def look(self, *, now: float) -> None:
        """Turn it away where it takes too long for a head. One that has asked before may stay without asking."""
        if self.is_busy or not (self._requests.head or not self._request_count):
            return
        if now - self._awaited_since < self._server.limits.head_timeout:
            return
        if self._requests.head:
            self._turn_away(limits.Limit.HEAD_TIMEOUT)
        else:
            self._server.count(limits.Limit.HEAD_TIMEOUT)
            self._server.left(self)
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what is no request, and to what our own errors leave unanswered."""
        if isinstance(exc, ConnectionError):
            raise exc
        if not isinstance(exc, http_exceptions.HttpProcessingError | errors.BadRequestError):
            return super().handle_error(request, status, exc, message)
        error = self._told(exc)
        self._server.answered(responses.status(error))
        answer = responses.told(error, responses.status(error))
        answer.force_close()
        return answer

    def _told(self, error: BaseException) -> errors.BadRequestError:
        """What is said of what is no request, and counted."""
        assert isinstance(error, http_exceptions.HttpProcessingError | errors.BadRequestError)
        if isinstance(error, http_exceptions.LineTooLong):
            error = limit_errors.over(limits.Limit.REQUEST_HEAD, self._server.limits)
        elif error.args == (_TOO_MANY_HEADERS,):
            reason = f"the request has more than {MAX_HEADERS} headers"
            error = errors.LimitError(reason, limit=limits.Limit.REQUEST_HEAD)
        if isinstance(error, errors.LimitError):
            self._server.count(error.limit)
        return (
            error if isinstance(error, errors.BadRequestError) else errors.BadRequestError(request_heads.reason(error))
        )

    def _misled(self, error: _ErrInfo, body: aiohttp.StreamReader | None) -> None:
        """What came last is neither a request nor what can be of the body that was awaited."""
        if body is not None and not body.is_eof():
            # aiohttp would leave whoever reads the body waiting.
            self._messages.pop()
            self._requests.cut_body(str(self._told(error.exc)))
            # SECURITY: nobody knows where the next request would begin.
            self.close()
        elif len(self._messages) == 1 and (self._waiter is not None or self._request_count == 1):
            self._messages.pop()
            self._dismiss(self._told(error.exc))

    def _finish(self) -> None:
        """Answer what has come, and close; the last answer says so where it still can."""
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
        for place, (message, _) in enumerate(self._messages):
            if isinstance(message, _ErrInfo) or request_heads.size(message) <= self._most_head:
                continue
            error = limit_errors.over(limits.Limit.REQUEST_HEAD, self._server.limits)
            refused = _ErrInfo(status=error.limit.status, exc=error, message=str(error))
            self._messages[place] = (refused, aiohttp.streams.EMPTY_PAYLOAD)

    def _head_grown(self, before: int) -> None:
        """A head that had so many bytes has more now, and is not whole yet."""
        if self._force_close or self._close:
            return
        if not before and self._request_count:
            self._awaited_since = self._loop.time()
        if len(self._requests.head) > self._most_head:
            self._turn_away(limits.Limit.REQUEST_HEAD)

    def _turn_away(self, limit: limits.Limit) -> None:
        """Count what is over this limit, and close. A request that is under way is answered before."""
        if self.is_busy:
            self._server.count(limit)
            self.close()
        else:
            self._dismiss(self._told(limit_errors.over(limit, self._server.limits)))

    def _dismiss(self, error: errors.BadRequestError) -> None:
        """Say why, and close."""
        transport, self._force_close = self.transport, True
        if self._task_handler is not None:
            self._task_handler.cancel()
        if transport is None:
            return
        self._server.answered(responses.status(error))
        transport.write(responses.last_word(error, headers=self._server.headers()))
        if self._server.dismissed(self) and transport.can_write_eof():
            transport.write_eof()
            self._loop.call_later(_LAST_WORD_SECONDS, transport.abort)
        else:
            transport.close()


def of(request: web.BaseRequest) -> Connection:
    """The connection that a request came over."""
    connection = request.protocol
    assert isinstance(connection, Connection)
    return connection


async def look_after(*looks: Callable[..., None], every: float) -> None:
    """Call each of these with the event loop's time as ``now``, for ever, so many seconds apart."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(every)
        for look in looks:
            look(now=loop.time())
