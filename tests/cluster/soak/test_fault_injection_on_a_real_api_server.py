"""Faults of the API server have the effects on its clients that they are named after."""

from __future__ import annotations

from http import HTTPStatus

from tests.soak import audit_log
from tests.support import waiting
from tests.support.kubernetes import clusters, kubernetes_objects


def test_old_resource_version_is_expired_after_a_restart_and_a_compaction(
    own_cluster: clusters.LocalCluster, own_namespace: str
) -> None:
    before = own_cluster.api.request("GET", "apis/batch/v1/jobs")["metadata"]["resourceVersion"]
    own_cluster.api.create(
        "jobs",
        kubernetes_objects.job("meanwhile", kubernetes_objects.container("true"), suspend=True),
        namespace=own_namespace,
    )
    with own_cluster.control_plane.outage():
        own_cluster.control_plane.compact()
    query = {"watch": "true", "resourceVersion": before, "timeoutSeconds": "5"}
    event = own_cluster.api.request("GET", "apis/batch/v1/jobs", query=query)
    assert event["type"] == "ERROR"
    assert event["object"]["code"] == HTTPStatus.GONE


def test_audit_log_shows_how_jobs_finish_and_when_they_are_deleted(
    own_cluster: clusters.LocalCluster, own_namespace: str
) -> None:
    uids = {}
    for name, command, ttl in (("good", "true", None), ("bad", "false", None), ("brief", "true", 0)):
        body = kubernetes_objects.job(name, kubernetes_objects.container(command), ttl=ttl)
        uids[name] = own_cluster.api.create("jobs", body, namespace=own_namespace)["metadata"]["uid"]
    for name in ("good", "bad"):
        own_cluster.wait_until_finished(name, namespace=own_namespace)
    own_cluster.api.delete("jobs", "bad", namespace=own_namespace)
    waiting.eventually(lambda: own_cluster.api.find("jobs", "brief", namespace=own_namespace) is None, why="the TTL")

    lives = audit_log.read(own_cluster.control_plane.audit_log)

    outcomes = {
        name: [moment is not None for moment in (lives[uid].succeeded, lives[uid].failed, lives[uid].deleted)]
        for name, uid in uids.items()
    }
    assert outcomes == {"good": [True, False, False], "bad": [False, True, True], "brief": [True, False, True]}
