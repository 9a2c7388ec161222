"""What a connection may cost before it has sent a request: its head, the time it takes for it, its place.

aiohttp's own protocol limits lines and headers one by one, and waits for a head as long as it takes. Its settings do
not reach that far, so what it keeps for itself (the names with an underscore) is read here, and only here.
"""

from __future__ import annotations

import asyncio
import enum
import http
import logging
from collections.abc import Callable, Mapping
from typing import Any, cast

import aiohttp
from aiohttp import http_exceptions, web, web_protocol
from aiohttp.log import server_logger

from tidegate import settings
from tidegate.aiokits import addresses, descriptors
from tidegate.gateway import answers, complaints, refusals
from tidegate.gateway import metrics as own_metrics
from tidegate.model import errors, limits

_logger = logging.getLogger(__name__)

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


_parse = web.RequestHandler.data_received


class Server(web.Server):
    """A server with so many connections at most.

    Where all are taken the oldest that has never asked anything makes room, else the oldest idle one, else the oldest
    whose request is still to come in full. So nobody is locked out by connections that do nothing; where answers are
    due on all of them the newest is turned away.

    :param metrics: where what is refused is counted; ``None`` for nowhere.
    :param headers: what every answer says besides.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Any],
        *,
        chosen: settings.LimitSettings,
        metrics: own_metrics.GatewayMetrics | None,
        headers: Callable[[], Mapping[str, str]],
        request_factory: Callable[..., web.BaseRequest],
    ) -> None:
        super().__init__(handler, request_factory=request_factory)
        self.headers = headers
        self.limits = chosen
        self._metrics = metrics
        self._room = descriptors.room_for(chosen.connections)
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

    __slots__ = ("_awaited_since", "_body", "_head_bytes", "_server", "address")

    def __init__(self, server: Server) -> None:
        most = server.limits.request_head
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # what it takes for "none"
            logger=complaints.Complaints(server_logger),  # type: ignore[arg-type] # an adapter is one to it
            max_line_size=most,
            max_field_size=most,
            max_headers=MAX_HEADERS,
            read_bufsize=_READ_BYTES,
            lingering_time=_LINGER_SECONDS,
            # Unpacking is ours: aiohttp's leaves some damaged bodies without an answer, and takes cut ones for whole.
            auto_decompress=False,
        )
        self._server = server
        self._body: aiohttp.StreamReader | None = None
        self._head_bytes = 0
        self._awaited_since = 0.0
        self.address: str | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way, its answer included."""
        return self._request_in_progress or bool(self._messages)

    @property
    def need(self) -> _Need:
        """How much it is needed."""
        if not self._request_count:
            return _Need.NEW
        if self._body is not None and not self._body.is_eof():
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
        self._dismiss(refusals.over(limits.Limit.CONNECTIONS, self._server.limits))

    def connection_lost(self, exc: BaseException | None) -> None:
        self._server.left(self)
        super().connection_lost(exc)
        # aiohttp tells whoever reads the body, but not who begins to, nor who throws away the rest of it.
        if self._body is not None and not self._body.is_eof() and self._body.exception() is None:
            self._body.set_exception(ConnectionResetError("the client has gone"))
        # They hold each other: both would stay until Python looks for such.
        self._body = None

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Not that a client has gone, or sends rubbish behind what was answered."""
        if not isinstance(kw.get("exc_info"), ConnectionError | web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def data_received(self, data: bytes) -> None:
        # Every push comes this way: as little as can be is done here.
        before = self._request_count
        _parse(self, data)
        if self._request_count == before:
            if data and (self._body is None or self._body.is_eof()):
                self._head_grown(data)
        elif self._messages:
            message, body = self._messages[-1]
            awaited, self._body = self._body, body
            if message.__class__ is web_protocol._ErrInfo:
                self._misled(message, awaited)
            elif len(data) + self._head_bytes > self._server.limits.request_head:
                self._check_heads()
            self._head_bytes = 0

    def look(self, *, now: float) -> None:
        """Turn it away where it takes too long for a head. One that has asked before may stay without asking."""
        if self.is_busy or not (self._head_bytes or not self._request_count):
            return
        if now - self._awaited_since < self._server.limits.head_timeout:
            return
        if self._head_bytes:
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
        if not isinstance(exc, http_exceptions.HttpProcessingError | errors.LimitError):
            return super().handle_error(request, status, exc, message)
        error = self._told(exc)
        self._server.answered(_status(error))
        answer = answers.told(error, _status(error))
        answer.force_close()
        return answer

    def _told(self, error: http_exceptions.HttpProcessingError | errors.LimitError) -> errors.BadRequestError:
        """What is said of what is no request, and counted."""
        if isinstance(error, http_exceptions.LineTooLong):
            error = refusals.over(limits.Limit.REQUEST_HEAD, self._server.limits)
        elif error.args == (_TOO_MANY_HEADERS,):
            reason = f"the request has more than {MAX_HEADERS} headers"
            error = errors.LimitError(reason, limit=limits.Limit.REQUEST_HEAD)
        if isinstance(error, errors.LimitError):
            self._server.count(error.limit)
            return error
        # SECURITY: what follows the first line repeats the client's own bytes, as many as it likes.
        return errors.BadRequestError(f"this is no HTTP request: {_first_line(error.message)}")

    def _misled(self, error: web_protocol._ErrInfo, body: aiohttp.StreamReader | None) -> None:
        """What came last is neither a request nor what can be of the body that is awaited."""
        assert isinstance(error.exc, http_exceptions.HttpProcessingError)
        if body is not None and not body.is_eof():
            # aiohttp would leave whoever reads the body waiting.
            self._messages.pop()
            body.set_exception(web.RequestPayloadError(_first_line(error.message)))
            # Nothing of it is left to be read and thrown away.
            body.feed_eof()
            # SECURITY: nobody knows where the next request would begin.
            self.close()
        elif len(self._messages) == 1 and not self._request_in_progress:
            self._messages.pop()
            self._dismiss(self._told(error.exc))

    def _check_heads(self) -> None:
        for place, (message, _) in enumerate(self._messages):
            if isinstance(message, web_protocol._ErrInfo) or _head_size(message) <= self._server.limits.request_head:
                continue
            error = refusals.over(limits.Limit.REQUEST_HEAD, self._server.limits)
            refused = web_protocol._ErrInfo(status=error.limit.status, exc=error, message=str(error))
            self._messages[place] = (refused, aiohttp.streams.EMPTY_PAYLOAD)

    def _head_grown(self, data: bytes) -> None:
        """These bytes are of a head that is not whole yet."""
        # Some clients send an empty line behind a body; it belongs to no request.
        size = len(data) if self._head_bytes else len(data.lstrip(b"\r\n"))
        if not size or self._force_close or self._close:
            return
        if not self._head_bytes and self._request_count:
            self._awaited_since = self._loop.time()
        self._head_bytes += size
        if self._head_bytes > self._server.limits.request_head:
            self._turn_away(limits.Limit.REQUEST_HEAD)

    def _turn_away(self, limit: limits.Limit) -> None:
        """Count what is over this limit, and close. A request that is under way is answered before."""
        if self.is_busy:
            self._server.count(limit)
            self.close()
        else:
            self._dismiss(self._told(refusals.over(limit, self._server.limits)))

    def _dismiss(self, error: errors.BadRequestError) -> None:
        """Say why, and close."""
        transport, self._force_close = self.transport, True
        if self._task_handler is not None:
            self._task_handler.cancel()
        if transport is None:
            return
        self._server.answered(_status(error))
        transport.write(_last_word(error, headers=self._server.headers()))
        if self._server.dismissed(self) and transport.can_write_eof():
            transport.write_eof()
            self._loop.call_later(_LAST_WORD_SECONDS, transport.abort)
        else:
            transport.close()


def address(request: web.BaseRequest) -> str | None:
    """See :class:`Connection`, of the one that a request came over."""
    connection = request.protocol
    assert isinstance(connection, Connection)
    return connection.address


async def look_after(*looks: Callable[..., None], every: float) -> None:
    """Call each of these with the event loop's time as ``now``, for ever, so many seconds apart."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(every)
        for look in looks:
            look(now=loop.time())


def _head_size(message: Any) -> int:
    """Bytes of a request's head as it was sent, but for blanks before and after values."""
    line = len(message.method) + len(message.path) + len(" HTTP/1.1\r\n\r\n") + 1
    return line + sum(len(name) + len(value) + len(": \r\n") for name, value in message.raw_headers)


def _status(error: errors.BadRequestError) -> int:
    return error.limit.status if isinstance(error, errors.LimitError) else 400


def _first_line(message: str) -> str:
    return message.partition("\n")[0].rstrip(":")


def _last_word(error: errors.BadRequestError, *, headers: Mapping[str, str]) -> bytes:
    """A whole answer."""
    text = answers.spelled(error)
    status = http.HTTPStatus(_status(error))
    lines = {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "Content-Length": len(text),
        "Connection": "close",
        **headers,
    }
    head = [f"HTTP/1.1 {status} {status.phrase}", *[f"{name}: {value}" for name, value in lines.items()]]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + text
