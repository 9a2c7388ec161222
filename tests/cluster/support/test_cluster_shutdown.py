"""Every process of a dev cluster ends with the process that started it, however that ends."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.kubernetes import clusters, kubernetes_objects
from tests.support.processes import processes_by_folder, started_commands

_COMPONENTS = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}


@pytest.mark.long
def test_stopped_cluster_leaves_no_process_and_no_data(tmp_path: Path) -> None:
    with clusters.LocalCluster(tmp_path / "cluster") as cluster:
        _run_a_long_pod(cluster)
        assert len(processes_by_folder.belonging_to(tmp_path)) > len(_COMPONENTS)

    assert processes_by_folder.belonging_to(tmp_path) == []
    assert not (tmp_path / "cluster" / "etcd").exists()


@pytest.mark.long
def test_process_that_is_killed_leaves_no_process_of_its_cluster(tmp_path: Path) -> None:
    script = (
        "import pathlib, signal, sys\n"
        "from tests.cluster.support import test_cluster_shutdown\n"
        "from tests.support.kubernetes import clusters\n"
        "with clusters.LocalCluster(pathlib.Path(sys.argv[1])) as cluster:\n"
        "    test_cluster_shutdown._run_a_long_pod(cluster)\n"
        "    print('up', flush=True)\n"
        "    signal.pause()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with started_commands.started(command) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "up\n"
        run.kill()

    waiting.eventually(
        lambda: not processes_by_folder.belonging_to(tmp_path), why="the end of every process", timeout=60.0
    )


def test_cluster_command_stops_at_ctrl_c(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "tests.support.kubernetes"]
    with started_commands.started(command, environment=environment) as run:
        assert run.stdout is not None
        assert run.stdout.readline().startswith("export KUBECONFIG=")
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 0

    assert processes_by_folder.belonging_to(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_error_for_a_component_that_cannot_start_has_the_end_of_its_log(tmp_path: Path) -> None:
    cluster = clusters.LocalCluster(tmp_path / "cluster")
    (tmp_path / "cluster" / "etcd").write_text("in the way of etcd's data folder")

    with pytest.raises(RuntimeError, match=r"etcd ended with exit code 1; its log ends:\n(?s:.*)not a directory"):
        cluster.start()

    assert processes_by_folder.belonging_to(tmp_path) == []


def _run_a_long_pod(cluster: clusters.Cluster) -> None:
    cluster.api.create(
        "jobs", kubernetes_objects.job("long", kubernetes_objects.container("sleep", "600")), namespace="default"
    )
    waiting.eventually(
        lambda: [pod["status"]["phase"] for pod in cluster.pods_of("long", namespace="default")] == ["Running"],
        why="the pod to run",
    )
