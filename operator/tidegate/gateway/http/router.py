"""Which handler answers which path and verb; for paths and verbs that none does, what Pushgateway's router answers."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from aiohttp import hdrs, web

from tidegate.gateway.http import request_target

Handler: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Route(NamedTuple):
    """A resource.

    :param name: as its requests are counted.
    :param handlers: by verb.
    """

    name: str
    handlers: Mapping[str, Handler]


NOWHERE = Route("none", {})
"""The route of a path that has none."""


class Routes:
    """The resources of one address."""

    def __init__(self) -> None:
        self._exact: dict[str, Route] = {}
        self._below: list[tuple[str, Route]] = []

    def add(self, path: str, name: str, handlers: Mapping[str, Handler]) -> None:
        """A resource at this path. Who answers GET answers HEAD."""
        self._exact[path] = _route(name, handlers)

    def add_below(self, prefix: str, name: str, handlers: Mapping[str, Handler]) -> None:
        """A resource at every path that begins with this and goes on, unless there is one at the path itself."""
        self._below.append((prefix, _route(name, handlers)))

    def everything(self) -> Iterator[tuple[str, Route]]:
        """All resources with their paths; one that is at every path below ends in a star."""
        yield from self._exact.items()
        yield from ((f"{prefix}*", route) for prefix, route in self._below)

    def find(self, request: web.BaseRequest) -> Route:
        """The resource that is asked for; :data:`NOWHERE` where there is none."""
        path = request.rel_url.raw_path
        return self._at(path if "%" not in path else request.rel_url.path_safe)

    def _at(self, path: str) -> Route:
        route = self._exact.get(path)
        if route is not None:
            return route
        for prefix, route in self._below:
            if path.startswith(prefix) and len(path) > len(prefix):
                return route
        return NOWHERE

    async def answer(self, request: web.BaseRequest, route: Route) -> web.StreamResponse:
        """What the route's handler for the verb answers, or what there is to say where it has none.

        A path with empty or dot components is sent to the one without, a path with a slash too many to the one that a
        route has, and any route tells its verbs to OPTIONS.
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
        if path.endswith("/") and self._at(path[:-1]) is not NOWHERE:
            return _redirect(request, path[:-1], status=301 if request.method == hdrs.METH_GET else 307)
        raise web.HTTPNotFound(text=f"there is nothing at {path}{self._instead(path)}\n")

    def _instead(self, path: str) -> str:
        """What to do instead of asking for a path that is none."""
        pushed = [prefix for prefix, route in self._below if hdrs.METH_PUT in route.handlers]
        for prefix in pushed:
            if path in (prefix, prefix[:-1]):
                return f": job name is required, as in {prefix}<job>"
        return f"; push to {pushed[0]}<job>" if pushed else ""


def _route(name: str, handlers: Mapping[str, Handler]) -> Route:
    head = {hdrs.METH_HEAD: handlers[hdrs.METH_GET]} if hdrs.METH_GET in handlers else {}
    return Route(name, {**handlers, **head})


def _clean(path: str) -> str:
    # A normalized path keeps two slashes at its start, and none at its end.
    clean = "/" + posixpath.normpath(path).lstrip("/")
    return clean + "/" if path.endswith("/") and clean != "/" else clean


def _redirect(request: web.BaseRequest, path: str, *, status: int) -> web.Response:
    where = request_target.location(path, request.rel_url.raw_query_string)
    return web.Response(status=status, headers={hdrs.LOCATION: where})


def _listed(handlers: Mapping[str, Handler]) -> str:
    *others, last = sorted(handlers)
    return f"{', '.join(others)} or {last}" if others else last
