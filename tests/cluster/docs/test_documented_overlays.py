"""The overlays in the documents work as they are shown."""

import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.support.docs import markdown_documents
from tests.support.kubernetes import clusters
from tidegate.operator.policy import policies


def _rendered(overlay: str, cluster: clusters.Cluster, folder: Path) -> list[dict[str, Any]]:
    """The objects of an overlay that is next to this repository."""
    (folder / "kustomization.yaml").write_text(overlay)
    shutil.copytree(markdown_documents.ROOT / "manifests", folder / "tidegate" / "manifests")
    return list(yaml.safe_load_all(cluster.kubectl("kustomize", folder)))


def test_readme_overlay_deploys_the_users_image(cluster: clusters.Cluster, tmp_path: Path) -> None:
    [overlay] = [
        block
        for block in markdown_documents.yaml_blocks(markdown_documents.ROOT / "README.md")
        if "kustomization" in block
    ]
    rendered = _rendered(overlay, cluster, tmp_path)
    assert "ServiceMonitor" in [each["kind"] for each in rendered]
    [workload] = [each for each in rendered if each["kind"] == "StatefulSet"]
    [chosen] = yaml.safe_load(overlay)["images"]
    images = {container["image"] for container in workload["spec"]["template"]["spec"]["containers"]}
    assert images == {f"{chosen['newName']}:{chosen['newTag']}"}


def test_pushgateway_overlay_sets_the_users_pushgateway_url(cluster: clusters.Cluster, tmp_path: Path) -> None:
    page = markdown_documents.ROOT / "docs" / "beside-pushgateway.md"
    [overlay] = [block for block in markdown_documents.yaml_blocks(page) if "overlays" in block]
    [deployment] = [each for each in _rendered(overlay, cluster, tmp_path) if each["kind"] == "Deployment"]
    [operator] = deployment["spec"]["template"]["spec"]["containers"]
    [url] = [each for each in operator["env"] if "value" in each]
    assert url == {"name": "PUSHGATEWAY_URL", "value": "http://my-pushgateway.monitoring:9091"}
    assert operator["image"] == "registry.example/tidegate:0.1.0"


def test_policies_overlay_has_both_crds_and_their_rights(cluster: clusters.Cluster, tmp_path: Path) -> None:
    page = markdown_documents.ROOT / "docs" / "policies.md"
    [overlay] = [block for block in markdown_documents.yaml_blocks(page) if "kustomization" in block]
    rendered = _rendered(overlay, cluster, tmp_path)
    kinds = {each["spec"]["names"]["kind"] for each in rendered if each["kind"] == "CustomResourceDefinition"}
    assert kinds == {scope.value for scope in policies.Scope}
    [role] = [each for each in rendered if each["metadata"]["name"] == "tidegate-policies" and "rules" in each]
    assert [rule["verbs"] for rule in role["rules"]] == [["list"], ["patch"]]
