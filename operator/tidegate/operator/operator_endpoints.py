"""What the operator itself serves: its metrics, its probes, and what it thinks of each group."""

from __future__ import annotations

from collections.abc import Callable

import prometheus_client
from aiohttp import web

from tidegate.operator.explain import groups_endpoint


def app(
    registry: prometheus_client.CollectorRegistry,
    *,
    groups: groups_endpoint.GroupsEndpoint,
    is_alive: Callable[[], bool],
    is_ready: Callable[[], bool],
) -> web.Application:
    """``/metrics``, ``/api/v1/groups``, ``/healthz`` (503: restart it), ``/readyz`` (503: it has not planned yet)."""

    async def metrics(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler of aiohttp
        body = prometheus_client.generate_latest(registry)
        return web.Response(body=body, headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST})

    async def healthz(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler of aiohttp
        return _probe(is_alive(), "the worker has not come round for several resync periods")

    async def readyz(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler of aiohttp
        return _probe(is_ready(), "no plan was made yet: the gateway or the API server has not answered")

    application = web.Application()
    application.add_routes([web.get("/metrics", metrics), web.get("/healthz", healthz), web.get("/readyz", readyz)])
    application.add_routes([web.get("/api/v1/groups", groups.get)])
    return application


def _probe(healthy: bool, problem: str) -> web.Response:  # noqa: FBT001 - private, and both words say what they are
    return web.Response(text="ok\n") if healthy else web.Response(text=f"{problem}\n", status=503)
