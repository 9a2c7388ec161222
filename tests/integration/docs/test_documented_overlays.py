"""The overlays in the documents work as they are shown."""

from pathlib import Path

import yaml

import tidegate
from tests.support.docs import markdown_documents
from tests.support.manifests import kustomizations, manifest_objects
from tidegate.operator.policy import policies


def _rendered(overlay: str, folder: Path) -> list[manifest_objects.Object]:
    """The objects of an overlay that is next to this repository."""
    (folder / "kustomization.yaml").write_text(overlay)
    (folder / "tidegate").symlink_to(markdown_documents.ROOT)
    return kustomizations.objects(folder)


def test_readme_overlay_deploys_the_users_image(tmp_path: Path) -> None:
    [overlay] = [
        block
        for block in markdown_documents.yaml_blocks(markdown_documents.ROOT / "README.md")
        if "kustomization" in block
    ]
    rendered = _rendered(overlay, tmp_path)
    assert "ServiceMonitor" in [each["kind"] for each in rendered]
    [workload] = [each for each in rendered if each["kind"] == "StatefulSet"]
    [chosen] = yaml.safe_load(overlay)["images"]
    images = {container["image"] for container in workload["spec"]["template"]["spec"]["containers"]}
    assert images == {f"{chosen['newName']}:{chosen['newTag']}"}


def test_pushgateway_overlay_sets_the_users_pushgateway_url(tmp_path: Path) -> None:
    page = markdown_documents.ROOT / "docs" / "beside-pushgateway.md"
    [overlay] = [block for block in markdown_documents.yaml_blocks(page) if "overlays" in block]
    [deployment] = [each for each in _rendered(overlay, tmp_path) if each["kind"] == "Deployment"]
    [operator] = deployment["spec"]["template"]["spec"]["containers"]
    [url] = [each for each in operator["env"] if "value" in each]
    assert url == {"name": "PUSHGATEWAY_URL", "value": "http://my-pushgateway.monitoring:9091"}
    assert operator["image"] == f"registry.example/tidegate:{tidegate.__version__}"


def test_policies_overlay_has_both_crds_and_their_rights(tmp_path: Path) -> None:
    page = markdown_documents.ROOT / "docs" / "policies.md"
    [overlay] = [block for block in markdown_documents.yaml_blocks(page) if "kustomization" in block]
    rendered = _rendered(overlay, tmp_path)
    kinds = {each["spec"]["names"]["kind"] for each in rendered if each["kind"] == "CustomResourceDefinition"}
    assert kinds == {scope.value for scope in policies.Scope}
    [role] = [each for each in rendered if each["metadata"]["name"] == "tidegate-policies" and "rules" in each]
    assert [rule["verbs"] for rule in role["rules"]] == [["list"], ["patch"]]


def test_operations_overlay_sets_the_gateways_resources(tmp_path: Path) -> None:
    page = markdown_documents.ROOT / "docs" / "operations.md"
    [overlay] = [block for block in markdown_documents.yaml_blocks(page) if "kustomization" in block]
    [patch] = yaml.safe_load(overlay)["patches"]
    *_, change = yaml.safe_load(patch["patch"])
    gateway = kustomizations.container(_rendered(overlay, tmp_path), "gateway")
    assert gateway["resources"] == change["value"]
