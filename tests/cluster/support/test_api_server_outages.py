"""The API server can stop and restart; the node and the controllers continue where they were."""

import pytest

from tests.support import waiting
from tests.support.kubernetes import admin_client, clusters, kubernetes_objects
from tests.support.processes import processes_by_folder


def test_calls_fail_without_an_api_server_and_jobs_run_after_its_restart(
    own_cluster: clusters.LocalCluster, own_namespace: str
) -> None:
    with own_cluster.control_plane.outage(), pytest.raises(admin_client.UNREACHABLE):
        own_cluster.api.list("jobs", namespace=own_namespace)

    own_cluster.api.create(
        "jobs", kubernetes_objects.job("later", kubernetes_objects.container("true")), namespace=own_namespace
    )
    assert own_cluster.wait_until_finished("later", namespace=own_namespace) == "Complete"


def test_pod_that_ends_during_an_outage_is_reported_afterwards(
    own_cluster: clusters.LocalCluster, own_namespace: str
) -> None:
    script = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.02)\nraise SystemExit(5)"
    own_cluster.api.create(
        "jobs", kubernetes_objects.job("meanwhile", kubernetes_objects.python(script)), namespace=own_namespace
    )
    waiting.eventually(lambda: list(own_cluster.pods.glob(f"{own_namespace}_meanwhile-*/main.log")), why="its process")
    (folder,) = own_cluster.pods.glob(f"{own_namespace}_meanwhile-*")

    with own_cluster.control_plane.outage():
        (folder / "work" / "go").touch()
        waiting.eventually(lambda: not processes_by_folder.belonging_to(folder), why="the end of its process")

    assert own_cluster.wait_until_finished("meanwhile", namespace=own_namespace) == "Failed"
    assert [
        kubernetes_objects.exit_codes(pod) for pod in own_cluster.pods_of("meanwhile", namespace=own_namespace)
    ] == [[5]]


def test_killed_api_server_restarts_with_all_objects(own_cluster: clusters.LocalCluster, own_namespace: str) -> None:
    own_cluster.api.create("configmaps", {"metadata": {"name": "kept"}, "data": {"a": "b"}}, namespace=own_namespace)

    own_cluster.control_plane.kill_apiserver()
    own_cluster.control_plane.start_apiserver()
    own_cluster.control_plane.restart_controllers()

    assert own_cluster.api.get("configmaps", "kept", namespace=own_namespace)["data"] == {"a": "b"}
