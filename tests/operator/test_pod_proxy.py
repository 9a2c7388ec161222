"""Asking a Pod through the API server: what a healthy one cannot be made to answer. A real one is asked elsewhere."""

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
    """A stand-in for the API server: answers what the test says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[], web.Response] = lambda: web.json_response({"data": []})
        self.server = test_utils.RawTestServer(self._handle)

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.asked.append(f"{request.method} {request.path_qs} {request.headers.get('Authorization')}")
        return self.answer()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    async with made.server:
        yield made


@pytest.fixture
def connection_settings(server: Server, tmp_path: Path) -> client_settings.ConnectionSettings:
    return client_settings.ConnectionSettings(namespace="ns", pod="p", kubeconfig=str(_kubeconfig(server, tmp_path)))


def _kubeconfig(server: Server, folder: Path) -> Path:
    made = {
        "current-context": "x",
        "clusters": [{"name": "x", "cluster": {"server": f"http://127.0.0.1:{server.server.port}"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "users": [{"name": "x", "user": {"token": "t"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(made))
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
async def test_scheme_port_and_path_are_the_urls(
    server: Server, connection_settings: client_settings.ConnectionSettings, url: str, path: str
) -> None:
    assert (await _call(connection_settings, urls.parse(url))).status == 200
    [asked] = server.asked
    target, _, credentials = asked.removeprefix("GET /api/v1/namespaces/ns/").partition("?match%5B%5D=")
    assert target.replace("%3A", ":") == path
    assert credentials == "%7Ba%3D%22b%2Bc%22%7D Bearer t"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 503])
async def test_what_the_pod_itself_answers_is_passed_on(
    server: Server, connection_settings: client_settings.ConnectionSettings, status: int
) -> None:
    server.answer = lambda: web.json_response({"error": "no"}, status=status)
    assert await _call(connection_settings) == transports.Response(status, b'{"error": "no"}')


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (403, transports.RequestError, "you need permission for the verb get on pods/proxy in namespace ns"),
        (401, transports.RequestError, "has the token or certificate of your kubeconfig expired?"),
        (404, transports.RequestError, "list Pods with kubectl get pods --namespace=ns"),
        (503, transports.UnreachableError, "check that the Pod listens on this port, and the port in --gateway.url"),
    ],
)
async def test_what_the_api_server_says_itself_is_told_with_what_to_do(
    server: Server,
    connection_settings: client_settings.ConnectionSettings,
    status: int,
    error: type[transports.RequestError],
    said: str,
) -> None:
    server.answer = lambda: web.json_response(FORBIDDEN, status=status)
    with pytest.raises(error) as failed:
        await _call(connection_settings)
    assert str(failed.value).startswith("cannot reach port 9091 of Pod ns/p through the API server: pods is forbidden")
    assert said in str(failed.value)


async def test_the_only_pod_with_our_label_that_runs_and_stays_is_asked(server: Server, tmp_path: Path) -> None:
    there = [_pod("old", phase="Failed"), _pod("going", deletionTimestamp="2026-01-31T08:00:00Z"), _pod("it")]
    server.answer = lambda: web.json_response({"items": there})
    connection_settings = client_settings.ConnectionSettings(
        namespace="ns", kubeconfig=str(_kubeconfig(server, tmp_path))
    )
    async with pod_proxy.open_pod_proxy(connection_settings) as pod:
        assert pod.transport(GATEWAY, flag="--gateway.url").target == "port 9091 of Pod ns/it"
    assert server.asked[0].startswith("GET /api/v1/namespaces/ns/pods?labelSelector=app.kubernetes.io")


@pytest.mark.parametrize(
    ("answer", "said"),
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
async def test_without_one_pod_to_ask_a_name_is_asked_for(
    server: Server, tmp_path: Path, answer: Callable[[], web.Response], said: str
) -> None:
    server.answer = answer
    connection_settings = client_settings.ConnectionSettings(
        namespace="ns", kubeconfig=str(_kubeconfig(server, tmp_path))
    )
    with pytest.raises(transports.RequestError) as failed:
        async with pod_proxy.open_pod_proxy(connection_settings):
            pass
    assert said in str(failed.value)


async def test_an_api_server_that_is_away_is_told(
    server: Server, connection_settings: client_settings.ConnectionSettings
) -> None:
    await server.server.close()
    with pytest.raises(
        transports.UnreachableError, match=r"the API server cannot be reached: .*; check your kubeconfig"
    ):
        await _call(connection_settings)
