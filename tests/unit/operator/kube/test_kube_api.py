"""How the Kubernetes client handles faults of the API server."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.operator import fake_api_server, object_builders
from tidegate import settings
from tidegate.aio import clocks
from tidegate.operator.cache import cluster_cache
from tidegate.operator.kube import kube_api
from tidegate.operator.objects import owner_kinds

JOBS = owner_kinds.JOB
POD = cluster_cache.PodLookup("prod", "x-b2c4d")


@contextlib.asynccontextmanager
async def _client(server: fake_api_server.ApiServer, **overrides: object) -> AsyncIterator[kube_api.KubeApi]:
    kube_settings = settings.KubernetesSettings(**{"page_size": 2, **overrides})  # type: ignore[arg-type]
    api = kube_api.KubeApi(server.login(), kube_settings=kube_settings, clock=clocks.SystemClock())
    try:
        yield api
    finally:
        await api.close()


async def test_list_is_read_page_by_page(server: fake_api_server.ApiServer) -> None:
    for number in range(5):
        server.put(object_builders.job(f"job-{number}"))
    async with _client(server) as api:
        views = await api.list_objects(JOBS)
    assert [view.owner.name for view in views] == [f"job-{number}" for number in range(5)]
    assert server.calls == [
        "GET /apis/batch/v1/jobs?limit=2",
        "GET /apis/batch/v1/jobs?limit=2&continue=2",
        "GET /apis/batch/v1/jobs?limit=2&continue=4",
    ]


async def test_list_with_an_expired_continuation_is_restarted(server: fake_api_server.ApiServer) -> None:
    for number in range(3):
        server.put(object_builders.job(f"job-{number}"))
    server.faults.extend([410, 410])
    async with _client(server) as api:
        assert len(await api.list_objects(JOBS)) == 3
        server.faults.extend([410, 410, 410])
        with pytest.raises(kube_api.ExpiredError):
            await api.list_objects(JOBS)


async def test_only_the_configured_namespaces_are_listed(server: fake_api_server.ApiServer) -> None:
    for namespace in ("a", "b", "c"):
        server.put(object_builders.job("x", namespace=namespace))
    async with _client(server, namespaces=("a", "c")) as api:
        views = await api.list_objects(JOBS)
    assert [view.owner.namespace for view in views] == ["a", "c"]


@pytest.mark.parametrize(
    ("status", "reason", "advice"),
    [
        (401, "unauthorized", "has the token or certificate expired"),
        (403, "forbidden", "grant this permission to the operator's service account"),
        (429, "throttled", "throttles requests"),
        (500, "server", "fault 500"),
        (422, "rejected", "fault 422"),
    ],
)
async def test_rejected_request_fails_with_advice(
    server: fake_api_server.ApiServer, status: int, reason: str, advice: str
) -> None:
    server.faults.append(status)
    async with _client(server) as api:
        with pytest.raises(kube_api.ApiError, match=f"GET /apis/batch/v1/jobs: .*{advice}") as caught:
            await api.list_objects(JOBS)
    assert caught.value.reason == reason


async def test_response_timeout_is_an_error(server: fake_api_server.ApiServer) -> None:
    server.faults.append(None)
    async with _client(server, request_timeout=0.1) as api:
        with pytest.raises(kube_api.ApiError, match=r"no response within 0\.1 s") as caught:
            await api.list_objects(JOBS)
    assert caught.value.reason == "timeout"


def test_connection_timeout_is_distinguished_from_a_response_timeout() -> None:
    error = aiohttp.ConnectionTimeoutError("Connection timeout to host http://10.0.0.1")
    api_error = kube_api.connection_error("GET /apis", error, timeout_seconds=30.0)
    assert (api_error.reason, str(api_error)) == (
        "unreachable",
        "GET /apis: Connection timeout to host http://10.0.0.1; is the API server up, and can this Pod connect to it?",
    )


async def test_unreachable_api_server_is_an_error(server: fake_api_server.ApiServer) -> None:
    async with _client(server) as api:
        await server.stop()
        with pytest.raises(kube_api.ApiError, match="is the API server up") as caught:
            await api.list_objects(JOBS)
    assert caught.value.reason == "unreachable"


async def test_owner_of_a_pod_is_returned(server: fake_api_server.ApiServer) -> None:
    server.pods["x-b2c4d"] = "u1"
    async with _client(server) as api:
        assert await api.get_pod_owner(POD) == "u1"
        assert await api.get_pod_owner(cluster_cache.PodLookup("prod", "x-zzzzz")) is None
        server.faults.append(403)
        with pytest.raises(kube_api.ForbiddenError):
            await api.get_pod_owner(POD)
