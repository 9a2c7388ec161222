"""Requests to a Pod through the API server's proxy, with the user's own permissions and without port forwarding."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib import parse

import aiohttp
from aiohttp import hdrs
from kubernetes.aio import client

from tidegate import client_settings, settings
from tidegate.client import transports, urls
from tidegate.operator.kube import credentials

Json: TypeAlias = dict[str, Any]

POD_SELECTOR = "app.kubernetes.io/name=tidegate"
"""The label selector of Pods from the manifests."""

_MESSAGE_LIMIT = 500


@contextlib.asynccontextmanager
async def open_pod_proxy(request_settings: client_settings.ConnectionSettings) -> AsyncIterator[PodProxy]:
    """Open a proxy to the configured Pod, or to the only Pod with tidegate's label.

    :raises OSError: there are no credentials, or there is no such Pod.
    """
    login = await credentials.load(settings.KubernetesSettings(kubeconfig=request_settings.kubeconfig))
    api = _Api(client.ApiClient(login))
    try:
        yield PodProxy(
            api,
            namespace=request_settings.namespace,
            name=request_settings.pod or await _find_pod(api, request_settings.namespace),
        )
    finally:
        await api.close()


class PodProxy:
    """The ports of one Pod."""

    def __init__(self, api: _Api, *, namespace: str, name: str) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name

    def transport(self, url: urls.ParsedUrl, *, flag: str) -> transports.Transport:
        """A connection to one port, with the scheme, port and path of ``url``; its host is ignored."""
        return _PodTransport(self._api, url, namespace=self._namespace, name=self._name, flag=flag)


class _PodTransport:
    """A connection to one port through the API server."""

    def __init__(self, api: _Api, url: urls.ParsedUrl, *, namespace: str, name: str, flag: str) -> None:
        self.target = f"port {url.port} of Pod {namespace}/{name}"
        self.flag = flag
        self._api = api
        self._namespace = namespace
        # With https: before the name, the API server uses TLS to the Pod. It does not verify the certificate.
        port = f"{'https:' if url.scheme == 'https' else ''}{name}:{url.port}"
        self._root = f"/api/v1/namespaces/{_quoted(namespace)}/pods/{_quoted(port)}/proxy{url.path}"

    async def call(self, method: str, path: str, query: transports.Query = ()) -> transports.Response:
        """Send a request to the Pod."""
        response = await self._api.call(method, f"{self._root}{path}", query)
        if (message := _api_server_error(response)) is None:
            return response
        problem = f"cannot reach {self.target} through the API server: {message}"
        match response.status:
            case HTTPStatus.FORBIDDEN:
                permission = f"the verb {method.lower()} on pods/proxy in namespace {self._namespace}"
                raise transports.RequestError(f"{problem}; you need permission for {permission}")
            case HTTPStatus.UNAUTHORIZED:
                raise transports.RequestError(f"{problem}; has the token or certificate of your kubeconfig expired?")
            case HTTPStatus.NOT_FOUND:
                raise transports.RequestError(
                    f"{problem}; list Pods with kubectl get pods --namespace={self._namespace}"
                )
            case _:
                raise transports.UnreachableError(
                    f"{problem}; check that the Pod listens on this port, and the port in {self.flag}"
                )


class _Api:
    """Plain requests to the API server."""

    def __init__(self, api_client: client.ApiClient) -> None:
        self._client = api_client

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def call(self, method: str, path: str, query: transports.Query = ()) -> transports.Response:
        """Send a request."""
        target = f"{path}?{parse.urlencode(query)}" if query else path
        api_server = "the API server"
        try:
            request = await self._client.param_serialize(
                method, target, header_params={hdrs.ACCEPT: "application/json"}, auth_settings=["BearerToken"]
            )
            wrapped = await self._client.call_api(*request, _request_timeout=transports.TIMEOUT)
            async with wrapped.response as response:
                return transports.Response(response.status, await transports.read(response, target=api_server))
        except TimeoutError as error:
            raise transports.UnreachableError(f"{api_server} did not respond in time") from error
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, transports.RequestError):
                raise
            reason = transports.reason(error)
            raise transports.UnreachableError(
                f"{api_server} cannot be reached: {reason}; check your kubeconfig"
            ) from error


async def _find_pod(api: _Api, namespace: str) -> str:
    """The name of the only running Pod with tidegate's label."""
    response = await api.call("GET", f"/api/v1/namespaces/{_quoted(namespace)}/pods", [("labelSelector", POD_SELECTOR)])
    advice = f"name the Pod with --pod; list Pods with kubectl get pods --namespace={namespace}"
    if (message := _api_server_error(response)) is not None:
        raise transports.RequestError(f"cannot list Pods: {message}; {advice}")
    try:
        running = [pod for pod in json.loads(response.body)["items"] if pod.get("status", {}).get("phase") == "Running"]
        names: list[str] = sorted(pod["metadata"]["name"] for pod in running if _is_not_terminating(pod))
    except (ValueError, LookupError, TypeError) as error:
        raise transports.RequestError(
            f"the API server's response is not a list of Pods: {error!r}; {advice}"
        ) from error
    if len(names) != 1:
        matches = f"several Pods run ({', '.join(names)})" if names else "no Pod runs"
        raise transports.RequestError(f"{matches} with the label {POD_SELECTOR} in namespace {namespace}; {advice}")
    return names[0]


def _is_not_terminating(pod: Json) -> bool:
    return "deletionTimestamp" not in pod["metadata"]


def _api_server_error(response: transports.Response) -> str | None:
    """The error message of the API server itself; ``None`` if the response came from the Pod."""
    if transports.is_success(response):
        return None
    try:
        status = json.loads(response.body)
        is_own = status["kind"] == "Status" and status["apiVersion"] == "v1"
    except (ValueError, LookupError, TypeError):
        return None
    return str(status.get("message") or status.get("reason"))[:_MESSAGE_LIMIT] if is_own else None


def _quoted(name: str) -> str:
    return parse.quote(name, safe="")
