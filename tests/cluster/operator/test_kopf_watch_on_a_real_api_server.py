"""The watch, with the permissions of the operator, during the life of objects."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.kubernetes import admin_client, clusters, custom_resources, kubernetes_objects
from tests.support.manifests import kustomizations, service_account_rights
from tests.support.operator import supervised_watches
from tidegate.operator.kube import kube_api
from tidegate.operator.objects import owner_kinds


@pytest.fixture
async def watching(operator_kubeconfig: Path) -> AsyncIterator[supervised_watches.Watching]:
    async with supervised_watches.at_work(supervised_watches.Watching(operator_kubeconfig)) as running_watch:
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
    cluster: clusters.Cluster, namespace: str, watching: supervised_watches.Watching
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


async def test_cronjobs_are_seen_too(
    cluster: clusters.Cluster, namespace: str, watching: supervised_watches.Watching
) -> None:
    body = kubernetes_objects.cronjob("nightly", kubernetes_objects.container("true"))
    seen = await watching.sees(cluster.api.create("cronjobs", body, namespace=namespace))
    assert seen.view.owner.kind == "CronJob"


async def test_life_of_a_custom_object_is_seen_although_another_kind_is_not_served(
    cluster: clusters.Cluster, namespace: str, operator_kubeconfig: Path
) -> None:
    runs = custom_resources.Runs(cluster, group=f"{namespace}.tidegate.example")
    watched = dataclasses.replace(owner_kinds.parse(runs.watch), name=runs.kind)
    with runs.granted(), runs.defined():
        async with supervised_watches.at_work(
            supervised_watches.Watching(
                operator_kubeconfig, watched=(*owner_kinds.ALWAYS_WATCHED, owner_kinds.TASKRUN, watched)
            )
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
    cluster: clusters.Cluster, namespace: str, tmp_path: Path
) -> None:
    overlay = kustomizations.write(tmp_path / "overlay", components=["watch-pods"])
    with service_account_rights.granted(cluster, overlay) as prefix:
        kubeconfig = cluster.kubeconfig_for(f"{prefix}tidegate", namespace="tidegate")
        async with supervised_watches.at_work(
            supervised_watches.Watching(kubeconfig, watched=(*owner_kinds.ALWAYS_WATCHED, owner_kinds.POD))
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


async def test_watch_without_permissions_reports_it_and_retries(cluster: clusters.Cluster, namespace: str) -> None:
    unprivileged = cluster.kubeconfig_for("default", namespace=namespace)
    async with supervised_watches.at_work(supervised_watches.Watching(unprivileged)) as watching:
        await waiting.eventually_async(_are_forbidden(watching), why="two calls to be forbidden", timeout=30.0)
    assert (watching.seen, watching.restarts) == ([], 0)


async def test_only_the_configured_namespaces_are_watched(
    cluster: clusters.Cluster, namespace: str, operator_kubeconfig: Path
) -> None:
    elsewhere = cluster.create_namespace()
    try:
        async with supervised_watches.at_work(
            supervised_watches.Watching(operator_kubeconfig, namespaces=(namespace,))
        ) as watching:
            _create(cluster, elsewhere, "there")
            await watching.sees(_create(cluster, namespace, "here"))
            assert {each.view.owner.namespace for each in watching.seen} == {namespace}
    finally:
        cluster.api.delete("namespaces", elsewhere)


def _are_forbidden(watching: supervised_watches.Watching) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        failures = [call.error for call in watching.calls if call.path == "/apis/batch/v1/jobs"]
        assert all(isinstance(error, kube_api.ForbiddenError) for error in failures)
        return len(failures) >= 2

    return look
