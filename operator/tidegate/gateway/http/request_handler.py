"""Handling of every request of one address: authentication, routing, counting, and errors as plain text.

It runs on aiohttp's low-level server: the routing and middlewares of an aiohttp application take as long again as a
whole push.
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


class RequestHandler:
    """Handles the requests of an address. Create it in the event loop that serves it.

    :param limit_settings: limits on a client's requests.
    :param idle_timeout: seconds after which a connection without a request is closed.
    :param authenticator: checks every request; ``None`` accepts all.
    :param metrics: counts requests; ``None`` to count nothing.
    :ivar server: the server that calls this handler.
    :ivar is_closing: whether every connection closes after its next response.
    """

    def __init__(
        self,
        routes: router.Routes,
        *,
        limit_settings: settings.LimitSettings,
        idle_timeout: float,
        authenticator: basic_auth.Authenticator | None = None,
        metrics: own_metrics.GatewayMetrics | None = None,
    ) -> None:
        self._routes = routes
        self._limits = limit_settings
        self._authenticator = authenticator
        self._metrics = metrics
        self._inflight = inflight.InflightRequests()
        self.is_closing = False
        self.server = connections.Server(
            self.handle,
            limit_settings=self._limits,
            idle_timeout=idle_timeout,
            metrics=self._metrics,
            headers=lambda: self.headers,
            request_factory=functools.partial(self._new_request, asyncio.get_running_loop()),
        )

    def set_routes(self, routes: router.Routes) -> None:
        """Use these routes for further requests."""
        self._routes = routes

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Respond to a request."""
        route = self._routes.find(request)
        self._inflight.begin()
        try:
            response = await self._respond(request, route)
        except web.HTTPException as error:
            self._count(route, error)
            raise
        finally:
            self._inflight.end()
        self._count(route, response)
        is_plain = not (self.is_closing or self.headers or connections.of(request).is_ending)
        return responses.for_request(request, response, is_plain=is_plain)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that the web configuration file adds to every response."""
        return self._authenticator.headers if self._authenticator is not None else {}

    async def finish(self, *, timeout: float) -> None:  # noqa: ASYNC109 - passed on
        """Respond to the last requests, for at most ``timeout`` seconds; every response closes its connection.

        These are the requests in flight and those that connected clients still send.
        """
        self.is_closing = True
        await self._inflight.wait_until_done(timeout=timeout, is_disconnected=lambda: self.server.is_empty)

    async def _respond(self, request: web.BaseRequest, route: router.Route) -> web.StreamResponse:
        if self._authenticator is not None and (rejection := await self._authenticator.check(request)) is not None:
            return rejection
        try:
            if request.version is not HttpVersion11:
                _check_version(request)
            if hdrs.EXPECT in request.headers:
                await self._send_continue(request)
            return await self._routes.dispatch(request, route)
        except errors.LimitError as error:
            _logger.debug(
                "rejected %s %s from %s: over a limit: %s", request.method, request.raw_path, request.remote, error
            )
            if self._metrics is not None:
                self._metrics.count_limit(error.limit)
            response = responses.error(error, error.limit.status)
            if error.limit is limits.Limit.BODY or not request.content.is_eof():
                # The rest of the body is discarded for a while, so that the client receives the response.
                response.force_close()
            return response
        except errors.BadRequestError as error:
            _logger.debug("rejected %s %s from %s: %s", request.method, request.raw_path, request.remote, error)
            return responses.error(error, 400)
        except errors.StorageError as error:
            return responses.error(error, 507)

    async def _send_continue(self, request: web.BaseRequest) -> None:
        """Send ``100 Continue`` to a client that waits for it before it sends its body.

        :raises web.HTTPException: 417 for any other expectation.
        """
        expectation = request.headers[hdrs.EXPECT]
        if not expectation:
            return
        if _CONTINUE not in expectation.lower().replace(" ", "").split(","):
            raise web.HTTPExpectationFailed(text="unsupported Expect header: only 100-continue is supported\n")
        if request.version != HttpVersion11 or request.content is aiohttp.streams.EMPTY_PAYLOAD:
            return
        if (request.content_length or 0) > self._limits.body:
            raise limit_errors.exceeded(limits.Limit.BODY, self._limits)
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # These bytes are not part of the response, which has not begun.
        request.writer.output_size = 0

    def _count(self, route: router.Route, response: web.StreamResponse) -> None:
        if self._metrics is not None:
            self._metrics.count_response(route.name, response.status)

    def _new_request(  # noqa: PLR0917 (aiohttp passes these by position)
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
        request.handler = self
        return request


class _Request(web.BaseRequest):
    """A request that adds the common headers to its response just before it is sent."""

    handler: RequestHandler

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        # SECURITY: plain text that repeats a client's bytes must not be rendered as HTML by a browser.
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.update(self.handler.headers)
        if self.handler.is_closing or connections.of(self).is_ending:
            response.force_close()
            response.headers[hdrs.CONNECTION] = "close"


def _check_version(request: web.BaseRequest) -> None:
    """:raises errors.BadRequestError: the HTTP version is not supported, or lacks a feature that the request uses."""
    if request.version != HttpVersion10:
        raise errors.BadRequestError("unsupported HTTP version: send HTTP/1.1 or HTTP/1.0")
    if hdrs.TRANSFER_ENCODING in request.headers:
        # SECURITY: other servers read such a request as one without a body, and its chunks as another request.
        raise errors.BadRequestError("HTTP/1.0 has no Transfer-Encoding: send HTTP/1.1, or a Content-Length")
