"""A fake Pushgateway, for faults that a real one does not produce on request, and its list of groups."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import web

Fault: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakePushgateway:
    """Lists its groups and deletes them; ``read_fault`` and ``delete_fault`` respond instead."""

    def __init__(self) -> None:
        self.pushed = {"x": 1.0}
        self.log: list[str] = []
        """``read``, or the job of a deletion."""
        self.ignores_deletions = False
        self.read_fault: Fault | None = None
        self.delete_fault: Fault | None = None

    async def read(self, request: web.Request) -> web.StreamResponse:
        self.log.append("read")
        if self.read_fault is not None:
            return await self.read_fault(request)
        return self.listing()

    def listing(self) -> web.Response:
        """Return the response with all groups."""
        groups = [group({"job": job}, pushed=repr(at)) for job, at in self.pushed.items()]
        return web.Response(body=body(*groups), content_type="application/json")

    async def delete(self, request: web.Request) -> web.StreamResponse:
        self.log.append(request.match_info["job"])
        if self.delete_fault is not None:
            return await self.delete_fault(request)
        if not self.ignores_deletions:
            self.pushed.pop(self.log[-1], None)
        return web.Response(status=202)

    @property
    def deletions(self) -> list[str]:
        """Return the jobs of the requested deletions."""
        return [entry for entry in self.log if entry != "read"]

    def app(self) -> web.Application:
        application = web.Application()
        application.add_routes([web.get("/api/v1/metrics", self.read), web.delete("/metrics/job/{job}", self.delete)])
        return application


def responding_with(status: int, body: str = "", **headers: str) -> Fault:
    async def respond(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=headers)

    return respond


def group(labels: dict[str, str], /, *, pushed: Any = "1.7e+09", **more: Any) -> dict[str, Any]:
    """Build a group as in the API of Pushgateway; the labels of its push time always include ``instance``."""
    return {
        "labels": labels,
        "last_push_successful": True,
        "push_time_seconds": family({"labels": {"instance": "", **labels}, "value": pushed}),
        "push_failure_time_seconds": family({"labels": {"instance": "", **labels}, "value": "0"}),
        **more,
    }


def body(*groups: dict[str, Any]) -> bytes:
    return json.dumps({"status": "success", "data": list(groups)}).encode()


def family(*metrics: dict[str, Any]) -> dict[str, Any]:
    return {"time_stamp": "2026-01-31T08:00:00.5Z", "type": "GAUGE", "help": "h", "metrics": list(metrics)}
