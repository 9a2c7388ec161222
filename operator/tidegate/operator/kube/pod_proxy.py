"""Asking a Pod's ports through the API server, with the rights of whoever asks: nothing needs to be forwarded."""

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
"""What Pods of the manifests have."""

_MESSAGE_LIMIT = 500


@contextlib.asynccontextmanager
async def open_pod_proxy(request_settings: client_settings.InquirySettings) -> AsyncIterator[PodProxy]:
    """The Pod that was chosen, or the one with our label.

    :raises OSError: there is nothing to log in with, or no such Pod.
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

    def door(self, place: urls.Place, *, flag: str) -> transports.Door:
        """A way to one of them: scheme, port and path are the place's, its host counts for nothing."""
        return _PodDoor(self._api, place, namespace=self._namespace, name=self._name, flag=flag)


class _PodDoor:
    """The way through the API server to one port."""

    def __init__(self, api: _Api, place: urls.Place, *, namespace: str, name: str, flag: str) -> None:
        self.where = f"port {place.port} of Pod {namespace}/{name}"
        self.flag = flag
        self._api = api
        self._namespace = namespace
        # https: before the name has the API server speak TLS to the Pod; it does not look at the certificate.
        target = f"{'https:' if place.scheme == 'https' else ''}{name}:{place.port}"
        self._root = f"/api/v1/namespaces/{_quoted(namespace)}/pods/{_quoted(target)}/proxy{place.path}"

    async def call(self, method: str, path: str, query: transports.Query = ()) -> transports.Answer:
        """Ask the API server to ask it."""
        answer = await self._api.call(method, f"{self._root}{path}", query)
        if (said := _api_server_error(answer)) is None:
            return answer
        what = f"{self.where} cannot be asked through the API server: {said}"
        match answer.status:
            case HTTPStatus.FORBIDDEN:
                right = f"the verb {method.lower()} on pods/proxy in namespace {self._namespace}"
                raise transports.InquiryError(f"{what}; it takes a right to {right}")
            case HTTPStatus.UNAUTHORIZED:
                raise transports.InquiryError(f"{what}; is the token or certificate of your kubeconfig expired?")
            case HTTPStatus.NOT_FOUND:
                raise transports.InquiryError(
                    f"{what}; kubectl get pods --namespace={self._namespace} shows those there are"
                )
            case _:
                raise transports.UnreachableError(
                    f"{what}; does that port listen, and is the port in {self.flag} right?"
                )


class _Api:
    """The API server, as far as it passes on."""

    def __init__(self, api_client: client.ApiClient) -> None:
        self._client = api_client

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def call(self, method: str, path: str, query: transports.Query = ()) -> transports.Answer:
        """Any call."""
        target = f"{path}?{parse.urlencode(query)}" if query else path
        where = "the API server"
        try:
            request = await self._client.param_serialize(
                method, target, header_params={hdrs.ACCEPT: "application/json"}, auth_settings=["BearerToken"]
            )
            answer = await self._client.call_api(*request, _request_timeout=transports.TIMEOUT)
            async with answer.response as response:
                return transports.Answer(response.status, await transports.read(response, where=where))
        except TimeoutError as error:
            raise transports.UnreachableError(f"{where} does not answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, transports.InquiryError):
                raise
            said = transports.reason(error)
            raise transports.UnreachableError(
                f"{where} cannot be reached: {said}; is your kubeconfig right?"
            ) from error


async def _find_pod(api: _Api, namespace: str) -> str:
    """The name of the only Pod with our label that runs."""
    answer = await api.call("GET", f"/api/v1/namespaces/{_quoted(namespace)}/pods", [("labelSelector", POD_SELECTOR)])
    advice = f"name it: --pod; kubectl get pods --namespace={namespace} shows those there are"
    if (said := _api_server_error(answer)) is not None:
        raise transports.InquiryError(f"the Pod cannot be looked for: {said}; {advice}")
    try:
        found = [pod for pod in json.loads(answer.body)["items"] if pod.get("status", {}).get("phase") == "Running"]
        names: list[str] = sorted(pod["metadata"]["name"] for pod in found if _is_not_terminating(pod))
    except (ValueError, LookupError, TypeError) as error:
        raise transports.InquiryError(f"the API server's answer is no list of Pods: {error!r}; {advice}") from error
    if len(names) != 1:
        there = f"there are {', '.join(names)}" if names else "there is none that runs"
        raise transports.InquiryError(
            f"of Pods with the label {POD_SELECTOR} in namespace {namespace} {there}; {advice}"
        )
    return names[0]


def _is_not_terminating(pod: Json) -> bool:
    return "deletionTimestamp" not in pod["metadata"]


def _api_server_error(answer: transports.Answer) -> str | None:
    """What the API server says is wrong; ``None`` where what it passed on is the Pod's own answer."""
    if transports.is_success(answer):
        return None
    try:
        said = json.loads(answer.body)
        is_own = said["kind"] == "Status" and said["apiVersion"] == "v1"
    except (ValueError, LookupError, TypeError):
        return None
    return str(said.get("message") or said.get("reason"))[:_MESSAGE_LIMIT] if is_own else None


def _quoted(name: str) -> str:
    return parse.quote(name, safe="")
