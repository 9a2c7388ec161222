"""Requests of the Kubernetes client, with the permissions of the operator, to a real API server."""

from __future__ import annotations

import pytest

from tests.support import waiting
from tests.support.kubernetes import clusters, kubernetes_objects
from tidegate import settings
from tidegate.aio import clocks
from tidegate.model import owners
from tidegate.operator.cache import cluster_cache
from tidegate.operator.kube import credentials, event_recorder, kube_api, required_permissions
from tidegate.operator.objects import owner_kinds, served_kinds


async def test_every_job_of_every_namespace_is_listed_page_by_page(
    cluster: clusters.Cluster, namespace: str, api: kube_api.KubeApi
) -> None:
    names = [f"job-{number}" for number in range(7)]
    for name in names:
        cluster.api.create(
            "jobs",
            kubernetes_objects.job(name, kubernetes_objects.container("true"), suspend=True),
            namespace=namespace,
        )
    views = [view for view in await api.list_objects(owner_kinds.JOB) if view.owner.namespace == namespace]
    assert sorted(view.owner.name for view in views) == names
    assert all(view.finish is None and view.version is not None for view in views)


async def test_finish_of_a_job_is_read(cluster: clusters.Cluster, namespace: str, api: kube_api.KubeApi) -> None:
    for name, command in (("good", "true"), ("bad", "false")):
        cluster.api.create(
            "jobs", kubernetes_objects.job(name, kubernetes_objects.container(command)), namespace=namespace
        )
        cluster.wait_until_finished(name, namespace=namespace)
    views = {
        view.owner.name: view for view in await api.list_objects(owner_kinds.JOB) if view.owner.namespace == namespace
    }
    ends = {name: view.finish for name, view in views.items()}
    assert {name: finish is not None and finish.succeeded for name, finish in ends.items()} == {
        "good": True,
        "bad": False,
    }
    assert all(finish is not None and finish.at >= views[name].created for name, finish in ends.items())


async def test_cronjobs_are_listed_with_the_rules_of_their_jobs(
    cluster: clusters.Cluster, namespace: str, api: kube_api.KubeApi
) -> None:
    body = kubernetes_objects.cronjob(
        "nightly", kubernetes_objects.container("true"), annotations={"tidegate.dev/drain-timeout": "90s"}
    )
    cluster.api.create("cronjobs", body, namespace=namespace)
    (view,) = [view for view in await api.list_objects(owner_kinds.CRONJOB) if view.owner.namespace == namespace]
    assert (view.owner.name, view.rules.drain_timeout) == ("nightly", 90.0)


async def test_owner_of_a_pod_is_its_job(cluster: clusters.Cluster, namespace: str, api: kube_api.KubeApi) -> None:
    job = cluster.api.create(
        "jobs", kubernetes_objects.job("x", kubernetes_objects.container("true")), namespace=namespace
    )
    pods = waiting.eventually(lambda: cluster.pods_of("x", namespace=namespace), why="the Job's pod")
    name = pods[0]["metadata"]["name"]
    assert await api.get_pod_owner(cluster_cache.PodLookup(namespace, name)) == job["metadata"]["uid"]
    assert await api.get_pod_owner(cluster_cache.PodLookup(namespace, "x-b2c4d")) is None


async def test_event_is_shown_on_the_job(cluster: clusters.Cluster, namespace: str, api: kube_api.KubeApi) -> None:
    job = cluster.api.create(
        "jobs", kubernetes_objects.job("x", kubernetes_objects.container("true"), suspend=True), namespace=namespace
    )
    owner = owners.Owner("Job", namespace, "x", owners.Uid(job["metadata"]["uid"]))
    announcement = event_recorder.Event(owner, event_recorder.EventReason.DELETED, "ü" * 1_000, warning=True)
    await api.create_event(
        namespace, event_recorder.event_body(announcement, kinds=served_kinds.ServedKinds(), now=1_700_000_000.0)
    )
    (event,) = cluster.api.list("events", namespace=namespace, fields="reason=GroupsDeleted")
    assert event["regarding"]["uid"] == owner.uid
    assert "GroupsDeleted" in cluster.kubectl("describe", "job", "x", "--namespace", namespace)


async def test_event_in_a_deleted_namespace_is_not_found(api: kube_api.KubeApi) -> None:
    owner = owners.Owner("Job", "deleted-long-ago", "x", owners.Uid("u"))
    announcement = event_recorder.Event(owner, event_recorder.EventReason.DELETED, "Deleted")
    with pytest.raises(kube_api.NotFoundError):
        await api.create_event(
            owner.namespace,
            event_recorder.event_body(announcement, kinds=served_kinds.ServedKinds(), now=1_700_000_000.0),
        )


async def test_missing_permission_is_named(cluster: clusters.Cluster, namespace: str) -> None:
    path = cluster.kubeconfig_for("default", namespace=namespace)
    kube_settings = settings.KubernetesSettings(kubeconfig=str(path))
    api = kube_api.KubeApi(
        await credentials.load(kube_settings), kube_settings=kube_settings, clock=clocks.SystemClock()
    )
    try:
        with pytest.raises(
            kube_api.ForbiddenError, match=r'cannot list resource "jobs" in API group "batch".*grant this'
        ):
            await api.list_objects(owner_kinds.JOB)
    finally:
        await api.close()


async def test_service_account_of_the_operator_has_every_required_permission(api: kube_api.KubeApi) -> None:
    needed = required_permissions.required(settings.OperatorSettings(), kinds=owner_kinds.ALWAYS_WATCHED, scopes=[])
    assert [right for right in needed if not await api.is_allowed(right)] == []


async def test_account_without_permissions_may_review_them(cluster: clusters.Cluster, namespace: str) -> None:
    unprivileged = cluster.kubeconfig_for("default", namespace=namespace)
    kube_settings = settings.KubernetesSettings(kubeconfig=str(unprivileged))
    api = kube_api.KubeApi(
        await credentials.load(kube_settings), kube_settings=kube_settings, clock=clocks.SystemClock()
    )
    needed = required_permissions.required(settings.OperatorSettings(), kinds=owner_kinds.ALWAYS_WATCHED, scopes=[])
    try:
        assert [right for right in needed if await api.is_allowed(right)] == []
    finally:
        await api.close()
