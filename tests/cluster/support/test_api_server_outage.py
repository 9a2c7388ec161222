"""The API server can stop and restart; the node and the controllers continue where they were."""

import pytest

from tests.support import waiting
from tests.support.kubernetes import admin_client, clusters, kubernetes_objects
from tests.support.processes import processes_by_folder


def test_calls_fail_without_an_api_server_and_jobs_run_after_its_restart(
    cluster: clusters.Cluster, namespace: str
) -> None:
    with cluster.control_plane.outage(), pytest.raises(admin_client.UNREACHABLE):
        cluster.api.list("jobs", namespace=namespace)

    cluster.api.create(
        "jobs", kubernetes_objects.job("later", kubernetes_objects.container("true")), namespace=namespace
    )
    assert cluster.wait_until_finished("later", namespace=namespace) == "Complete"


def test_pod_that_ends_during_an_outage_is_reported_afterwards(cluster: clusters.Cluster, namespace: str) -> None:
    script = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.02)\nraise SystemExit(5)"
    cluster.api.create(
        "jobs", kubernetes_objects.job("meanwhile", kubernetes_objects.python(script)), namespace=namespace
    )
    waiting.eventually(lambda: list(cluster.pods.glob(f"{namespace}_meanwhile-*/main.log")), why="its process")
    (folder,) = cluster.pods.glob(f"{namespace}_meanwhile-*")

    with cluster.control_plane.outage():
        (folder / "work" / "go").touch()
        waiting.eventually(lambda: not processes_by_folder.belonging_to(folder), why="the end of its process")

    assert cluster.wait_until_finished("meanwhile", namespace=namespace) == "Failed"
    assert [kubernetes_objects.exit_codes(pod) for pod in cluster.pods_of("meanwhile", namespace=namespace)] == [[5]]


def test_killed_api_server_restarts_with_all_objects(cluster: clusters.Cluster, namespace: str) -> None:
    cluster.api.create("configmaps", {"metadata": {"name": "kept"}, "data": {"a": "b"}}, namespace=namespace)

    cluster.control_plane.kill_apiserver()
    cluster.control_plane.start_apiserver()
    cluster.control_plane.restart_controllers()

    assert cluster.api.get("configmaps", "kept", namespace=namespace)["data"] == {"a": "b"}
