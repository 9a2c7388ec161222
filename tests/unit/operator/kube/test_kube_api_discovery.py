"""The Kubernetes client discovers the kinds that the API server serves, and rejects other responses."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web

from tests.support.operator import fake_api_server, policy_builders
from tidegate import settings
from tidegate.aio import clocks
from tidegate.operator.cache import cluster_cache
from tidegate.operator.kube import kube_api, required_permissions
from tidegate.operator.objects import owner_kinds

_POLICIES = "/apis/tidegate.dev/v1alpha1"
_RESOURCES = {
    "resources": [
        {"name": "workflows", "kind": "Workflow", "namespaced": True},
        {"name": "clusterworkflows", "kind": "ClusterWorkflow", "namespaced": False},
    ]
}


@contextlib.asynccontextmanager
async def _serving(
    responses: Mapping[str, Any], *, namespaces: tuple[str, ...] = ()
) -> AsyncIterator[tuple[kube_api.KubeApi, list[str]]]:
    """A client of an API server with these responses by path; all others are 404. Also returns the paths in order."""
    calls: list[str] = []

    async def respond(request: web.Request) -> web.Response:
        calls.append(request.path)
        if request.path not in responses:
            return web.json_response({"message": "the server could not find the requested resource"}, status=404)
        return web.json_response(responses[request.path])

    server = fake_api_server.ApiServer()
    server.respond = respond
    await server.start()
    kube_settings = settings.KubernetesSettings(namespaces=namespaces)
    api = kube_api.KubeApi(server.login(), kube_settings=kube_settings, clock=clocks.SystemClock())
    try:
        yield api, calls
    finally:
        await api.close()
        await server.stop()


def _list(*items: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": "1"}, "items": list(items)}


def _kind(plural: str) -> owner_kinds.Kind:
    return owner_kinds.parse(f"argoproj.io/v1alpha1/{plural}:status.conditions.Done")


async def test_kind_of_a_resource_is_found_by_its_plural() -> None:
    async with _serving({"/apis/argoproj.io/v1alpha1": _RESOURCES}) as (api, _):
        assert await api.get_kind_name(_kind("workflows")) == "Workflow.argoproj.io"


@pytest.mark.parametrize(
    ("plural", "problem"),
    [("clusterworkflows", "is not namespaced"), ("missing", "the API server does not serve missing")],
)
async def test_resource_that_cannot_be_watched_is_an_error(plural: str, problem: str) -> None:
    async with _serving({"/apis/argoproj.io/v1alpha1": _RESOURCES}) as (api, _):
        with pytest.raises(kube_api.NotFoundError, match=problem):
            await api.get_kind_name(_kind(plural))


async def test_there_are_no_policies_without_their_kinds() -> None:
    async with _serving({}) as (api, calls):
        assert await api.list_policies() == []
    assert calls == [_POLICIES]


async def test_policies_of_both_scopes_are_listed() -> None:
    namespaced, wide = policy_builders.NAMESPACED, policy_builders.CLUSTERWIDE
    responses = {
        _POLICIES: {"resources": [{"name": scope.plural} for scope in (namespaced, wide)]},
        f"{_POLICIES}/{namespaced.plural}": _list(policy_builders.body({"when": "Never"}, name="here")),
        f"{_POLICIES}/{wide.plural}": _list(policy_builders.body({"when": "Never"}, scope=wide, name="wide")),
    }
    async with _serving(responses) as (api, _):
        assert [policy.ref.name for policy in await api.list_policies()] == ["here", "wide"]


async def test_policies_of_the_configured_namespaces_and_of_the_cluster_are_listed() -> None:
    namespaced, wide = policy_builders.NAMESPACED, policy_builders.CLUSTERWIDE
    responses = {
        _POLICIES: {"resources": [{"name": scope.plural} for scope in (namespaced, wide)]},
        f"{_POLICIES}/namespaces/a/{namespaced.plural}": _list(),
        f"{_POLICIES}/namespaces/b/{namespaced.plural}": _list(),
        f"{_POLICIES}/{wide.plural}": _list(),
    }
    async with _serving(responses, namespaces=("a", "b")) as (api, calls):
        assert await api.list_policies() == []
    assert calls == list(responses)


async def test_kind_of_policies_that_is_not_served_is_left_out() -> None:
    wide = policy_builders.CLUSTERWIDE
    responses = {_POLICIES: {"resources": [{"name": wide.plural}]}, f"{_POLICIES}/{wide.plural}": _list()}
    async with _serving(responses) as (api, calls):
        await api.list_policies()
    assert calls == list(responses)


@pytest.mark.parametrize(
    "response", [_list({"metadata": {}}), {"items": None}, {"metadata": {}, "items": 5}], ids=["item", "none", "number"]
)
async def test_response_that_is_not_a_list_of_pods_is_an_error(response: dict[str, Any]) -> None:
    async with _serving({"/api/v1/pods": response}) as (api, _):
        with pytest.raises(kube_api.ApiError, match="is not a list of pods") as caught:
            await api.list_job_pods("")
    assert caught.value.reason == "garbled"


async def test_response_that_is_not_a_list_of_pods_of_an_address_is_an_error() -> None:
    async with _serving({"/api/v1/pods": {"pods": []}}) as (api, _):
        with pytest.raises(kube_api.ApiError, match="is not a list of pods") as caught:
            await api.list_pods_with_address(cluster_cache.AddressLookup("10.0.0.7"))
    assert caught.value.reason == "garbled"


async def test_pods_of_jobs_are_listed_page_by_page() -> None:
    pages = [
        {"metadata": {"resourceVersion": "5", "continue": "next"}, "items": []},
        {"metadata": {"resourceVersion": "7"}, "items": []},
    ]
    tokens: list[str | None] = []

    async def respond(request: web.Request) -> web.Response:
        tokens.append(request.query.get("continue"))
        return web.json_response(pages[len(tokens) - 1])

    server = fake_api_server.ApiServer()
    server.respond = respond
    await server.start()
    api = kube_api.KubeApi(server.login(), kube_settings=settings.KubernetesSettings(), clock=clocks.SystemClock())
    assert await api.list_job_pods("") == ([], "5")
    assert tokens == [None, "next"]
    await api.close()
    await server.stop()


async def test_response_that_is_not_an_access_review_is_an_error() -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    permission = required_permissions.Permission("list", "batch", "jobs", namespace="", consequence="", file="")
    async with _serving({path: {"status": {}}}) as (api, _):
        with pytest.raises(kube_api.ApiError, match="is not an access review"):
            await api.is_allowed(permission)
