"""Faults of the API server have the effects on its clients that they are named after."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import pytest

from tests.soak import audit_log
from tests.support import waiting
from tests.support.kubernetes import clusters, kubernetes_objects


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[clusters.Cluster]:
    """A separate cluster: the shared one has no audit log."""
    with clusters.Cluster(tmp_path_factory.mktemp("audited") / "cluster", audit=True) as running:
        yield running


def test_old_resource_version_is_expired_after_a_restart_and_a_compaction(audited: clusters.Cluster) -> None:
    before = audited.api.request("GET", "apis/batch/v1/jobs")["metadata"]["resourceVersion"]
    audited.api.create(
        "jobs",
        kubernetes_objects.job("meanwhile", kubernetes_objects.container("true"), suspend=True),
        namespace="default",
    )
    with audited.control_plane.outage():
        audited.control_plane.compact()
    query = {"watch": "true", "resourceVersion": before, "timeoutSeconds": "5"}
    event = audited.api.request("GET", "apis/batch/v1/jobs", query=query)
    assert event["type"] == "ERROR"
    assert event["object"]["code"] == HTTPStatus.GONE


def test_audit_log_shows_how_jobs_finish_and_when_they_are_deleted(audited: clusters.Cluster) -> None:
    uids = {}
    for name, command, ttl in (("good", "true", None), ("bad", "false", None), ("brief", "true", 0)):
        body = kubernetes_objects.job(name, kubernetes_objects.container(command), ttl=ttl)
        uids[name] = audited.api.create("jobs", body, namespace="default")["metadata"]["uid"]
    for name in ("good", "bad"):
        audited.wait_until_finished(name, namespace="default")
    audited.api.delete("jobs", "bad", namespace="default")
    waiting.eventually(lambda: audited.api.find("jobs", "brief", namespace="default") is None, why="the TTL")

    lives = audit_log.read(audited.control_plane.audit_log)

    outcomes = {
        name: [moment is not None for moment in (lives[uid].succeeded, lives[uid].failed, lives[uid].deleted)]
        for name, uid in uids.items()
    }
    assert outcomes == {"good": [True, False, False], "bad": [False, True, True], "brief": [True, False, True]}
