"""Events are posted in the background, tried at most twice, and dropped rather than delaying anything."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

import prometheus_client
import pytest
from aiohttp import web

from tests.support import waiting
from tests.support.operator import fake_api_server, object_builders
from tidegate import settings
from tidegate.aio import backoffs, clocks
from tidegate.operator import operator_metrics
from tidegate.operator.kube import event_recorder, kube_api
from tidegate.operator.objects import served_kinds

_EVENT = event_recorder.Event(object_builders.job("x").owner, event_recorder.EventReason.RETIRED, "a note")
_QUEUED = 1_000
"""Events that the queue holds."""


class _Scene(NamedTuple):
    """A recorder with its API server.

    :ivar statuses: the status codes of the next responses; 201 when they are used up.
    """

    recorder: event_recorder.EventRecorder
    registry: prometheus_client.CollectorRegistry
    statuses: list[int]
    posted: list[str]

    def counted(self, result: str) -> float:
        return self.registry.get_sample_value("tidegate_operator_events_total", {"result": result}) or 0.0

    async def until(self, result: str, count: float) -> None:
        async def look() -> bool:
            return self.counted(result) >= count

        await waiting.eventually_async(look, why=f"{count} Events that are {result}")


@contextlib.asynccontextmanager
async def _recording(*, is_running: bool = True) -> AsyncIterator[_Scene]:
    statuses: list[int] = []
    posted: list[str] = []

    async def respond(request: web.Request) -> web.Response:
        posted.append(request.path)
        return web.json_response({}, status=statuses.pop(0) if statuses else 201)

    server, clock, registry = fake_api_server.ApiServer(), clocks.SystemClock(), prometheus_client.CollectorRegistry()
    server.respond = respond
    await server.start()
    api = kube_api.KubeApi(server.login(), kube_settings=settings.KubernetesSettings(), clock=clock)
    recorder = event_recorder.EventRecorder(
        api,
        kinds=served_kinds.ServedKinds(),
        clock=clock,
        metrics=operator_metrics.OperatorMetrics(registry),
        backoff=backoffs.Backoff(first=0.01, limit=0.01),
    )
    task = asyncio.create_task(recorder.run()) if is_running else None
    try:
        yield _Scene(recorder, registry, statuses, posted)
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        await api.close()
        await server.stop()


async def test_event_is_posted_in_the_namespace_of_its_object() -> None:
    async with _recording() as scene:
        scene.recorder.record(_EVENT)
        await scene.until("posted", 1)
    assert scene.posted == ["/apis/events.k8s.io/v1/namespaces/prod/events"]


@pytest.mark.parametrize("status", [403, 404], ids=["forbidden", "not found"])
async def test_event_that_the_api_server_never_accepts_is_not_tried_again(status: int) -> None:
    async with _recording() as scene:
        scene.statuses.append(status)
        scene.recorder.record(_EVENT)
        await scene.until("failed", 1)
    assert len(scene.posted) == 1


async def test_event_is_tried_again_once_after_a_fault() -> None:
    async with _recording() as scene:
        scene.statuses.append(500)
        scene.recorder.record(_EVENT)
        await scene.until("posted", 1)
    assert len(scene.posted) == 2


async def test_event_is_given_up_after_two_faults() -> None:
    async with _recording() as scene:
        scene.statuses.extend([500, 503])
        scene.recorder.record(_EVENT)
        await scene.until("failed", 1)
    assert len(scene.posted) == 2


async def test_events_beyond_the_queue_are_dropped_and_counted() -> None:
    async with _recording(is_running=False) as scene:
        for _ in range(_QUEUED + 3):
            scene.recorder.record(_EVENT)
        assert scene.counted("dropped") == 3
