"""The cluster that the processes of a test run share ends with the last of them, however they end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.kubernetes import clusters, kubernetes_objects, shared_cluster
from tests.support.processes import processes_by_folder, started_commands

_LEASE = """
import pathlib, signal, sys
from tests.support.kubernetes import shared_cluster
with shared_cluster.leased(pathlib.Path(sys.argv[1]), scratch=pathlib.Path(sys.argv[2])) as cluster:
    print(cluster.kubeconfig, flush=True)
    signal.pause()
"""


def test_killed_processes_share_one_cluster_that_ends_with_the_last_one(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    commands = [[sys.executable, "-c", _LEASE, str(folder), str(tmp_path / name)] for name in ("first", "second")]
    with started_commands.started(commands[0]) as first, started_commands.started(commands[1]) as second:
        assert first.stdout is not None
        assert second.stdout is not None
        kubeconfig, same = first.stdout.readline().strip(), second.stdout.readline().strip()
        assert kubeconfig == same != ""
        first.kill()
        first.wait()
        cluster = clusters.Cluster(Path(kubeconfig), folder=tmp_path / "third")
        pod = kubernetes_objects.job("long", kubernetes_objects.container("sleep", "600"))
        cluster.api.create("jobs", pod, namespace="default")
        waiting.eventually(lambda: list(cluster.pods.glob("default_long-*")), why="its pod")
        cluster.close()
        second.kill()

    waiting.eventually(
        lambda: not processes_by_folder.belonging_to(tmp_path), why="the end of every process", timeout=60.0
    )


def test_given_cluster_whose_pods_run_elsewhere_is_rejected(
    cluster: clusters.Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters.Cluster, "pods", tmp_path / "elsewhere")
    with (
        pytest.raises(shared_cluster.UnsuitableClusterError, match="has no node local on this machine; run"),
        shared_cluster.existing(cluster.kubeconfig, scratch=tmp_path / "scratch"),
    ):
        pass


def test_given_kubeconfig_that_cannot_be_used_is_rejected(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("apiVersion: v1\nkind: Config\n")
    with (
        pytest.raises(shared_cluster.UnsuitableClusterError, match="cannot be read"),
        shared_cluster.existing(kubeconfig, scratch=tmp_path / "scratch"),
    ):
        pass


def test_given_cluster_is_used(cluster: clusters.Cluster, tmp_path: Path) -> None:
    with shared_cluster.existing(cluster.kubeconfig, scratch=tmp_path / "scratch") as given:
        assert given.pods == cluster.pods
