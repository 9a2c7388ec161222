"""``DEMO_KUBECONFIG=… make demo`` works in one namespace of a test cluster, and leaves the cluster as it was."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.demo import demo_clusters
from tests.support import repository, waiting
from tests.support.kubernetes import admin_client, clusters
from tests.support.processes import processes_by_folder
from tests.support.programs import binaries

_CONTEXT = "tidegate-dev"
"""The context in the kubeconfigs of our own clusters."""
_RESOURCES = ("nodes", "clusterroles", "clusterrolebindings")
_SECONDS = 150.0


def test_demo_runs_in_a_given_cluster_and_deletes_its_namespace(
    own_cluster: clusters.LocalCluster, tmp_path: Path
) -> None:
    cluster = own_cluster  # Tests that share a cluster add roles meanwhile.
    before = _names(cluster.api)

    done = _demo(cluster, tmp_path, {demo_clusters.CONTEXT_VARIABLE: _CONTEXT})

    assert done.returncode == 0, done.stdout + done.stderr
    assert "groups deleted unread, by timeout: 0" in done.stdout
    assert _names(cluster.api) == before
    waiting.eventually(lambda: not _namespaces(cluster.api), why="the deletion of the namespace")
    assert processes_by_folder.belonging_to(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_demo_rejects_a_context_that_may_not_be_for_tests(cluster: clusters.Cluster, tmp_path: Path) -> None:
    done = _demo(cluster, tmp_path, {})

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("demo: ")
    assert f"{demo_clusters.CONTEXT_VARIABLE}={_CONTEXT}" in line
    assert _namespaces(cluster.api) == []


def _demo(cluster: clusters.Cluster, folder: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    given = {demo_clusters.KUBECONFIG_VARIABLE: str(cluster.kubeconfig), "TMPDIR": str(folder)}
    path = f"{binaries.ensure(['kubectl'])['kubectl'].parent}:{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=repository.ROOT,
        env={**os.environ, "PATH": path, **given, **variables},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def _names(api: admin_client.Api) -> dict[str, set[str]]:
    """The names of the cluster-scoped objects that tidegate or a node could add."""
    return {resource: {each["metadata"]["name"] for each in api.list(resource)} for resource in _RESOURCES}


def _namespaces(api: admin_client.Api) -> list[str]:
    names = [each["metadata"]["name"] for each in api.list("namespaces")]
    return [name for name in names if name.startswith("tidegate-demo-")]
