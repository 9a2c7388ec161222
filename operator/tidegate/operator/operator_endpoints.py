"""The HTTP endpoints of the operator: metrics, probes and decisions about groups."""

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
    """Build ``/metrics``, ``/api/v1/groups``, ``/healthz`` (503: restart), ``/readyz`` (503: no plan yet)."""

    async def metrics(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler of aiohttp
        body = prometheus_client.generate_latest(registry)
        return web.Response(body=body, headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST})

    async def healthz(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler of aiohttp
        return _probe(is_alive(), "the reconciler has made no progress for several resync periods")

    async def readyz(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler of aiohttp
        return _probe(
            is_ready(), "no plan was made yet; the operator is waiting for the gateway or the API server, see its log"
        )

    application = web.Application()
    application.add_routes([web.get("/metrics", metrics), web.get("/healthz", healthz), web.get("/readyz", readyz)])
    application.add_routes([web.get("/api/v1/groups", groups.get)])
    return application


def _probe(healthy: bool, problem: str) -> web.Response:  # noqa: FBT001 - private, and both arguments are named after their meaning
    return web.Response(text="ok\n") if healthy else web.Response(text=f"{problem}\n", status=503)
