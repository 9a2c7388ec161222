"""The owners of groups during the lifecycles of Jobs and CronJobs, and the Events on them."""

import pytest

from tests.support import waiting
from tests.support.jobs import pushing_jobs, sentinel_jobs
from tests.support.kubernetes import admin_client, clusters, kubernetes_objects
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server

pytestmark = pytest.mark.usefixtures("operator", "server")


def _eventually_deleted(gateway: tidegate_processes.Gateway, name: str) -> None:
    waiting.eventually(lambda: name not in gateway.groups(), why=f"{name} to go", timeout=20.0)


def _claimed_by(gateway: tidegate_processes.Gateway, name: str, *uids: str) -> None:
    def claimants() -> bool:
        return {claim["owner"]["uid"] for claim in gateway.groups()[name]["claims"]} == set(uids)

    waiting.eventually(claimants, why=f"{name} to be claimed by {uids}", retry_on=(KeyError,))


def test_recreated_job_becomes_the_owner_of_its_predecessors_group(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, server: prometheus_server.Prometheus
) -> None:
    name = push.unique("again")
    first = push.job(name, result=1.0, runs_on=True)
    _claimed_by(gateway, name, first["metadata"]["uid"])
    server.pause()
    push.delete(name)
    second = push.job(name, result=2.0, runs_on=True)
    _claimed_by(gateway, name, second["metadata"]["uid"])
    server.resume()
    sentinel_jobs.wait_for_full_pass(push, gateway)
    assert gateway.groups()[name]["drain_pushed_revision"] is None
    push.delete(name)
    _eventually_deleted(gateway, name)
    assert server.final_value(f'job_result{{job="{name}"}}') == 2.0


def test_suspended_job_is_not_finished(
    cluster: clusters.Cluster, push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name = push.unique("paused")
    job = push.job(name, runs_on=True)
    _claimed_by(gateway, name, job["metadata"]["uid"])
    cluster.api.patch("jobs", name, {"spec": {"suspend": True}}, namespace=push.namespace)
    waiting.eventually(lambda: not cluster.pods_of(name, namespace=push.namespace), why="its pod to go")
    sentinel_jobs.wait_for_full_pass(push, gateway)
    group = gateway.groups()[name]
    assert group["drain_pushed_revision"] is None
    assert group["claims"]


def test_group_of_two_jobs_of_one_name_in_two_namespaces_is_kept_until_both_finish(
    cluster: clusters.Cluster, push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name, elsewhere = push.unique("shared"), cluster.create_namespace()
    try:
        here = push.job(name, runs_on=True)
        there = push.job(name, runs_on=True, namespace=elsewhere)
        _claimed_by(gateway, name, here["metadata"]["uid"], there["metadata"]["uid"])
        _wait_for_event(cluster, "AmbiguousGroup", name, namespace=push.namespace)
        push.delete(name)
        sentinel_jobs.wait_for_full_pass(push, gateway)
        assert gateway.groups()[name]["drain_pushed_revision"] is None
        push.delete(name, namespace=elsewhere)
        _eventually_deleted(gateway, name)
    finally:
        cluster.api.delete("namespaces", elsewhere)


def test_namespace_label_distinguishes_jobs_of_one_name(
    cluster: clusters.Cluster, push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name, elsewhere = push.unique("labelled"), cluster.create_namespace()
    try:
        here = push.job(name, runs_on=True, key=f"namespace={push.namespace}")
        push.job(name, runs_on=True, namespace=elsewhere, key=f"namespace={push.namespace}")
        _claimed_by(gateway, name, here["metadata"]["uid"])
        push.delete(name)
        _eventually_deleted(gateway, name)
    finally:
        cluster.api.delete("namespaces", elsewhere)


def test_group_named_after_a_cronjob_is_kept_between_runs_and_deleted_with_it(
    cluster: clusters.Cluster,
    push: pushing_jobs.Pushers,
    gateway: tidegate_processes.Gateway,
    server: prometheus_server.Prometheus,
) -> None:
    name = push.unique("nightly")
    body = kubernetes_objects.cronjob(name, push.container(name, result=4.0))
    cronjob = cluster.api.create("cronjobs", body, namespace=push.namespace)
    run = f"{name}-1"
    cluster.kubectl("create", "job", run, f"--from=cronjob/{name}", "--namespace", push.namespace)
    push.wait_until_finished(run)
    _claimed_by(gateway, name, cronjob["metadata"]["uid"])
    push.delete(run)
    sentinel_jobs.wait_for_full_pass(push, gateway)
    assert gateway.groups()[name]["drain_pushed_revision"] is None
    cluster.api.delete("cronjobs", name, namespace=push.namespace)
    _eventually_deleted(gateway, name)
    assert server.final_value(f'job_result{{job="{name}"}}') == 4.0


def test_group_of_the_same_name_from_another_client_is_kept(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name = push.unique("borrowed")
    gateway.push(f"job/{name}", "mine 1\n")
    waiting.eventually(lambda: _seconds_old(gateway, name) > _CLEARLY_OLDER, why="the push to be clearly older")
    push.job(name, group=push.unique("own"))
    push.wait_until_finished(name)
    sentinel_jobs.wait_for_full_pass(push, gateway)
    assert not gateway.groups()[name]["claims"]


def test_events_on_the_job_report_the_cleanup_of_its_groups(
    cluster: clusters.Cluster, push: pushing_jobs.Pushers
) -> None:
    name = push.unique("events")
    job = push.job(name)
    for reason in ("GroupsRetired", "GroupsDeleted"):
        event = _wait_for_event(cluster, reason, name, namespace=push.namespace)
        assert event["regarding"]["uid"] == job["metadata"]["uid"]
    found = cluster.api.get("jobs", name, namespace=push.namespace)["metadata"]
    assert "finalizers" not in found
    assert "annotations" not in found


_CLEARLY_OLDER = 5.0 + 1.0 + 1.0
"""Tolerance in seconds for clock differences and for timestamps of whole seconds (creation time, ``Date`` header)."""


def _seconds_old(gateway: tidegate_processes.Gateway, name: str) -> float:
    return gateway.now() - float(gateway.groups()[name]["push_time"])


def _wait_for_event(cluster: clusters.Cluster, reason: str, job: str, *, namespace: str) -> admin_client.Object:
    def find() -> admin_client.Object | None:
        events = cluster.api.list("events", namespace=namespace, fields=f"reason={reason}")
        return next((event for event in events if event["regarding"]["name"] == job), None)

    found = waiting.eventually(find, why=f"the Event {reason} on {job}")
    assert found is not None
    return found
