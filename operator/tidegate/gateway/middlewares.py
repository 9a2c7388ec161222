"""What every request goes through: counted by its handler, and told in plain text what it got wrong."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import typedefs as types
from aiohttp import web

from tidegate.gateway import metrics as own_metrics
from tidegate.model import errors

_logger = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def counting(metrics: own_metrics.GatewayMetrics) -> types.Middleware:
    """Counts requests by the name of their route and by status."""

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        name = request.match_info.route.name or "none"
        try:
            response = await handler(request)
        except web.HTTPException as answer:
            metrics.requests.labels(handler=name, code=str(answer.status)).inc()
            raise
        metrics.requests.labels(handler=name, code=str(response.status)).inc()
        return response

    return count


@web.middleware
async def explaining(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns what a client got wrong into a 400 that says so."""
    try:
        return await handler(request)
    except errors.BadRequestError as error:
        _logger.debug("refused %s %s from %s: %s", request.method, request.path, request.remote, error)
        return web.Response(status=400, text=f"{error}\n")
