"""The API server accepts the components that make the operator watch other kinds."""

from __future__ import annotations

from pathlib import Path

from tests.support.kubernetes import clusters
from tests.support.manifests import kustomizations, manifest_objects

COMPONENTS = sorted(path.parent.name for path in kustomizations.COMPONENTS.glob("watch-*/rbac.yaml"))


def test_api_server_accepts_the_components(cluster: clusters.Cluster, tmp_path: Path) -> None:
    cluster.kubectl("apply", "-f", manifest_objects.BASE / "namespace.yaml")
    folder = kustomizations.write(tmp_path, components=COMPONENTS)
    output = cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-k", folder)
    for component in COMPONENTS:
        assert f"clusterrole.rbac.authorization.k8s.io/tidegate-{component} created" in output
