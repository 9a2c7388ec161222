"""Each component that makes the operator watch another kind grants exactly the rights for it."""

from __future__ import annotations

import pytest

from tests.support.manifests import manifest_objects
from tidegate.operator.objects import owner_kinds

FOLDER = manifest_objects.FOLDER / "components"
COMPONENTS = {
    "watch-argo-workflows": owner_kinds.WORKFLOW,
    "watch-pods": owner_kinds.POD,
    "watch-tekton-taskruns": owner_kinds.TASKRUN,
}
each_component = pytest.mark.parametrize(("component", "kind"), COMPONENTS.items(), ids=COMPONENTS)


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
