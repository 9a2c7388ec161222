"""A group may have any name: the address of the pod that pushed it identifies the owner."""

import pytest

from tests.support import waiting
from tests.support.jobs import pushing_jobs, sentinel_jobs
from tests.support.kubernetes import clusters, kubernetes_objects
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server

pytestmark = pytest.mark.usefixtures("operator", "server")


def _owners(gateway: tidegate_processes.Gateway, name: str) -> set[str]:
    return {claim["owner"]["name"] for claim in gateway.groups()[name]["claims"]}


def _claimed_by(gateway: tidegate_processes.Gateway, name: str, *jobs: str) -> None:
    waiting.eventually(
        lambda: _owners(gateway, name) == set(jobs), why=f"{name} to be claimed by {jobs}", retry_on=(KeyError,)
    )


def _eventually_deleted(gateway: tidegate_processes.Gateway, name: str) -> None:
    waiting.eventually(lambda: name not in gateway.groups(), why=f"{name} to go", timeout=40.0)


def test_group_is_deleted_with_the_job_whose_pod_pushed_it(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, server: prometheus_server.Prometheus
) -> None:
    name, group = push.unique("pushing"), push.unique("anything-at-all")
    push.job(name, result=7.0, group=group, from_pod=True, runs_on=True)
    _claimed_by(gateway, group, name)
    (claim,) = gateway.groups()[group]["claims"]
    assert claim["rule"] == "address"
    push.delete(name)
    _eventually_deleted(gateway, group)
    assert server.final_value(f'job_result{{job="{group}"}}') == 7.0


def test_job_that_finishes_immediately_is_found_by_its_address(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name, group = push.unique("quick"), push.unique("whatever")
    push.job(name, group=group, from_pod=True)
    push.wait_until_finished(name)
    _eventually_deleted(gateway, group)


def test_pushers_address_distinguishes_jobs_of_one_name_in_two_namespaces(
    cluster: clusters.Cluster, push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name, elsewhere = push.unique("shared"), cluster.create_namespace()
    try:
        there = push.job(name, runs_on=True, namespace=elsewhere, group=push.unique("quiet"))
        here = push.job(name, runs_on=True, from_pod=True)
        waiting.eventually(
            lambda: {claim["owner"]["uid"] for claim in gateway.groups()[name]["claims"]} == {here["metadata"]["uid"]},
            why="the one that pushed to own it",
            retry_on=(KeyError,),
        )
        assert there["metadata"]["uid"] != here["metadata"]["uid"]
        push.delete(name)
        _eventually_deleted(gateway, name)
    finally:
        cluster.api.delete("namespaces", elsewhere)


def test_group_with_the_cronjobs_name_is_kept_between_runs(
    cluster: clusters.Cluster, push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name = push.unique("nightly")
    body = kubernetes_objects.cronjob(name, push.container(name, result=4.0, from_pod=True))
    cluster.api.create("cronjobs", body, namespace=push.namespace)
    run = f"{name}-1"
    cluster.kubectl("create", "job", run, f"--from=cronjob/{name}", "--namespace", push.namespace)
    push.wait_until_finished(run)
    _claimed_by(gateway, name, name)
    sentinel_jobs.wait_for_full_pass(push, gateway)
    assert gateway.groups()[name]["drain_pushed_revision"] is None


def test_group_from_a_host_network_pod_is_unowned(
    cluster: clusters.Cluster, push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway
) -> None:
    name = push.unique("on-the-node")
    container = push.container(push.unique("nobodys"), result=1.0, from_pod=True)
    body = kubernetes_objects.job(name, container, pod={"hostNetwork": True})
    cluster.api.create("jobs", body, namespace=push.namespace)
    push.wait_until_finished(name)
    sentinel_jobs.wait_for_full_pass(push, gateway)
    assert not gateway.groups()[push.unique("nobodys")]["claims"]
