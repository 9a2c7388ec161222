"""What every request goes through: counted by its handler, and told in plain text what it got wrong."""

from __future__ import annotations

import logging
import posixpath
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import hdrs, web
from aiohttp import typedefs as types

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


@web.middleware
async def routing(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers for paths and verbs that no route has as Pushgateway's router does.

    A path with empty or dot components is sent to the one without, a path with a slash too many to the one that a route
    has, and any route tells its verbs to OPTIONS.
    """
    path = request.rel_url.raw_path
    clean = _clean(path)
    if clean != path:
        return _redirect(request, clean, status=307)
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as answer:
        if answer.allowed_methods == {hdrs.METH_OPTIONS}:
            raise web.HTTPNotFound from answer
        if request.method != hdrs.METH_OPTIONS:
            raise
        return web.Response(headers={hdrs.ALLOW: answer.headers[hdrs.ALLOW]})
    except web.HTTPNotFound:
        if not path.endswith("/") or not await _has_route(request, path[:-1]):
            raise
        return _redirect(request, path[:-1], status=301 if request.method == hdrs.METH_GET else 307)


def _clean(path: str) -> str:
    if "//" not in path and "/." not in path:
        return path
    # A normalized path keeps two slashes at its start, and none at its end.
    clean = "/" + posixpath.normpath(path).lstrip("/")
    return clean + "/" if path.endswith("/") and clean != "/" else clean


async def _has_route(request: web.Request, path: str) -> bool:
    found = await request.app.router.resolve(request.clone(rel_url=request.rel_url.with_path(path, encoded=True)))
    return found.http_exception is None


def _redirect(request: web.Request, path: str, *, status: int) -> web.Response:
    query = request.rel_url.raw_query_string
    return web.Response(status=status, headers={hdrs.LOCATION: f"{path}?{query}" if query else path})
