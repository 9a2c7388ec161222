"""What every request of one address goes through: admitted, routed, counted, and told in plain text what is wrong.

It is aiohttp's low-level server: an application's routing and middlewares take as long again as a whole push.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Mapping

import aiohttp
from aiohttp import abc, hdrs, http_parser, web
from aiohttp.http import HttpVersion10, HttpVersion11

from tidegate import settings
from tidegate.gateway.http import basic_auth, connections, inflight, limit_errors, request_target, responses, router
from tidegate.gateway.metrics import own_metrics
from tidegate.model import errors, limits

_logger = logging.getLogger(__name__)

_CONTINUE = "100-continue"


class Front:
    """The handler of an address. Make it within the event loop that serves it.

    :param chosen: what a client may cost.
    :param idle_timeout: seconds after which a connection without a request is closed.
    :param guard: ``None`` lets everybody in.
    :param metrics: where requests are counted; ``None`` for nowhere.
    :ivar server: a server that asks this front.
    :ivar is_closing: whether no connection may stay open after the next answer.
    """

    def __init__(
        self,
        found: router.Routes,
        *,
        chosen: settings.LimitSettings,
        idle_timeout: float,
        guard: basic_auth.Keeper | None = None,
        metrics: own_metrics.GatewayMetrics | None = None,
    ) -> None:
        self._routes = found
        self._limits = chosen
        self._guard = guard
        self._metrics = metrics
        self._flight = inflight.InFlight()
        self.is_closing = False
        self.server = connections.Server(
            self.handle,
            chosen=self._limits,
            idle_timeout=idle_timeout,
            metrics=self._metrics,
            headers=lambda: self.headers,
            request_factory=functools.partial(self._request, asyncio.get_running_loop()),
        )

    def change(self, found: router.Routes) -> None:
        """From now on requests go these ways."""
        self._routes = found

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request."""
        route = self._routes.find(request)
        self._flight.begin()
        try:
            response = await self._respond(request, route)
        except web.HTTPException as answer:
            self._count(route, answer)
            raise
        finally:
            self._flight.end()
        self._count(route, response)
        plain = not (self.is_closing or self.headers or connections.of(request).is_ending)
        return responses.fitting(request, response, plain=plain)

    @property
    def headers(self) -> Mapping[str, str]:
        """What the configuration has every answer say besides."""
        return self._guard.headers if self._guard is not None else {}

    async def finish(self, *, within: float) -> None:
        """Answer what is under way and what those who are connected still ask, in so many seconds; every answer is
        the last one of its connection, and says so."""
        self.is_closing = True
        await self._flight.ended(within=within, all_gone=lambda: self.server.is_empty)

    async def _respond(self, request: web.BaseRequest, route: router.Route) -> web.StreamResponse:
        if self._guard is not None and (refusal := await self._guard.refuse(request)) is not None:
            return refusal
        try:
            if request.version is not HttpVersion11:
                _check_old(request)
            if hdrs.EXPECT in request.headers:
                await self._expect(request)
            return await self._routes.answer(request, route)
        except errors.LimitError as error:
            _logger.debug("over a limit: %s %s from %s: %s", request.method, request.raw_path, request.remote, error)
            if self._metrics is not None:
                self._metrics.refused(error.limit)
            response = responses.told(error, error.limit.status)
            if error.limit is limits.Limit.BODY or not request.content.is_eof():
                # What still comes of the body is thrown away for a while, so that the client gets to see the answer.
                response.force_close()
            return response
        except errors.BadRequestError as error:
            _logger.debug("refused %s %s from %s: %s", request.method, request.raw_path, request.remote, error)
            return responses.told(error, 400)
        except errors.StorageError as error:
            return responses.told(error, 507)

    async def _expect(self, request: web.BaseRequest) -> None:
        """Tell a client that asks before it sends its body to go on."""
        expected = request.headers[hdrs.EXPECT]
        if not expected:
            return
        if _CONTINUE not in expected.lower().replace(" ", "").split(","):
            raise web.HTTPExpectationFailed(text="Expect can be 100-continue alone\n")
        if request.version != HttpVersion11 or request.content is aiohttp.streams.EMPTY_PAYLOAD:
            return
        if (request.content_length or 0) > self._limits.body:
            raise limit_errors.over(limits.Limit.BODY, self._limits)
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # What counts as sent of the answer is still nothing.
        request.writer.output_size = 0

    def _count(self, route: router.Route, response: web.StreamResponse) -> None:
        if self._metrics is not None:
            self._metrics.answered(route.name, response.status)

    def _request(  # noqa: PLR0917 (aiohttp passes these by position)
        self,
        loop: asyncio.AbstractEventLoop,
        message: http_parser.RawRequestMessage,
        payload: aiohttp.StreamReader,
        protocol: web.RequestHandler,
        writer: abc.AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> _Request:
        if not request_target.is_plain(message.path) and message.path != "*":
            message = message._replace(url=request_target.url(message.path))
        request = _Request(message, payload, protocol, writer, task, loop, client_max_size=self._limits.body)
        request.front = self
        return request


class _Request(web.BaseRequest):
    """A request whose answer, whoever makes it, gets what all answers have just before it is sent."""

    front: Front

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        # SECURITY: no browser takes for a page what repeats a client's words as plain text.
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.update(self.front.headers)
        if self.front.is_closing or connections.of(self).is_ending:
            response.force_close()
            response.headers[hdrs.CONNECTION] = "close"


def _check_old(request: web.BaseRequest) -> None:
    """:raises errors.BadRequestError: it is of a version that is not spoken here, or has what its version has not."""
    if request.version != HttpVersion10:
        raise errors.BadRequestError("HTTP is spoken in its versions 1.0 and 1.1")
    if hdrs.TRANSFER_ENCODING in request.headers:
        # SECURITY: others take such a request for one without a body, and read its chunks as another request.
        raise errors.BadRequestError("HTTP/1.0 has no Transfer-Encoding: send HTTP/1.1, or a Content-Length")
