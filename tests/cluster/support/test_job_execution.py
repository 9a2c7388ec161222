"""Jobs on the dev cluster behave as on a real one: the controllers are real, and the pods are processes."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support import waiting
from tests.support.kubernetes import clusters, kubernetes_objects


@pytest.mark.parametrize(
    ("exit_code", "expected"),
    [pytest.param(0, "Complete", id="exit 0"), pytest.param(3, "Failed", id="exit 3")],
)
def test_job_finishes_with_the_result_of_its_process(
    cluster: clusters.Cluster, namespace: str, exit_code: int, expected: str
) -> None:
    script = kubernetes_objects.python(f"raise SystemExit({exit_code})")
    cluster.api.create("jobs", kubernetes_objects.job("one", script), namespace=namespace)

    assert cluster.wait_until_finished("one", namespace=namespace) == expected
    assert [kubernetes_objects.exit_codes(pod) for pod in cluster.pods_of("one", namespace=namespace)] == [[exit_code]]


def test_fifty_short_jobs_complete_together(cluster: clusters.Cluster, namespace: str) -> None:
    names = [f"short-{number}" for number in range(50)]
    for name in names:
        cluster.api.create(
            "jobs", kubernetes_objects.job(name, kubernetes_objects.container("true")), namespace=namespace
        )

    waiting.eventually(
        lambda: (
            [kubernetes_objects.final_condition(job) for job in cluster.api.list("jobs", namespace=namespace)]
            == ["Complete"] * 50
        ),
        why="the end of all",
        timeout=60,
    )


def test_run_of_a_cronjob_completes(cluster: clusters.Cluster, namespace: str) -> None:
    cluster.api.create(
        "cronjobs", kubernetes_objects.cronjob("nightly", kubernetes_objects.container("true")), namespace=namespace
    )
    cluster.kubectl("create", "job", "nightly-1", "--from=cronjob/nightly", "--namespace", namespace)

    assert cluster.wait_until_finished("nightly-1", namespace=namespace) == "Complete"
    run = cluster.api.get("jobs", "nightly-1", namespace=namespace)
    assert [owner["kind"] for owner in run["metadata"]["ownerReferences"]] == ["CronJob"]


def test_cronjob_controller_creates_a_run_that_is_due(cluster: clusters.Cluster, namespace: str) -> None:
    cronjob = kubernetes_objects.cronjob("minutely", kubernetes_objects.container("true"), schedule="* * * * *")
    cluster.api.create("cronjobs", cronjob, namespace=namespace)
    # If the last run was 90 s ago, a run is overdue, and the controller need not wait for the next minute.
    last = (datetime.now(UTC) - timedelta(seconds=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    cluster.api.patch("cronjobs", "minutely/status", {"status": {"lastScheduleTime": last}}, namespace=namespace)

    runs = waiting.eventually(lambda: cluster.api.list("jobs", namespace=namespace), why="the controller's own run")
    assert cluster.wait_until_finished(runs[0]["metadata"]["name"], namespace=namespace) == "Complete"


def test_finished_job_with_a_ttl_is_deleted(cluster: clusters.Cluster, namespace: str) -> None:
    cluster.api.create(
        "jobs", kubernetes_objects.job("gone", kubernetes_objects.container("true"), ttl=0), namespace=namespace
    )

    waiting.eventually(
        lambda: cluster.api.find("jobs", "gone", namespace=namespace) is None,
        why="the TTL controller",
    )
    waiting.eventually(
        lambda: not cluster.pods_of("gone", namespace=namespace),
        why="the garbage collector to delete the Job's pod",
    )


def test_suspended_job_loses_its_pods_and_completes_after_it_is_resumed(
    cluster: clusters.Cluster, namespace: str
) -> None:
    cluster.api.create(
        "jobs", kubernetes_objects.job("paused", kubernetes_objects.container("sleep", "2")), namespace=namespace
    )
    waiting.eventually(lambda: cluster.pods_of("paused", namespace=namespace), why="its pod")

    cluster.api.patch("jobs", "paused", {"spec": {"suspend": True}}, namespace=namespace)
    waiting.eventually(lambda: not cluster.pods_of("paused", namespace=namespace), why="the end of its pod")
    cluster.api.patch("jobs", "paused", {"spec": {"suspend": False}}, namespace=namespace)

    assert cluster.wait_until_finished("paused", namespace=namespace) == "Complete"
