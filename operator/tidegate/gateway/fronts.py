"""What every request of one address goes through: admitted, routed, counted, and told in plain text what is wrong.

It is aiohttp's low-level server: an application's routing and middlewares take as long again as a whole push.
"""

from __future__ import annotations

import asyncio
import functools
import logging

import aiohttp
from aiohttp import abc, hdrs, http_parser, web
from aiohttp.http import HttpVersion11
from aiohttp.log import server_logger

from tidegate.gateway import answers, complaints, flights, guards, routes
from tidegate.gateway import metrics as own_metrics
from tidegate.model import errors

_logger = logging.getLogger(__name__)


class Front:
    """The handler of an address.

    :param body_bytes: the largest body of a request.
    :param guard: ``None`` lets everybody in.
    :param metrics: where requests are counted; ``None`` for nowhere.
    :ivar flight: the requests under way.
    """

    def __init__(
        self,
        found: routes.Routes,
        *,
        body_bytes: int,
        guard: guards.Keeper | None = None,
        metrics: own_metrics.GatewayMetrics | None = None,
    ) -> None:
        self._routes = found
        self._body_bytes = body_bytes
        self._guard = guard
        self._metrics = metrics
        self.flight = flights.InFlight()

    def server(self) -> web.Server:
        """A server that asks this front. Call it within the event loop."""
        return web.Server(
            self.handle,
            request_factory=functools.partial(self._request, asyncio.get_running_loop()),
            access_log=None,
            logger=complaints.Complaints(server_logger),
            # Unpacking is ours: aiohttp's leaves some damaged bodies without an answer, and takes cut ones for whole.
            auto_decompress=False,
        )

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request."""
        route = self._routes.find(request)
        self.flight.begin()
        try:
            response = await self._respond(request, route)
        except web.HTTPException as answer:
            self._count(route, answer)
            raise
        finally:
            self.flight.end()
        self._count(route, response)
        return answers.fitting(request, response, plain=self._guard is None or not self._guard.headers)

    async def _respond(self, request: web.BaseRequest, route: routes.Route) -> web.StreamResponse:
        if self._guard is not None and (refusal := await self._guard.refuse(request)) is not None:
            return refusal
        if hdrs.EXPECT in request.headers:
            await _expect(request)
        try:
            return await self._routes.answer(request, route)
        except errors.BadRequestError as error:
            _logger.debug("refused %s %s from %s: %s", request.method, request.path, request.remote, error)
            return web.Response(status=400, text=f"{error}\n")

    def _count(self, route: routes.Route, response: web.StreamResponse) -> None:
        if self._metrics is not None:
            self._metrics.answered(route.name, response.status)

    def _request(
        self,
        loop: asyncio.AbstractEventLoop,
        message: http_parser.RawRequestMessage,
        payload: aiohttp.StreamReader,
        protocol: web.RequestHandler,
        writer: abc.AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> _Request:
        request = _Request(message, payload, protocol, writer, task, loop, client_max_size=self._body_bytes)
        request.guard = self._guard
        return request


class _Request(web.BaseRequest):
    """A request whose answer, whoever makes it, gets the guard's headers just before it is sent."""

    guard: guards.Keeper | None = None

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        if self.guard is not None:
            response.headers.update(self.guard.headers)


async def _expect(request: web.BaseRequest) -> None:
    """Tell a client that asks before it sends its body to go on."""
    if request.version != HttpVersion11:
        return
    if request.headers[hdrs.EXPECT].lower() != "100-continue":
        raise web.HTTPExpectationFailed(text=f"Unknown Expect: {request.headers[hdrs.EXPECT]}")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    # What counts as sent of the answer is still nothing.
    request.writer.output_size = 0
