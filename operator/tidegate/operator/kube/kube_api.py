"""Every call to the Kubernetes API server. What comes back is cut down at once; what goes wrong has one type."""

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
from tidegate.operator.kube import required_rights, server_clock
from tidegate.operator.objects import owner_kinds, pod_addresses
from tidegate.operator.policy import policies

Json: TypeAlias = dict[str, Any]
_Item = TypeVar("_Item")

_JOBS_PODS = "batch.kubernetes.io/controller-uid"
"""The label that the Job controller gives each pod, as a selector."""

_PODS_AT_ONCE = 100
"""A page of pods: some 600 KB, which are read without holding up the event loop for long."""

_WATCH_SECONDS = 300
_SILENT_SECONDS = 100.0
"""Bookmarks come about once a minute, so an answer that is silent for longer is dead."""

_LIST_TRIES = 3
"""A continue token lives for minutes; if three lists in a row outlive theirs, the API server is not well."""
_MESSAGE_LIMIT = 500
_POLICIES = f"/apis/{policies.GROUP}/{policies.VERSION}"


class ApiError(Exception):
    """The API server did not do what it was asked; ``str()`` says what, why and what to do.

    :ivar reason: one of a few words, fit to be a label of a metric.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class ForbiddenError(ApiError):
    """Our account lacks a rule."""


class NotFoundError(ApiError):
    """There is no such object, or no such namespace."""


class ExpiredError(ApiError):
    """The rest of this list is no longer kept: it must be begun anew."""


class PodEvent(NamedTuple):
    """What a watch on pods tells: a pod, or that there was nothing up to this version."""

    sighting: pod_addresses.Sighting | None
    version: str


class KubeApi:
    """A client of the API server, for one event loop.

    Calls that would be too many at once wait for their turn. Each raises :class:`ApiError`.

    :ivar time: the API server's clock, as its answers tell it.
    """

    def __init__(
        self,
        login: client.Configuration,
        *,
        chosen: settings.KubernetesSettings,
        clock: clocks.Clock,
    ) -> None:
        self.time = server_clock.ServerTime(clock)
        self._client = client.ApiClient(login)
        self._settings = chosen
        self._turns = asyncio.Semaphore(chosen.concurrency)
        self._timeout = aiohttp.ClientTimeout(total=chosen.request_timeout, sock_connect=chosen.connect_timeout)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def objects(self, kind: owner_kinds.Kind) -> list[owner_views.OwnerView]:
        """All objects of this kind, as they were at some moment after this call began."""
        found: list[owner_views.OwnerView] = []
        for place in places(self._settings.namespaces):
            path = f"{kind.root}{place}/{kind.plural}"
            found += await self._list(path, functools.partial(owner_views.view, kind=kind), fields=kind.fields)
        return found

    async def kind_name(self, kind: owner_kinds.Kind) -> str:
        """What objects of this resource are called (:func:`owner_kinds.word`).

        :raises NotFoundError: there is no such resource, or none whose objects are in a namespace.
        """
        known = await self._call("GET", kind.root)
        for resource in known.get("resources", ()):
            if resource["name"] == kind.plural:
                if not resource["namespaced"]:
                    message = f"{kind.resource} are in no namespace, and only what is in one can be followed"
                    raise NotFoundError(message, reason="not-found")
                return owner_kinds.word(resource["kind"], group=kind.group)
        raise NotFoundError(f"the API server has no {kind.resource} in {kind.api_version}", reason="not-found")

    async def policy_scopes(self) -> list[policies.Scope]:
        """The kinds of policies that the API server knows."""
        try:
            # Who may not list them is told so whether there are such kinds or not; what kinds there are, all may ask.
            known = await self._call("GET", _POLICIES)
        except NotFoundError:
            return []
        plurals = {resource["name"] for resource in known.get("resources", ())}
        return [scope for scope in policies.Scope if scope.plural in plurals]

    async def cleanup_policies(self) -> list[policies.Policy]:
        """All policies; none where the API server knows no such kinds."""
        found: list[policies.Policy] = []
        for scope in await self.policy_scopes():
            for place in places(self._settings.namespaces) if scope is policies.Scope.NAMESPACE else [""]:
                path = f"{_POLICIES}{place}/{scope.plural}"
                found += await self._list(path, functools.partial(policies.parse, scope=scope))
        return found

    async def may(self, right: required_rights.Right) -> bool:
        """Whether our account has this right."""
        resource, _, subresource = right.resource.partition("/")
        attributes = {
            "verb": right.verb,
            "group": right.group,
            "resource": resource,
            "subresource": subresource,
            "namespace": right.namespace,
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {name: text for name, text in attributes.items() if text}},
        }
        said = await self._call("POST", path, body=body)
        try:
            return bool(said["status"]["allowed"])
        except (KeyError, TypeError) as error:
            raise garbled(f"POST {path}", f"says nothing of what is allowed: {error!r}") from error

    async def set_policy_status(self, policy: policies.Policy, status: Json) -> None:
        """Merge this into the status of a policy."""
        place = f"/namespaces/{_quoted(policy.ref.namespace)}" if policy.ref.namespace else ""
        path = f"{_POLICIES}{place}/{policy.scope.plural}/{_quoted(policy.ref.name)}/status"
        # Another policy of that name is none of ours: the API server compares the uid.
        await self._call("PATCH", path, body={"metadata": {"uid": policy.uid}, "status": status})

    async def maker_of(self, pod: cluster_cache.Pod) -> owners.Uid | None:
        """The object that made this pod, ``None`` where there is no such pod or nothing made it."""
        try:
            data = await self._call("GET", f"/api/v1/namespaces/{_quoted(pod.namespace)}/pods/{_quoted(pod.name)}")
        except NotFoundError:
            return None
        owner = owner_views.controller(data["metadata"])
        return None if owner is None else owner.uid

    async def pods_at(self, address: cluster_cache.Address) -> tuple[pod_addresses.AddressPod, ...]:
        """The pods that have this address, or had it when they ended."""
        # From the API server's own memory: a pod that it does not know of yet is asked for again.
        query = {"fieldSelector": f"status.podIP={address.text}", "resourceVersion": "0"}
        found: list[pod_addresses.AddressPod] = []
        for place in places(self._settings.namespaces):
            path = f"/api/v1{place}/pods"
            data = await self._call("GET", path, query=query)
            now = self.time.now()
            try:
                found += [pod_addresses.address_pod(item, now=now) for item in data["items"] or ()]
            except (KeyError, TypeError, ValueError) as error:
                raise ApiError(f"GET {path}: the answer is no list of pods: {error!r}", reason="garbled") from error
        return tuple(found)

    @property
    def namespaces(self) -> Collection[str]:
        """Those that are looked at; one empty name for all."""
        return self._settings.namespaces or ("",)

    async def job_pods(self, namespace: str) -> tuple[list[pod_addresses.Sighting], str]:
        """All pods that Jobs made, in a namespace or in all, and the version of that list."""
        path, found, version = _pods_path(namespace), [], ""
        query = {"limit": str(_PODS_AT_ONCE), "labelSelector": _JOBS_PODS}
        while True:
            page = await self._call("GET", path, query=query)
            now = self.time.now()
            try:
                found += [pod_addresses.sighting(item, now=now, deleted=False) for item in page["items"] or ()]
                version, token = version or page["metadata"]["resourceVersion"], page["metadata"].get("continue")
            except (KeyError, TypeError, ValueError) as error:
                raise ApiError(f"GET {path}: the answer is no list of pods: {error!r}", reason="garbled") from error
            if not token:
                return found, version
            query["continue"] = token

    async def job_pod_events(self, namespace: str, *, since: str) -> AsyncGenerator[PodEvent, None]:
        """What happens to pods that Jobs made, since this version, until the API server ends the answer.

        :raises ExpiredError: it no longer has what happened since then: list anew.
        """
        path = _pods_path(namespace)
        query = {
            "watch": "true",
            "labelSelector": _JOBS_PODS,
            "resourceVersion": since,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        async with contextlib.aclosing(self._lines(path, query=query)) as lines:
            async for line in lines:
                yield self._pod_event(line, path=path)

    def _pod_event(self, line: bytes, *, path: str) -> PodEvent:
        try:
            event = json.loads(line)
            kind, data = event["type"], event["object"]
            if kind == "ERROR":
                raise refused(f"watch {path}", int(data.get("code", 500)), line)
            version = str(data["metadata"]["resourceVersion"])
            if kind == "BOOKMARK":
                return PodEvent(None, version)
            told = pod_addresses.sighting(data, now=self.time.now(), deleted=kind == "DELETED")
        except (KeyError, TypeError, ValueError) as error:
            raise ApiError(f"watch {path}: the answer is no event of a pod: {error!r}", reason="garbled") from error
        return PodEvent(told, version)

    async def create_event(self, namespace: str, body: Json) -> None:
        """Create an ``events.k8s.io/v1`` Event."""
        await self._call("POST", f"/apis/events.k8s.io/v1/namespaces/{_quoted(namespace)}/events", body=body)

    async def _list(self, path: str, read: Callable[[Json], _Item | None], *, fields: str = "") -> list[_Item]:
        for _ in range(_LIST_TRIES - 1):
            try:
                return await self._list_once(path, read, fields=fields)
            except ExpiredError:
                continue
        return await self._list_once(path, read, fields=fields)

    async def _list_once(self, path: str, read: Callable[[Json], _Item | None], *, fields: str) -> list[_Item]:
        """Page by page, but for what ``read`` leaves out. Without a resourceVersion nothing is older than the call."""
        found: list[_Item] = []
        query = {"limit": str(self._settings.page_size)} | ({"fieldSelector": fields} if fields else {})
        while True:
            page = await self._call("GET", path, query=query)
            try:
                found += [cut for item in page["items"] or () if (cut := read(item)) is not None]
                token = page["metadata"].get("continue")
            except (KeyError, TypeError, ValueError) as error:
                message = f"GET {path}: the answer is no list of such objects: {error!r}"
                raise ApiError(message, reason="garbled") from error
            if not token:
                return found
            query["continue"] = token

    async def _call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Json | None = None
    ) -> Json:
        async with self._turns:
            try:
                return await self._exchange(method, path, query=query, body=body)
            except (aiohttp.ClientError, OSError) as error:
                raise unanswered(f"{method} {path}", error, limit=self._settings.request_timeout) from error

    async def _lines(self, path: str, *, query: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        """The lines of an answer that goes on; it is waited for longer than for others, and takes nobody's turn."""
        limits = aiohttp.ClientTimeout(sock_connect=self._settings.connect_timeout, sock_read=_SILENT_SECONDS)
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
                    raise refused(f"watch {path}", response.status, await response.read())
                async for chunk in response.content.iter_any():
                    *lines, left = (left + chunk).split(b"\n")
                    for line in filter(None, lines):
                        yield line
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise unanswered(f"watch {path}", error, limit=_SILENT_SECONDS) from error

    async def _exchange(self, method: str, path: str, *, query: Mapping[str, str] | None, body: Json | None) -> Json:
        target = f"{path}?{parse.urlencode(query)}" if query else path
        headers = {hdrs.ACCEPT: "application/json"}
        if method == hdrs.METH_PATCH:
            headers[hdrs.CONTENT_TYPE] = "application/merge-patch+json"
        request = await self._client.param_serialize(
            method, target, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        asked = self.time.asking()
        answer = await self._client.call_api(*request, _request_timeout=self._timeout)
        async with answer.response as response:
            self.time.heard(response.headers.get(hdrs.DATE), asked=asked)
            text = await response.read()
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise refused(f"{method} {path}", response.status, text)
        try:
            data: Json = json.loads(text)
        except ValueError as error:
            raise garbled(f"{method} {path}", f"is not JSON: {error}") from error
        return data


def places(namespaces: Iterable[str]) -> list[str]:
    """What stands between a version and a resource in the paths of these namespaces; of all where none are given."""
    return [f"/namespaces/{_quoted(namespace)}" for namespace in namespaces] or [""]


def unanswered(what: str, error: Exception, *, limit: float) -> ApiError:
    """The error for a call without an HTTP answer.

    :param what: method and path.
    :param error: what aiohttp raised.
    :param limit: seconds that the call might take.
    """
    match error:
        case TimeoutError() if not isinstance(error, aiohttp.ConnectionTimeoutError):
            return ApiError(f"{what}: no answer within {limit:g} s; is the API server overloaded?", reason="timeout")
        case aiohttp.ClientSSLError():
            advice = "is this the API server's address, and is its certificate signed by the given authority?"
            return ApiError(f"{what}: {error}; {advice}", reason="tls")
        case aiohttp.ClientResponseError():
            return garbled(what, f"is not HTTP: {one_line(error.message)}")
        case _:
            advice = "is the API server up, and may this Pod connect to it?"
            return ApiError(f"{what}: {one_line(str(error))}; {advice}", reason="unreachable")


def garbled(what: str, problem: str) -> ApiError:
    """The error for an answer that cannot come from an API server.

    :param problem: goes on after "the answer".
    """
    advice = "does a proxy answer in the place of the API server?"
    return ApiError(f"{what}: the answer {problem}; {advice}", reason="garbled")


def refused(what: str, status: int, text: bytes) -> ApiError:
    """The error for an answer with a status of 400 or above."""
    message = f"{what}: {_message(text)}"
    match status:
        case HTTPStatus.FORBIDDEN:
            advice = "grant this to the operator's service account as manifests/ does"
            return ForbiddenError(f"{message}; {advice}", reason="forbidden")
        case HTTPStatus.UNAUTHORIZED:
            return ApiError(f"{message}; is the token or certificate expired?", reason="unauthorized")
        case HTTPStatus.NOT_FOUND:
            return NotFoundError(message, reason="not-found")
        case HTTPStatus.GONE:
            return ExpiredError(message, reason="expired")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return ApiError(f"{message}; the API server asks for fewer calls", reason="throttled")
        case _:
            return ApiError(f"{message} ({status})", reason="server" if status >= 500 else "rejected")


def _message(text: bytes) -> str:
    """What the API server says, from its Status object where it sent one."""
    try:
        said = json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        said = text.decode(errors="replace")
    return one_line(str(said))


def one_line(text: str) -> str:
    """The text without line ends, and not too long for a log."""
    return " ".join(text.split())[:_MESSAGE_LIMIT]


def _pods_path(namespace: str) -> str:
    return f"/api/v1/namespaces/{_quoted(namespace)}/pods" if namespace else "/api/v1/pods"


def _quoted(name: str) -> str:
    return parse.quote(name, safe="")
