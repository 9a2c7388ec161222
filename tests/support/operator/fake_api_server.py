"""A fake API server on a real socket, for faults that a real one does not produce on request.

It supports the few requests that the operator sends, and breaks off every watch unless `keeps_watches` is set. The
behavior of a healthy API server is tested on a real one.
"""

from __future__ import annotations

import asyncio
import datetime
import json
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

from aiohttp import web
from kubernetes.aio import client

from tidegate.operator.cache import owner_views

HOST = "127.0.0.1"

STOPPED = web.AppKey("stopped", asyncio.Event)
"""Set when the server stops; a handler that never responds waits for it."""

Responder: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
"""Responds to a request in place of the API server, or returns ``None`` to leave it to the server."""


class ApiServer:
    """Serves the objects of the test. ``faults`` are used up first: a status code, or ``None`` for no response.

    :ivar respond: called before the server handles a request.
    :ivar keeps_watches: whether a watch stays open, without events.
    :ivar denied: permissions that are denied, such as ``watch jobs.batch``.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.cronjobs: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, str] = {}
        self.pods_by_address: dict[str, list[dict[str, Any]]] = {}
        self.job_pods: list[dict[str, Any]] = []
        self.pod_events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.events: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.faults: deque[int | None] = deque()
        self.respond: Responder | None = None
        self.keeps_watches = False
        self.watching: set[str] = set()
        self.denied: set[str] = set()
        self.reviewed: list[dict[str, str]] = []
        self._down = False
        self._runner: web.AppRunner | None = None
        self._never = asyncio.Event()
        self._end_of_watches = asyncio.Event()

    @property
    def down(self) -> bool:
        """Whether every request gets 503. Setting it breaks off all watches."""
        return self._down

    @down.setter
    def down(self, is_down: bool) -> None:
        self._down = is_down
        self._end_of_watches.set()
        self._end_of_watches = asyncio.Event()

    async def start(self) -> None:
        app = web.Application(middlewares=[self._fail])
        app[STOPPED] = self._never
        app.add_routes(
            [
                web.get("/api", self._groups),
                web.get("/apis", self._groups),
                web.get("/api/v1", self._resources),
                web.get("/apis/batch/v1", self._resources),
                web.get("/apis/batch/v1/jobs", self._list),
                web.get("/apis/batch/v1/cronjobs", self._list),
                web.get("/apis/batch/v1/namespaces/{namespace}/jobs", self._list),
                web.get("/api/v1/pods", self._pods_at),
                web.get("/api/v1/namespaces/{namespace}/pods/{name}", self._pod),
                web.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", self._review),
                web.post("/apis/events.k8s.io/v1/namespaces/{namespace}/events", self._event),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()

    async def stop(self) -> None:
        self._never.set()
        self._end_of_watches.set()
        assert self._runner is not None
        await self._runner.cleanup()

    def login(self) -> client.Configuration:
        assert self._runner is not None
        configuration = client.Configuration()
        configuration.host = f"http://{HOST}:{self._runner.addresses[0][1]}"
        return configuration

    def kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig for this server."""
        return kubeconfig(folder, server=self.login().host)

    def put(self, view: owner_views.OwnerView, *, annotations: dict[str, str] | None = None) -> None:
        """Add this Job, with the fields of its view."""
        finish = view.finish
        conditions = [] if finish is None else [_condition("Complete" if finish.succeeded else "Failed", finish.at)]
        self.jobs[view.uid] = {
            "metadata": {
                "name": view.owner.name,
                "namespace": view.owner.namespace,
                "uid": view.uid,
                "creationTimestamp": _time(view.created),
                "resourceVersion": str(len(self.calls) + 1),
                "annotations": annotations or {},
            },
            "spec": {"template": {"spec": {}}},
            "status": {"conditions": conditions},
        }

    @web.middleware
    async def _fail(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path_qs}")
        if self.down:
            return web.json_response({"message": "etcd is unavailable"}, status=503)
        if self.respond is not None and (response := await self.respond(request)) is not None:
            return response
        if self.faults:
            status = self.faults.popleft()
            if status is None:
                await self._never.wait()
            return web.json_response({"message": f"fault {status}"}, status=status or 500)
        handled: web.StreamResponse = await handler(request)
        return handled

    async def _groups(self, _: web.Request) -> web.Response:
        version = {"groupVersion": "batch/v1", "version": "v1"}
        batch = {"name": "batch", "versions": [version], "preferredVersion": version}
        return web.json_response({"kind": "APIGroupList", "groups": [batch], "versions": ["v1"]})

    async def _resources(self, request: web.Request) -> web.Response:
        core = request.path == "/api/v1"
        names = {"namespaces": "Namespace"} if core else {"jobs": "Job", "cronjobs": "CronJob"}
        resources = [
            {"name": name, "singularName": "", "namespaced": not core, "kind": kind, "verbs": ["list", "watch"]}
            for name, kind in names.items()
        ]
        return web.json_response({"kind": "APIResourceList", "resources": resources})

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            return await self._watch(request)
        items = list((self.cronjobs if request.path.endswith("cronjobs") else self.jobs).values())
        if (namespace := request.match_info.get("namespace")) is not None:
            items = [item for item in items if item["metadata"]["namespace"] == namespace]
        start, limit = int(request.query.get("continue", 0)), int(request.query["limit"])
        metadata = {"resourceVersion": str(len(self.calls))}
        if start + limit < len(items):
            metadata["continue"] = str(start + limit)
        return web.json_response({"metadata": metadata, "items": items[start : start + limit]})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if not self.keeps_watches:
            transport.abort()
            return response
        await response.prepare(request)
        self.watching.add(request.path)
        try:
            await self._end_of_watches.wait()
        finally:
            self.watching.discard(request.path)
        transport.abort()
        return response

    async def _review(self, request: web.Request) -> web.Response:
        attributes: dict[str, str] = (await request.json())["spec"]["resourceAttributes"]
        self.reviewed.append(attributes)
        resource = "/".join(filter(None, (attributes["resource"], attributes.get("subresource"))))
        name = f"{attributes['verb']} {resource}" + (f".{attributes['group']}" if attributes.get("group") else "")
        return web.json_response({"status": {"allowed": name not in self.denied}}, status=201)

    async def _pod(self, request: web.Request) -> web.Response:
        uid = self.pods.get(request.match_info["name"])
        if uid is None:
            return web.json_response({"message": "no such pod"}, status=404)
        metadata = {
            "namespace": request.match_info["namespace"],
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "x", "uid": uid, "controller": True}],
        }
        return web.json_response({"metadata": metadata})

    async def _pods_at(self, request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            return await self._watch_pods(request)
        if "labelSelector" in request.query:
            return web.json_response({"metadata": {"resourceVersion": "1"}, "items": self.job_pods})
        address = request.query["fieldSelector"].removeprefix("status.podIP=")
        return web.json_response({"metadata": {}, "items": self.pods_by_address.get(address, [])})

    async def _watch_pods(self, request: web.Request) -> web.StreamResponse:
        """Send each event as it arrives, in two pieces; ``None`` ends the response."""
        response = web.StreamResponse()
        await response.prepare(request)
        while (event := await self._next_pod_event()) is not None:
            line = json.dumps(event).encode() + b"\n"
            await response.write(line[:20])
            await response.write(line[20:])
        return response

    async def _next_pod_event(self) -> dict[str, Any] | None:
        waiting = [asyncio.create_task(each) for each in (self.pod_events.get(), self._never.wait())]
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        event = waiting[0].result() if waiting[0] in done else None
        assert event is None or isinstance(event, dict)
        return event

    async def _event(self, request: web.Request) -> web.Response:
        self.events.append(await request.json())
        return web.json_response({}, status=201)


def kubeconfig(folder: Path, *, server: str) -> Path:
    """Write a kubeconfig for this URL."""
    path = folder / "kubeconfig"
    cluster = {"name": "x", "cluster": {"server": server}}
    context = {"name": "x", "context": {"cluster": "x", "user": "x"}}
    users = [{"name": "x", "user": {"token": "t"}}]
    config = {"current-context": "x", "clusters": [cluster], "contexts": [context], "users": users}
    path.write_text(json.dumps(config))
    return path


def _condition(kind: str, at: float) -> dict[str, str]:
    return {"type": kind, "status": "True", "lastTransitionTime": _time(at)}


def _time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
