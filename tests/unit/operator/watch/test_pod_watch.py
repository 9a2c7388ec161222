"""The watch on the pods of Jobs, with a fake API server, for events that a real one does not produce on request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import prometheus_client
import pytest

from tests.support import waiting
from tests.support.operator import fake_api_server, object_builders, operator_harness
from tidegate import settings
from tidegate.aio import clocks
from tidegate.operator import operator_metrics
from tidegate.operator.cache import cluster_cache
from tidegate.operator.explain import notifications
from tidegate.operator.kube import kube_api
from tidegate.operator.planning import work_queue
from tidegate.operator.watch import cache_updater, pod_watch

IP = "10.0.0.7"
_QUICK = settings.WorkerSettings(backoff_seconds=0.02, backoff_limit_seconds=0.02)


class _Watched:
    """A running watch, and its cache."""

    def __init__(self, server: fake_api_server.ApiServer, *, clock: clocks.Clock) -> None:
        kube_settings = settings.KubernetesSettings()
        self.server = server
        self.registry = prometheus_client.CollectorRegistry()
        self.cache = cluster_cache.ClusterCache()
        self.api = kube_api.KubeApi(server.login(), kube_settings=kube_settings, clock=clock)
        metrics = operator_metrics.OperatorMetrics(self.registry)
        notifier = notifications.Notifier(lambda _event: None, grace=None, on_act=lambda *_: None, operator=None)
        updater = cache_updater.CacheUpdater(
            self.cache,
            queue=work_queue.WorkQueue(),
            notifier=notifier,
            metrics=metrics,
            clock=clock,
            server_clock=self.api.server_clock,
        )
        self.watch = pod_watch.PodWatch(self.api, updater=updater, metrics=metrics, clock=clock, worker_settings=_QUICK)

    async def until(self, expected: list[bool]) -> None:
        """Wait until this many pods are cached at the address, each deleted or not."""

        async def look() -> bool:
            result = self.cache.get_address(IP)
            assert [pod.ended_at is not None for pod in (() if result is None else result.pods)] == expected
            return True

        await waiting.eventually_async(look, why=f"{expected}")

    def watches(self) -> int:
        return len([call for call in self.server.calls if "labelSelector" in call and "watch" in call])

    def lists(self) -> int:
        return len([call for call in self.server.calls if "labelSelector" in call and "watch" not in call])


def _pod(uid: str = "u") -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "prod",
            "name": "x",
            "uid": uid,
            "creationTimestamp": "2026-01-31T08:00:00Z",
            "resourceVersion": "5",
        },
        "status": {"startTime": "2026-01-31T08:00:00Z", "podIPs": [{"ip": IP}], "phase": "Running"},
    }


def _event(kind: str, pod: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "object": pod}


@contextlib.asynccontextmanager
async def _at_work(server: fake_api_server.ApiServer, *, clock: clocks.Clock | None = None) -> AsyncIterator[_Watched]:
    watched = _Watched(server, clock=clocks.SystemClock() if clock is None else clock)
    task = asyncio.create_task(watched.watch.run())
    try:
        yield watched
    finally:
        task.cancel()
        await asyncio.wait([task])
        await watched.api.close()


async def test_existing_new_and_deleted_pods_are_cached(server: fake_api_server.ApiServer) -> None:
    server.job_pods.append(_pod())
    async with _at_work(server) as watched:
        await watched.until([False])
        server.pod_events.put_nowait(_event("ADDED", _pod("v")))
        await watched.until([False, False])
        server.pod_events.put_nowait(_event("DELETED", _pod()))
        await watched.until([True, False])


async def test_watch_continues_after_the_end_of_a_response_without_another_list(
    server: fake_api_server.ApiServer,
) -> None:
    server.job_pods.append(_pod())
    async with _at_work(server) as watched:
        await watched.until([False])
        bookmark = {"metadata": {"resourceVersion": "77"}}
        server.pod_events.put_nowait(_event("BOOKMARK", bookmark))
        server.pod_events.put_nowait(None)
        server.pod_events.put_nowait(_event("DELETED", _pod()))
        await watched.until([True])
        assert "resourceVersion=77" in [call for call in server.calls if "watch=true" in call][-1]
        assert watched.lists() == 1


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(_event("ERROR", {"code": 410, "message": "too old"}), id="expired"),
        pytest.param(_event("ERROR", {"code": 500, "message": "no"}), id="error"),
        pytest.param({"unexpected": 1}, id="garbled"),
    ],
)
async def test_pods_are_listed_again_after_an_error_and_missing_ones_are_deleted(
    server: fake_api_server.ApiServer, event: dict[str, Any]
) -> None:
    server.job_pods.append(_pod())
    async with _at_work(server) as watched:
        await watched.until([False])
        server.job_pods.clear()
        server.pod_events.put_nowait(event)
        await watched.until([True])
        assert watched.lists() == 2


async def test_missing_permission_is_counted_and_the_list_is_retried(server: fake_api_server.ApiServer) -> None:
    server.job_pods.append(_pod())
    server.faults.extend([403, 403])
    async with _at_work(server) as watched:
        await watched.until([False])
        assert watched.registry.get_sample_value("tidegate_operator_api_errors_total", {"reason": "forbidden"}) == 2


async def test_final_push_of_a_deleted_job_is_retired(scene: operator_harness.Scene) -> None:
    """The pod is never found at its address, but the watch has reported it before."""
    view = scene.running("x")
    scene.api_server.put(view)
    pod = _pod()
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "uid": view.uid, "controller": True}]
    pod["status"]["podIPs"] = [{"ip": "127.0.0.1"}]
    scene.api_server.job_pods.append(pod)
    async with operator_harness.at_work(scene) as operator:
        await scene.until_true(lambda: scene.metric("tidegate_operator_pods") == 1, why="the pod to be cached")
        assert operator is not None
        del scene.api_server.jobs[view.uid]
        scene.api_server.pod_events.put_nowait(_event("DELETED", pod))
        await scene.push("job/final")
        await scene.until("draining Job prod/x", key=object_builders.key("job=final"))


async def test_watch_that_ends_at_once_is_restarted_once_a_second(server: fake_api_server.ApiServer) -> None:
    clock = clocks.MovableClock()
    server.pod_events.put_nowait(None)
    async with _at_work(server, clock=clock) as watched:

        async def is_waiting() -> bool:
            return clock.waiters == 1

        async def is_restarted() -> bool:
            return watched.watches() == 2

        await waiting.eventually_async(is_waiting, why="the pause")
        clock.advance(0.99)
        assert clock.waiters == 1
        assert watched.watches() == 1
        clock.advance(0.02)
        await waiting.eventually_async(is_restarted, why="the second watch")
        assert watched.lists() == 1
