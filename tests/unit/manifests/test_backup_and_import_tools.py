"""The Pods for backup and import run the deployed image, and no selector finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.manifests import manifest_objects

each_tool = pytest.mark.parametrize("path", manifest_objects.TOOLS, ids=lambda path: path.stem)


@each_tool
def test_service_and_groups_command_do_not_select_the_tools_pod(path: Path) -> None:
    workload = manifest_objects.only(path)
    labelled = workload if workload["kind"] == "Pod" else workload["spec"]["template"]
    assert labelled["metadata"]["labels"]["app.kubernetes.io/name"] != "tidegate"
    assert manifest_objects.pod_spec(workload)["automountServiceAccountToken"] is False


@each_tool
def test_tool_runs_the_deployed_image(path: Path) -> None:
    [image] = manifest_objects.objects(manifest_objects.BASE / "kustomization.yaml")[0]["images"]
    [container] = manifest_objects.pod_spec(manifest_objects.only(path))["containers"]
    assert container["image"] == f"{image['newName']}:{image['newTag']}"
