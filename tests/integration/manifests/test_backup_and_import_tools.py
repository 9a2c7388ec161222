"""The Pods for backup and import reach the gateway's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.manifests import kustomizations, manifest_objects

each_tool = pytest.mark.parametrize("path", manifest_objects.TOOLS, ids=lambda path: path.stem)


def _volume(pod: manifest_objects.Object, container: manifest_objects.Object) -> tuple[str, str]:
    """The claim, and its mount path."""
    [mount] = [each for each in container["volumeMounts"] if each["name"] == "data"]
    [volume] = [each for each in pod["volumes"] if each["name"] == "data"]
    return volume["persistentVolumeClaim"]["claimName"], mount["mountPath"]


@each_tool
def test_tool_mounts_the_gateways_volume_at_the_same_path(path: Path) -> None:
    rendered = kustomizations.combination("persistent")
    workload = kustomizations.workload(rendered)
    [template] = workload["spec"]["volumeClaimTemplates"]
    gateway = kustomizations.container(rendered, "gateway")
    [mount] = [each for each in gateway["volumeMounts"] if each["name"] == template["metadata"]["name"]]
    [container] = manifest_objects.pod_spec(manifest_objects.only(path))["containers"]
    claim = f"{template['metadata']['name']}-{workload['metadata']['name']}-0"
    assert _volume(manifest_objects.pod_spec(manifest_objects.only(path)), container) == (claim, mount["mountPath"])


@each_tool
def test_tool_accesses_files_as_the_gateways_user(path: Path) -> None:
    gateway = manifest_objects.pod_spec(kustomizations.workload(kustomizations.combination("persistent")))
    assert manifest_objects.pod_spec(manifest_objects.only(path))["securityContext"] == gateway["securityContext"]
