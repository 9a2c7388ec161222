"""Requests to a Pod through a fake API server. Requests through a real one are tested elsewhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import test_utils, web

from tidegate import client_settings
from tidegate.client import transports, urls
from tidegate.operator.kube import pod_proxy

GATEWAY = urls.parse("http://h:9091")
FORBIDDEN = {"kind": "Status", "apiVersion": "v1", "message": "pods is forbidden", "code": 403}


def _pod(name: str, *, phase: str = "Running", **metadata: str) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}, "status": {"phase": phase}}


class Server:
    """A fake API server that sends the responses of the test, and records its requests."""

    def __init__(self) -> None:
        self.recorded: list[str] = []
        self.respond: Callable[[], web.Response] = lambda: web.json_response({"data": []})
        self.server = test_utils.RawTestServer(self._handle)

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.recorded.append(f"{request.method} {request.path_qs} {request.headers.get('Authorization')}")
        return self.respond()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    fake_server = Server()
    async with fake_server.server:
        yield fake_server


@pytest.fixture
def connection_settings(server: Server, tmp_path: Path) -> client_settings.ConnectionSettings:
    return client_settings.ConnectionSettings(namespace="ns", pod="p", kubeconfig=str(_kubeconfig(server, tmp_path)))


def _kubeconfig(server: Server, folder: Path) -> Path:
    config = {
        "current-context": "x",
        "clusters": [{"name": "x", "cluster": {"server": f"http://127.0.0.1:{server.server.port}"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "users": [{"name": "x", "user": {"token": "t"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return path


async def _call(
    connection_settings: client_settings.ConnectionSettings, url: urls.ParsedUrl = GATEWAY
) -> transports.Response:
    async with pod_proxy.open_pod_proxy(connection_settings) as pod:
        return await pod.transport(url, flag="--gateway.url").call("GET", "/api/v1/metrics", [("match[]", '{a="b+c"}')])


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://h:9091", "pods/p:9091/proxy/api/v1/metrics"),
        ("https://h:9443", "pods/https:p:9443/proxy/api/v1/metrics"),
        ("http://h:9091/a/b/", "pods/p:9091/proxy/a/b/api/v1/metrics"),
    ],
)
async def test_scheme_port_and_path_come_from_the_url(
    server: Server, connection_settings: client_settings.ConnectionSettings, url: str, path: str
) -> None:
    assert (await _call(connection_settings, urls.parse(url))).status == 200
    [recorded] = server.recorded
    target, _, credentials = recorded.removeprefix("GET /api/v1/namespaces/ns/").partition("?match%5B%5D=")
    assert target.replace("%3A", ":") == path
    assert credentials == "%7Ba%3D%22b%2Bc%22%7D Bearer t"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 503])
async def test_response_of_the_pod_is_returned_unchanged(
    server: Server, connection_settings: client_settings.ConnectionSettings, status: int
) -> None:
    server.respond = lambda: web.json_response({"error": "no"}, status=status)
    assert await _call(connection_settings) == transports.Response(status, b'{"error": "no"}')


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (403, transports.RequestError, "you need permission for the verb get on pods/proxy in namespace ns"),
        (401, transports.RequestError, "has the token or certificate of your kubeconfig expired?"),
        (404, transports.RequestError, "list Pods with kubectl get pods --namespace=ns"),
        (503, transports.UnreachableError, "check that the Pod listens on this port, and the port in --gateway.url"),
    ],
)
async def test_error_of_the_api_server_is_reported_with_advice(
    server: Server,
    connection_settings: client_settings.ConnectionSettings,
    status: int,
    error: type[transports.RequestError],
    expected: str,
) -> None:
    server.respond = lambda: web.json_response(FORBIDDEN, status=status)
    with pytest.raises(error) as raised:
        await _call(connection_settings)
    assert str(raised.value).startswith("cannot reach port 9091 of Pod ns/p through the API server: pods is forbidden")
    assert expected in str(raised.value)


async def test_only_running_pod_with_the_label_is_used(server: Server, tmp_path: Path) -> None:
    pods = [_pod("old", phase="Failed"), _pod("going", deletionTimestamp="2026-01-31T08:00:00Z"), _pod("it")]
    server.respond = lambda: web.json_response({"items": pods})
    connection_settings = client_settings.ConnectionSettings(
        namespace="ns", kubeconfig=str(_kubeconfig(server, tmp_path))
    )
    async with pod_proxy.open_pod_proxy(connection_settings) as pod:
        assert pod.transport(GATEWAY, flag="--gateway.url").target == "port 9091 of Pod ns/it"
    assert server.recorded[0].startswith("GET /api/v1/namespaces/ns/pods?labelSelector=app.kubernetes.io")


@pytest.mark.parametrize(
    ("respond", "expected"),
    [
        (lambda: web.json_response({"items": []}), "no Pod runs with the label"),
        (lambda: web.json_response({"items": [_pod("b"), _pod("a")]}), "several Pods run (a, b) with the label"),
        (
            lambda: web.json_response(FORBIDDEN, status=403),
            "cannot list Pods: pods is forbidden; name the Pod with --pod",
        ),
        (lambda: web.json_response([]), "is not a list of Pods"),
        (lambda: web.Response(text="<html>"), "is not a list of Pods"),
    ],
)
async def test_error_requests_the_name_of_the_pod_unless_exactly_one_runs(
    server: Server, tmp_path: Path, respond: Callable[[], web.Response], expected: str
) -> None:
    server.respond = respond
    connection_settings = client_settings.ConnectionSettings(
        namespace="ns", kubeconfig=str(_kubeconfig(server, tmp_path))
    )
    with pytest.raises(transports.RequestError) as raised:
        async with pod_proxy.open_pod_proxy(connection_settings):
            pass
    assert expected in str(raised.value)


async def test_unreachable_api_server_is_reported(
    server: Server, connection_settings: client_settings.ConnectionSettings
) -> None:
    await server.server.close()
    with pytest.raises(
        transports.UnreachableError, match=r"the API server cannot be reached: .*; check your kubeconfig"
    ):
        await _call(connection_settings)
