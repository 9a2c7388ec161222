"""The components that make the operator watch other kinds: each has one flag and the rights for it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.support.kubernetes import clusters
from tests.support.manifests import manifest_objects
from tests.support.processes import command_lines
from tidegate.operator.objects import owner_kinds

FOLDER = manifest_objects.FOLDER / "components"
COMPONENTS = {
    "watch-argo-workflows": owner_kinds.WORKFLOW,
    "watch-pods": owner_kinds.POD,
    "watch-tekton-taskruns": owner_kinds.TASKRUN,
}
each_component = pytest.mark.parametrize(("component", "kind"), COMPONENTS.items(), ids=COMPONENTS)


def _overlay(folder: Path, components: Sequence[str]) -> Path:
    """The base with these components, combined in one kustomization."""
    rendered = {
        "resources": [os.path.relpath(manifest_objects.BASE, folder)],
        "components": [os.path.relpath(FOLDER / name, folder) for name in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(rendered))
    return folder


@each_component
def test_component_grants_list_and_watch_only(component: str, kind: owner_kinds.Kind) -> None:
    role, binding = manifest_objects.objects(FOLDER / component / "rbac.yaml")
    assert role["rules"] == [{"apiGroups": [kind.group], "resources": [kind.plural], "verbs": ["list", "watch"]}]
    base = manifest_objects.one("ClusterRoleBinding")
    assert (binding["subjects"], binding["roleRef"]["name"]) == (base["subjects"], role["metadata"]["name"])


@pytest.mark.parametrize("component", COMPONENTS)
def test_rule_of_the_component_has_a_comment_on_its_purpose(component: str) -> None:
    lines = (FOLDER / component / "rbac.yaml").read_text().splitlines()
    assert lines[lines.index("rules:") + 1].startswith("  # ")


def test_every_value_of_the_flag_has_a_component() -> None:
    assert {kind.plural for kind in COMPONENTS.values()} == set(owner_kinds.BY_SHORT_NAME)
    assert {folder.name for folder in FOLDER.glob("watch-*")} == set(COMPONENTS)


def test_all_components_together_add_only_their_flags(cluster: clusters.Cluster, tmp_path: Path) -> None:
    built = yaml.safe_load_all(cluster.kubectl("kustomize", _overlay(tmp_path, list(COMPONENTS))))
    [deployment] = [each for each in built if each["kind"] == "Deployment"]
    gateway, operator = manifest_objects.pod_spec(deployment)["containers"]
    chosen = command_lines.parsed(operator["args"])
    assert set(chosen.watch) == {kind.plural for kind in COMPONENTS.values()}
    own = manifest_objects.container("operator")["args"]
    assert [argument for argument in operator["args"] if argument not in own] == [
        f"--watch={kind.plural}" for kind in COMPONENTS.values()
    ]
    assert gateway["args"] == manifest_objects.container("gateway")["args"]


def test_api_server_accepts_the_components(cluster: clusters.Cluster, tmp_path: Path) -> None:
    cluster.kubectl("apply", "-f", manifest_objects.BASE / "namespace.yaml")
    folder = _overlay(tmp_path, list(COMPONENTS))
    output = cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-k", folder)
    for component in COMPONENTS:
        assert f"clusterrole.rbac.authorization.k8s.io/tidegate-{component} created" in output
