"""The manifests for backup and import: their Pods reach the gateway's files and are restricted."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.support.kubernetes import clusters
from tests.support.manifests import kustomizations, manifest_objects

TOOLS = sorted((manifest_objects.FOLDER / "tools").glob("*.yaml"))

each_tool = pytest.mark.parametrize("path", TOOLS, ids=lambda path: path.stem)


def _one(path: Path) -> manifest_objects.Object:
    [found] = manifest_objects.objects(path)
    return found


def _pod(workload: manifest_objects.Object) -> manifest_objects.Object:
    spec: manifest_objects.Object = (
        workload["spec"] if workload["kind"] == "Pod" else manifest_objects.pod_spec(workload)
    )
    return spec


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
    [container] = _pod(_one(path))["containers"]
    claim = f"{template['metadata']['name']}-{workload['metadata']['name']}-0"
    assert _volume(_pod(_one(path)), container) == (claim, mount["mountPath"])


@each_tool
def test_tool_accesses_files_as_the_gateways_user(path: Path) -> None:
    gateway = manifest_objects.pod_spec(kustomizations.workload(kustomizations.combination("persistent")))
    assert _pod(_one(path))["securityContext"] == gateway["securityContext"]


@each_tool
def test_service_and_groups_command_do_not_select_the_tools_pod(path: Path) -> None:
    workload = _one(path)
    labelled = workload if workload["kind"] == "Pod" else workload["spec"]["template"]
    assert labelled["metadata"]["labels"]["app.kubernetes.io/name"] != "tidegate"
    assert _pod(workload)["automountServiceAccountToken"] is False


@each_tool
def test_tool_runs_the_deployed_image(path: Path) -> None:
    [image] = manifest_objects.objects(manifest_objects.BASE / "kustomization.yaml")[0]["images"]
    assert [each["image"] for each in _pod(_one(path))["containers"]] == [f"{image['newName']}:{image['newTag']}"]


@each_tool
def test_api_server_accepts_the_tool_without_a_warning(cluster: clusters.Cluster, path: Path) -> None:
    cluster.kubectl("apply", "-f", manifest_objects.BASE / "namespace.yaml")
    strictly = ["--dry-run=server", "--validate=strict", "--warnings-as-errors"]
    cluster.kubectl("apply", *strictly, "-f", path)
    # Pod Security rejects a Pod, but only warns about a workload that creates one.
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "it", "namespace": _one(path)["metadata"]["namespace"]},
        "spec": _pod(_one(path)),
    }
    cluster.kubectl("create", *strictly, "-f", "-", stdin=yaml.safe_dump(pod))
