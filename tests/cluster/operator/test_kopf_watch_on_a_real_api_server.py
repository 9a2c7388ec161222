"""The watch, with the permissions of the operator, during the life of a Job and an outage of the API server."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import threading
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from pathlib import Path

import pytest

from tests.support import repository, waiting
from tests.support.kubernetes import admin_client, clusters, custom_resources, kubernetes_objects
from tidegate import settings
from tidegate.aio import backoffs, clocks, cross_thread
from tidegate.operator.kube import kube_api
from tidegate.operator.objects import owner_kinds
from tidegate.operator.watch import cache_updater, kopf_session, kopf_watch, supervisors

_JOIN_SECONDS = 5.0
"""Time for a thread to exit after it has reported its end."""
_WATCH_PODS = repository.MANIFESTS / "components" / "watch-pods" / "rbac.yaml"


@pytest.fixture(autouse=True)
def kopf_leaves_nothing_for_other_tests() -> Iterator[None]:
    """Collect the unread responses of a watch that ended with an error here, where their warnings are ignored."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class _Watching:
    """A supervised watch that records events in ``seen`` and counts its restarts."""

    def __init__(
        self,
        kubeconfig: Path,
        *,
        namespaces: tuple[str, ...] = (),
        watched: Collection[owner_kinds.Kind] = owner_kinds.ALWAYS_WATCHED,
    ) -> None:
        self.seen: list[cache_updater.ObjectEvent] = []
        self.restarts = 0
        self.calls: list[kopf_session.ApiCall] = []
        self.threads: set[threading.Thread] = set()
        self._watched = watched
        self._kube_settings = settings.KubernetesSettings(
            kubeconfig=str(kubeconfig), namespaces=namespaces, page_size=3
        )

    def supervisor(self) -> supervisors.Supervisor:
        clock = clocks.SystemClock()
        return supervisors.Supervisor(
            self._work,
            name="watch",
            clock=clock,
            backoff=backoffs.Backoff(first=0.2, limit=0.5),
            on_healthy=lambda: None,
            on_end=lambda _: None,
            on_restart=self._count,
        )

    def _work(self, stop_signal: cross_thread.Stop) -> None:
        self.threads.add(threading.current_thread())
        kopf_watch.watch(
            stop_signal,
            kube_settings=self._kube_settings,
            kinds=self._watched,
            on_event=self.seen.append,
            on_call=self.calls.append,
        )

    def _count(self) -> None:
        self.restarts += 1

    async def sees(
        self, job: admin_client.Object, *, deleted: bool = False, ended: bool = False
    ) -> cache_updater.ObjectEvent:
        uid = job["metadata"]["uid"]

        async def look() -> cache_updater.ObjectEvent | None:
            matching = [
                each
                for each in self.seen
                if each.view.uid == uid and each.deleted == deleted and (each.view.finish is not None or not ended)
            ]
            return matching[-1] if matching else None

        event = await waiting.eventually_async(look, why=f"the watch to see {job['metadata']['name']}", timeout=30.0)
        assert event is not None
        return event


@contextlib.asynccontextmanager
async def _at_work(watching: _Watching) -> AsyncIterator[_Watching]:
    running = asyncio.create_task(watching.supervisor().run())
    try:
        yield watching
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        for thread in watching.threads:
            thread.join(_JOIN_SECONDS)
            assert not thread.is_alive(), "the watch still runs after its supervisor"


@pytest.fixture
async def watching(operator_rights: Path) -> AsyncIterator[_Watching]:
    async with _at_work(_Watching(operator_rights)) as running_watch:
        yield running_watch


def _create(cluster: clusters.Cluster, namespace: str, name: str, *, suspend: bool = True) -> admin_client.Object:
    return cluster.api.create(
        "jobs", kubernetes_objects.job(name, kubernetes_objects.container("true"), suspend=suspend), namespace=namespace
    )


def _create_pod(cluster: clusters.Cluster, namespace: str, name: str, *, restart: str) -> admin_client.Object:
    spec = {
        "restartPolicy": restart,
        "containers": [kubernetes_objects.container("true")],
        "terminationGracePeriodSeconds": 1,
    }
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    return cluster.api.create("pods", body, namespace=namespace)


async def test_life_of_a_job_is_seen_and_the_job_is_not_changed(
    cluster: clusters.Cluster, namespace: str, watching: _Watching
) -> None:
    job = _create(cluster, namespace, "x", suspend=False)
    await watching.sees(job, ended=True)
    metadata = cluster.api.get("jobs", "x", namespace=namespace)["metadata"]
    assert not metadata.get("finalizers")
    assert not any("kopf" in name or "tidegate" in name for name in metadata.get("annotations", {}))
    cluster.api.delete("jobs", "x", namespace=namespace)
    deleted_event = await watching.sees(job, deleted=True)
    assert deleted_event.view.finish is not None
    assert watching.restarts == 0


async def test_cronjobs_are_seen_too(cluster: clusters.Cluster, namespace: str, watching: _Watching) -> None:
    body = kubernetes_objects.cronjob("nightly", kubernetes_objects.container("true"))
    seen = await watching.sees(cluster.api.create("cronjobs", body, namespace=namespace))
    assert seen.view.owner.kind == "CronJob"


async def test_life_of_a_custom_object_is_seen_although_another_kind_is_not_served(
    cluster: clusters.Cluster, namespace: str, operator_rights: Path
) -> None:
    runs = custom_resources.Runs(cluster, group=f"{namespace}.tidegate.example")
    watched = dataclasses.replace(owner_kinds.parse(runs.watch), name=runs.kind)
    with runs.granted(), runs.defined():
        async with _at_work(
            _Watching(operator_rights, watched=(*owner_kinds.ALWAYS_WATCHED, owner_kinds.TASKRUN, watched))
        ) as watching:
            run = runs.create("night", namespace=namespace)
            seen = await watching.sees(run)
            assert (seen.view.kind, seen.view.finish) == (runs.kind, None)
            runs.set_done("night", namespace=namespace)
            await watching.sees(run, ended=True)
            runs.delete("night", namespace=namespace)
            await watching.sees(run, deleted=True)
            await watching.sees(_create(cluster, namespace, "x"))
            assert watching.restarts == 0


async def test_only_uncontrolled_pods_that_can_finish_are_seen(
    cluster: clusters.Cluster, namespace: str, operator_rights: Path
) -> None:
    cluster.kubectl("apply", "-f", _WATCH_PODS)
    try:
        async with _at_work(
            _Watching(operator_rights, watched=(*owner_kinds.ALWAYS_WATCHED, owner_kinds.POD))
        ) as watching:
            await watching.sees(_create(cluster, namespace, "x", suspend=False), ended=True)
            _create_pod(cluster, namespace, "service", restart="Always")
            bare = _create_pod(cluster, namespace, "bare", restart="Never")
            await watching.sees(bare, ended=True)
            cluster.api.delete("pods", "bare", namespace=namespace)
            await watching.sees(bare, deleted=True)
            assert watching.restarts == 0
        seen = {each.view.owner[:3] for each in watching.seen if each.view.owner.namespace == namespace}
        assert {owner for owner in seen if owner[0] == "Pod"} == {("Pod", namespace, "bare")}
    finally:
        cluster.kubectl("delete", "-f", _WATCH_PODS)


async def test_watch_continues_after_an_outage_of_the_api_server(
    cluster: clusters.Cluster, namespace: str, watching: _Watching
) -> None:
    await watching.sees(_create(cluster, namespace, "before"))
    with cluster.control_plane.outage():
        pass
    await watching.sees(_create(cluster, namespace, "after"))
    assert cluster.api.list("events", namespace=namespace, fields="reportingController=kopf") == []


async def test_watch_without_permissions_reports_it_and_retries(cluster: clusters.Cluster, namespace: str) -> None:
    unprivileged = cluster.control_plane.kubeconfig_for("default", namespace=namespace)
    async with _at_work(_Watching(unprivileged)) as watching:
        await waiting.eventually_async(_are_forbidden(watching), why="two calls to be forbidden", timeout=30.0)
    assert (watching.seen, watching.restarts) == ([], 0)


async def test_only_the_configured_namespaces_are_watched(
    cluster: clusters.Cluster, namespace: str, operator_rights: Path
) -> None:
    elsewhere = cluster.create_namespace()
    try:
        async with _at_work(_Watching(operator_rights, namespaces=(namespace,))) as watching:
            _create(cluster, elsewhere, "there")
            await watching.sees(_create(cluster, namespace, "here"))
            assert {each.view.owner.namespace for each in watching.seen} == {namespace}
    finally:
        cluster.api.delete("namespaces", elsewhere)


def _are_forbidden(watching: _Watching) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        failures = [call.error for call in watching.calls if call.path == "/apis/batch/v1/jobs"]
        assert all(isinstance(error, kube_api.ForbiddenError) for error in failures)
        return len(failures) >= 2

    return look
