"""Routing by path and method. Unknown paths and methods get the responses of Pushgateway's router."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from aiohttp import hdrs, web

from tidegate.gateway.http import request_target

Handler: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Route(NamedTuple):
    """The handlers of a path.

    :param name: the value of the label ``handler`` of ``tidegate_http_requests_total``.
    :param handlers: by method.
    """

    name: str
    handlers: Mapping[str, Handler]


NO_ROUTE = Route("none", {})
"""The route of an unknown path."""


class Routes:
    """The routes of one address."""

    def __init__(self) -> None:
        self._exact: dict[str, Route] = {}
        self._below: list[tuple[str, Route]] = []

    def add(self, path: str, name: str, handlers: Mapping[str, Handler]) -> None:
        """Add a route for this path. A handler of GET also handles HEAD."""
        self._exact[path] = _route(name, handlers)

    def add_below(self, prefix: str, name: str, handlers: Mapping[str, Handler]) -> None:
        """Add a route for every longer path that begins with this prefix and has no route of its own."""
        self._below.append((prefix, _route(name, handlers)))

    def all(self) -> Iterator[tuple[str, Route]]:
        """All routes with their paths; the path of a route for a prefix ends in a star."""
        yield from self._exact.items()
        yield from ((f"{prefix}*", route) for prefix, route in self._below)

    def find(self, request: web.BaseRequest) -> Route:
        """The route of a request; :data:`NO_ROUTE` if its path is unknown."""
        path = request.rel_url.raw_path
        return self._at(path if "%" not in path else request.rel_url.path_safe)

    def _at(self, path: str) -> Route:
        route = self._exact.get(path)
        if route is not None:
            return route
        for prefix, route in self._below:
            if path.startswith(prefix) and len(path) > len(prefix):
                return route
        return NO_ROUTE

    async def dispatch(self, request: web.BaseRequest, route: Route) -> web.StreamResponse:
        """Call the route's handler for the method.

        As in Pushgateway, a path with empty or dot segments redirects to the cleaned path, an unknown path with a
        trailing slash to the path without it, and every route responds to OPTIONS.

        :raises web.HTTPException: 404 for an unknown path, 405 for a method without a handler.
        """
        path = request.rel_url.raw_path
        if ("//" in path or "/." in path) and (clean := _clean(path)) != path:
            return _redirect(request, clean, status=307)
        handler = route.handlers.get(request.method)
        if handler is not None:
            return await handler(request)
        if route.handlers.keys() - {hdrs.METH_OPTIONS}:
            if request.method != hdrs.METH_OPTIONS:
                text = f"{request.method} is not allowed at {path}: use {_listed(route.handlers)}\n"
                raise web.HTTPMethodNotAllowed(request.method, route.handlers, text=text)
            return web.Response(headers={hdrs.ALLOW: ",".join(sorted(route.handlers))})
        if path.endswith("/") and self._at(path[:-1]) is not NO_ROUTE:
            return _redirect(request, path[:-1], status=301 if request.method == hdrs.METH_GET else 307)
        raise web.HTTPNotFound(text=f"no such path: {path}{self._hint(path)}\n")

    def _hint(self, path: str) -> str:
        """The end of a 404 message: which path the client may have meant."""
        push_prefixes = [prefix for prefix, route in self._below if hdrs.METH_PUT in route.handlers]
        for prefix in push_prefixes:
            if path in (prefix, prefix[:-1]):
                return f": job name is required, as in {prefix}<job>"
        return f"; push to {push_prefixes[0]}<job>" if push_prefixes else ""


def _route(name: str, handlers: Mapping[str, Handler]) -> Route:
    head = {hdrs.METH_HEAD: handlers[hdrs.METH_GET]} if hdrs.METH_GET in handlers else {}
    return Route(name, {**handlers, **head})


def _clean(path: str) -> str:
    # normpath keeps two slashes at the start and removes the one at the end.
    clean = "/" + posixpath.normpath(path).lstrip("/")
    return clean + "/" if path.endswith("/") and clean != "/" else clean


def _redirect(request: web.BaseRequest, path: str, *, status: int) -> web.Response:
    location = request_target.location(path, request.rel_url.raw_query_string)
    return web.Response(status=status, headers={hdrs.LOCATION: location})


def _listed(handlers: Mapping[str, Handler]) -> str:
    *others, last = sorted(handlers)
    return f"{', '.join(others)} or {last}" if others else last
