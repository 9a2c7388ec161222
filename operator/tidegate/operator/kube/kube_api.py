"""The client of the Kubernetes API server. Responses are reduced to the needed fields; all errors have one type."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, TypeAlias, TypeVar
from urllib import parse

import aiohttp
from aiohttp import hdrs
from kubernetes.aio import client

from tidegate import settings
from tidegate.aio import clocks
from tidegate.model import owners
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.kube import required_permissions, server_clocks
from tidegate.operator.objects import owner_kinds, pod_addresses
from tidegate.operator.policy import policies

Json: TypeAlias = dict[str, Any]
_Item = TypeVar("_Item")

_JOB_POD_SELECTOR = "batch.kubernetes.io/controller-uid"
"""A selector for the label that the Job controller sets on each pod."""

_POD_PAGE_SIZE = 100
"""Pods per page, about 600 KB: parsing them does not block the event loop for long."""

_WATCH_TIMEOUT_SECONDS = 300
_WATCH_SILENCE_SECONDS = 100.0
"""Bookmarks arrive about once a minute, so a response that is silent for longer is dead."""

_LIST_ATTEMPTS = 3
"""Continue tokens are valid for minutes; if they expire in three lists in a row, the API server is unhealthy."""
_MESSAGE_LIMIT = 500
_POLICIES_PATH = f"/apis/{policies.GROUP}/{policies.VERSION}"


class ApiError(Exception):
    """A request to the API server failed; the message says which, why, and what to do.

    :ivar reason: the cause as one of a few words, for metric labels.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class ForbiddenError(ApiError):
    """The service account lacks a permission."""


class NotFoundError(ApiError):
    """The object or its namespace does not exist."""


class ExpiredError(ApiError):
    """The continue token or resource version has expired: list again."""


class WatchEvent(NamedTuple):
    """An event of the watch on pods: a pod event, or a bookmark with a version only."""

    pod_event: pod_addresses.PodEvent | None
    version: str


class KubeApi:
    """A client of the API server, for one event loop.

    The number of concurrent requests is limited. All methods raise :class:`ApiError`.

    :ivar server_clock: the API server's clock, estimated from its responses.
    """

    def __init__(
        self,
        login: client.Configuration,
        *,
        kube_settings: settings.KubernetesSettings,
        clock: clocks.Clock,
    ) -> None:
        self.server_clock = server_clocks.ServerClock(clock)
        self._client = client.ApiClient(login)
        self._settings = kube_settings
        self._request_slots = asyncio.Semaphore(kube_settings.concurrency)
        self._timeout = aiohttp.ClientTimeout(
            total=kube_settings.request_timeout, sock_connect=kube_settings.connect_timeout
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def list_objects(self, kind: owner_kinds.Kind) -> list[owner_views.OwnerView]:
        """List all objects of this kind, no older than the start of this call."""
        views: list[owner_views.OwnerView] = []
        for place in namespace_paths(self._settings.namespaces):
            path = f"{kind.api_path}{place}/{kind.plural}"
            views += await self._list(path, functools.partial(owner_views.parse, kind=kind), fields=kind.field_selector)
        return views

    async def get_kind_name(self, kind: owner_kinds.Kind) -> str:
        """Get the qualified name (:func:`owner_kinds.qualified_name`) of the kind of a resource.

        :raises NotFoundError: the API server does not serve the resource, or the resource is not namespaced.
        """
        resource_list = await self._call("GET", kind.api_path)
        for resource in resource_list.get("resources", ()):
            if resource["name"] == kind.plural:
                if not resource["namespaced"]:
                    message = f"{kind.resource} is not namespaced; only namespaced resources can be watched"
                    raise NotFoundError(message, reason="not-found")
                return owner_kinds.qualified_name(resource["kind"], group=kind.group)
        raise NotFoundError(f"the API server does not serve {kind.resource} in {kind.api_version}", reason="not-found")

    async def list_policy_scopes(self) -> list[policies.Scope]:
        """List the kinds of policies that the API server serves."""
        try:
            # Without the permission to list policies, a list fails whether the kinds exist or not. The discovery
            # document is readable by every account.
            resource_list = await self._call("GET", _POLICIES_PATH)
        except NotFoundError:
            return []
        plurals = {resource["name"] for resource in resource_list.get("resources", ())}
        return [scope for scope in policies.Scope if scope.plural in plurals]

    async def list_policies(self) -> list[policies.Policy]:
        """List all policies; none if the API server does not serve their kinds."""
        result: list[policies.Policy] = []
        for scope in await self.list_policy_scopes():
            for place in namespace_paths(self._settings.namespaces) if scope is policies.Scope.NAMESPACE else [""]:
                path = f"{_POLICIES_PATH}{place}/{scope.plural}"
                result += await self._list(path, functools.partial(policies.parse, scope=scope))
        return result

    async def is_allowed(self, permission: required_permissions.Permission) -> bool:
        """Whether the service account has this permission."""
        resource, _, subresource = permission.resource.partition("/")
        attributes = {
            "verb": permission.verb,
            "group": permission.group,
            "resource": resource,
            "subresource": subresource,
            "namespace": permission.namespace,
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {name: text for name, text in attributes.items() if text}},
        }
        review = await self._call("POST", path, body=body)
        try:
            return bool(review["status"]["allowed"])
        except (KeyError, TypeError) as error:
            raise invalid_response(f"POST {path}", f"is not an access review: {error!r}") from error

    async def patch_policy_status(self, policy: policies.Policy, status: Json) -> None:
        """Merge a patch into the status of a policy."""
        place = f"/namespaces/{_quoted(policy.ref.namespace)}" if policy.ref.namespace else ""
        path = f"{_POLICIES_PATH}{place}/{policy.scope.plural}/{_quoted(policy.ref.name)}/status"
        # With the uid, the API server rejects the patch if another policy has that name by now.
        await self._call("PATCH", path, body={"metadata": {"uid": policy.uid}, "status": status})

    async def get_pod_owner(self, pod: cluster_cache.PodLookup) -> owners.Uid | None:
        """Get the controller of this pod; ``None`` if the pod does not exist or has none."""
        try:
            data = await self._call("GET", f"/api/v1/namespaces/{_quoted(pod.namespace)}/pods/{_quoted(pod.name)}")
        except NotFoundError:
            return None
        owner = owner_views.controller_of(data["metadata"])
        return None if owner is None else owner.uid

    async def list_pods_with_address(
        self, address: cluster_cache.AddressLookup
    ) -> tuple[pod_addresses.AddressPod, ...]:
        """List the pods that have this address, or had it when they ended."""
        # resourceVersion=0 reads from the API server's cache: a pod that is too new for it is looked up again.
        query = {"fieldSelector": f"status.podIP={address.address}", "resourceVersion": "0"}
        pods: list[pod_addresses.AddressPod] = []
        for place in namespace_paths(self._settings.namespaces):
            path = f"/api/v1{place}/pods"
            data = await self._call("GET", path, query=query)
            now = self.server_clock.now()
            try:
                pods += [pod_addresses.address_pod(item, now=now) for item in data["items"] or ()]
            except (KeyError, TypeError, ValueError) as error:
                raise ApiError(
                    f"GET {path}: the response is not a list of pods: {error!r}", reason="garbled"
                ) from error
        return tuple(pods)

    @property
    def namespaces(self) -> Collection[str]:
        """The watched namespaces; one empty name for all."""
        return self._settings.namespaces or ("",)

    async def list_job_pods(self, namespace: str) -> tuple[list[pod_addresses.PodEvent], str]:
        """List the pods of Jobs in a namespace (empty: all). Returns them and the version of the list."""
        path, pod_events, version = _pods_path(namespace), [], ""
        query = {"limit": str(_POD_PAGE_SIZE), "labelSelector": _JOB_POD_SELECTOR}
        while True:
            page = await self._call("GET", path, query=query)
            now = self.server_clock.now()
            try:
                pod_events += [pod_addresses.pod_event(item, now=now, deleted=False) for item in page["items"] or ()]
                version, token = version or page["metadata"]["resourceVersion"], page["metadata"].get("continue")
            except (KeyError, TypeError, ValueError) as error:
                raise ApiError(
                    f"GET {path}: the response is not a list of pods: {error!r}", reason="garbled"
                ) from error
            if not token:
                return pod_events, version
            query["continue"] = token

    async def watch_job_pods(self, namespace: str, *, since: str) -> AsyncGenerator[WatchEvent, None]:
        """Watch the pods of Jobs from this version until the API server ends the response.

        :raises ExpiredError: the API server no longer has this version: list again.
        """
        path = _pods_path(namespace)
        query = {
            "watch": "true",
            "labelSelector": _JOB_POD_SELECTOR,
            "resourceVersion": since,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_TIMEOUT_SECONDS),
        }
        async with contextlib.aclosing(self._stream_lines(path, query=query)) as lines:
            async for line in lines:
                yield self._pod_event(line, path=path)

    def _pod_event(self, line: bytes, *, path: str) -> WatchEvent:
        try:
            event = json.loads(line)
            kind, data = event["type"], event["object"]
            if kind == "ERROR":
                raise status_error(f"watch {path}", int(data.get("code", 500)), line)
            version = str(data["metadata"]["resourceVersion"])
            if kind == "BOOKMARK":
                return WatchEvent(None, version)
            pod_event = pod_addresses.pod_event(data, now=self.server_clock.now(), deleted=kind == "DELETED")
        except (KeyError, TypeError, ValueError) as error:
            raise ApiError(
                f"watch {path}: the response is not a watch event of a pod: {error!r}", reason="garbled"
            ) from error
        return WatchEvent(pod_event, version)

    async def create_event(self, namespace: str, body: Json) -> None:
        """Create an ``events.k8s.io/v1`` Event."""
        await self._call("POST", f"/apis/events.k8s.io/v1/namespaces/{_quoted(namespace)}/events", body=body)

    async def _list(self, path: str, parse_item: Callable[[Json], _Item | None], *, fields: str = "") -> list[_Item]:
        for _ in range(_LIST_ATTEMPTS - 1):
            try:
                return await self._list_once(path, parse_item, fields=fields)
            except ExpiredError:
                continue
        return await self._list_once(path, parse_item, fields=fields)

    async def _list_once(self, path: str, parse_item: Callable[[Json], _Item | None], *, fields: str) -> list[_Item]:
        """List page by page, without items for which ``parse_item`` returns ``None``.

        Without a resourceVersion, the list contains all changes before this call.
        """
        items: list[_Item] = []
        query = {"limit": str(self._settings.page_size)} | ({"fieldSelector": fields} if fields else {})
        while True:
            page = await self._call("GET", path, query=query)
            try:
                items += [cut for item in page["items"] or () if (cut := parse_item(item)) is not None]
                token = page["metadata"].get("continue")
            except (KeyError, TypeError, ValueError) as error:
                message = f"GET {path}: the response is not a list of this kind: {error!r}"
                raise ApiError(message, reason="garbled") from error
            if not token:
                return items
            query["continue"] = token

    async def _call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Json | None = None
    ) -> Json:
        async with self._request_slots:
            try:
                return await self._request(method, path, query=query, body=body)
            except (aiohttp.ClientError, OSError) as error:
                raise connection_error(
                    f"{method} {path}", error, timeout_seconds=self._settings.request_timeout
                ) from error

    async def _stream_lines(self, path: str, *, query: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        """Stream the lines of a response. Streams have a longer timeout and no limit of concurrency."""
        limits = aiohttp.ClientTimeout(sock_connect=self._settings.connect_timeout, sock_read=_WATCH_SILENCE_SECONDS)
        request = await self._client.param_serialize(
            "GET",
            f"{path}?{parse.urlencode(query)}",
            header_params={hdrs.ACCEPT: "application/json"},
            auth_settings=["BearerToken"],
        )
        left = b""
        try:
            answer = await self._client.call_api(*request, _request_timeout=limits)
            async with answer.response as response:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise status_error(f"watch {path}", response.status, await response.read())
                async for chunk in response.content.iter_any():
                    *lines, left = (left + chunk).split(b"\n")
                    for line in filter(None, lines):
                        yield line
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise connection_error(f"watch {path}", error, timeout_seconds=_WATCH_SILENCE_SECONDS) from error

    async def _request(self, method: str, path: str, *, query: Mapping[str, str] | None, body: Json | None) -> Json:
        target = f"{path}?{parse.urlencode(query)}" if query else path
        headers = {hdrs.ACCEPT: "application/json"}
        if method == hdrs.METH_PATCH:
            headers[hdrs.CONTENT_TYPE] = "application/merge-patch+json"
        request = await self._client.param_serialize(
            method, target, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        requested_at = self.server_clock.monotonic()
        answer = await self._client.call_api(*request, _request_timeout=self._timeout)
        async with answer.response as response:
            self.server_clock.observe(response.headers.get(hdrs.DATE), requested_at=requested_at)
            text = await response.read()
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise status_error(f"{method} {path}", response.status, text)
        try:
            data: Json = json.loads(text)
        except ValueError as error:
            raise invalid_response(f"{method} {path}", f"is not JSON: {error}") from error
        return data


def namespace_paths(namespaces: Iterable[str]) -> list[str]:
    """The parts of API paths between version and resource for these namespaces; for all namespaces if empty."""
    return [f"/namespaces/{_quoted(namespace)}" for namespace in namespaces] or [""]


def connection_error(request: str, error: Exception, *, timeout_seconds: float) -> ApiError:
    """The error for a request without an HTTP response.

    :param request: method and path.
    :param error: the exception of aiohttp.
    :param timeout_seconds: the timeout of the request.
    """
    match error:
        case TimeoutError() if not isinstance(error, aiohttp.ConnectionTimeoutError):
            return ApiError(
                f"{request}: no response within {timeout_seconds:g} s; is the API server overloaded?", reason="timeout"
            )
        case aiohttp.ClientSSLError():
            advice = "check the API server's address and the CA certificate"
            return ApiError(f"{request}: {error}; {advice}", reason="tls")
        case aiohttp.ClientResponseError():
            return invalid_response(request, f"is not HTTP: {one_line(error.message)}")
        case _:
            advice = "is the API server up, and can this Pod connect to it?"
            return ApiError(f"{request}: {one_line(str(error))}; {advice}", reason="unreachable")


def invalid_response(request: str, problem: str) -> ApiError:
    """The error for a response that cannot come from an API server.

    :param problem: the rest of a sentence that starts with "the response".
    """
    advice = "is there a proxy that responds instead of the API server?"
    return ApiError(f"{request}: the response {problem}; {advice}", reason="garbled")


def status_error(request: str, status: int, body: bytes) -> ApiError:
    """The error for a response with status 400 or higher."""
    message = f"{request}: {_message(body)}"
    match status:
        case HTTPStatus.FORBIDDEN:
            advice = "grant this permission to the operator's service account, as in manifests/"
            return ForbiddenError(f"{message}; {advice}", reason="forbidden")
        case HTTPStatus.UNAUTHORIZED:
            return ApiError(f"{message}; has the token or certificate expired?", reason="unauthorized")
        case HTTPStatus.NOT_FOUND:
            return NotFoundError(message, reason="not-found")
        case HTTPStatus.GONE:
            return ExpiredError(message, reason="expired")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return ApiError(f"{message}; the API server throttles requests", reason="throttled")
        case _:
            return ApiError(f"{message} ({status})", reason="server" if status >= 500 else "rejected")


def _message(text: bytes) -> str:
    """The message of the response: from its Status object, or the whole body."""
    try:
        message = json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        message = text.decode(errors="replace")
    return one_line(str(message))


def one_line(text: str) -> str:
    """The text on one line, truncated for logs."""
    return " ".join(text.split())[:_MESSAGE_LIMIT]


def _pods_path(namespace: str) -> str:
    return f"/api/v1/namespaces/{_quoted(namespace)}/pods" if namespace else "/api/v1/pods"


def _quoted(name: str) -> str:
    return parse.quote(name, safe="")
