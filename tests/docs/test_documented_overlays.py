"""The overlays that the documents tell people to write work as they stand."""

import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import clusters
from tests.docs import markdown_documents
from tidegate.operator.policy import policies


def _made(overlay: str, cluster: clusters.Cluster, folder: Path) -> list[dict[str, Any]]:
    """The objects of an overlay that stands beside this repository."""
    (folder / "kustomization.yaml").write_text(overlay)
    shutil.copytree(markdown_documents.ROOT / "manifests", folder / "tidegate" / "manifests")
    return list(yaml.safe_load_all(cluster.kubectl("kustomize", folder)))


def test_the_readmes_overlay_deploys_the_readers_own_image(cluster: clusters.Cluster, tmp_path: Path) -> None:
    [overlay] = [
        block
        for block in markdown_documents.yaml_blocks(markdown_documents.ROOT / "README.md")
        if "kustomization" in block
    ]
    made = _made(overlay, cluster, tmp_path)
    assert "ServiceMonitor" in [each["kind"] for each in made]
    [workload] = [each for each in made if each["kind"] == "StatefulSet"]
    [chosen] = yaml.safe_load(overlay)["images"]
    images = {container["image"] for container in workload["spec"]["template"]["spec"]["containers"]}
    assert images == {f"{chosen['newName']}:{chosen['newTag']}"}


def test_the_overlay_beside_a_pushgateway_tells_the_operator_the_readers_own_url(
    cluster: clusters.Cluster, tmp_path: Path
) -> None:
    page = markdown_documents.ROOT / "docs" / "beside-pushgateway.md"
    [overlay] = [block for block in markdown_documents.yaml_blocks(page) if "overlays" in block]
    [deployment] = [each for each in _made(overlay, cluster, tmp_path) if each["kind"] == "Deployment"]
    [operator] = deployment["spec"]["template"]["spec"]["containers"]
    [url] = [each for each in operator["env"] if "value" in each]
    assert url == {"name": "PUSHGATEWAY_URL", "value": "http://my-pushgateway.monitoring:9091"}
    assert operator["image"] == "registry.example/tidegate:0.1.0"


def test_the_overlay_with_policies_has_both_kinds_and_the_rights_on_them(
    cluster: clusters.Cluster, tmp_path: Path
) -> None:
    page = markdown_documents.ROOT / "docs" / "policies.md"
    [overlay] = [block for block in markdown_documents.yaml_blocks(page) if "kustomization" in block]
    made = _made(overlay, cluster, tmp_path)
    kinds = {each["spec"]["names"]["kind"] for each in made if each["kind"] == "CustomResourceDefinition"}
    assert kinds == {scope.value for scope in policies.Scope}
    [role] = [each for each in made if each["metadata"]["name"] == "tidegate-policies" and "rules" in each]
    assert [rule["verbs"] for rule in role["rules"]] == [["list"], ["patch"]]
