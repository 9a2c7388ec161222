"""The components that make the operator watch other kinds can be combined."""

from __future__ import annotations

from tests.support.manifests import kustomizations, manifest_objects
from tests.support.processes import command_lines
from tidegate.operator.objects import owner_kinds

COMPONENTS = {
    "watch-argo-workflows": owner_kinds.WORKFLOW,
    "watch-pods": owner_kinds.POD,
    "watch-tekton-taskruns": owner_kinds.TASKRUN,
}


def test_all_components_together_add_only_their_flags() -> None:
    rendered = kustomizations.combination(*COMPONENTS)
    gateway, operator = (kustomizations.container(rendered, name) for name in ("gateway", "operator"))
    chosen = command_lines.parsed(operator["args"])
    assert set(chosen.watch) == {kind.plural for kind in COMPONENTS.values()}
    own = manifest_objects.container("operator")["args"]
    assert [argument for argument in operator["args"] if argument not in own] == [
        f"--watch={kind.plural}" for kind in COMPONENTS.values()
    ]
    assert gateway["args"] == manifest_objects.container("gateway")["args"]
