"""The API server accepts the Pods for backup and import, also with Pod Security."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.support.kubernetes import clusters
from tests.support.manifests import manifest_objects

each_tool = pytest.mark.parametrize("path", manifest_objects.TOOLS, ids=lambda path: path.stem)


@each_tool
def test_api_server_accepts_the_tool_without_a_warning(cluster: clusters.Cluster, path: Path) -> None:
    cluster.kubectl("apply", "-f", manifest_objects.BASE / "namespace.yaml")
    strictly = ["--dry-run=server", "--validate=strict", "--warnings-as-errors"]
    cluster.kubectl("apply", *strictly, "-f", path)
    # Pod Security rejects a Pod, but only warns about a workload that creates one.
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "it", "namespace": manifest_objects.only(path)["metadata"]["namespace"]},
        "spec": manifest_objects.pod_spec(manifest_objects.only(path)),
    }
    cluster.kubectl("create", *strictly, "-f", "-", stdin=yaml.safe_dump(pod))
