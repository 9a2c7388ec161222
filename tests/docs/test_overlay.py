"""The overlay that the README tells people to write works as it stands."""

import shutil
from pathlib import Path

import yaml

from tests.cluster import clusters
from tests.docs import documents


def test_the_readmes_overlay_deploys_the_readers_own_image(cluster: clusters.Cluster, tmp_path: Path) -> None:
    [overlay] = [block for block in documents.yaml_blocks(documents.ROOT / "README.md") if "kustomization" in block]
    (tmp_path / "kustomization.yaml").write_text(overlay)
    shutil.copytree(documents.ROOT / "manifests", tmp_path / "tidegate" / "manifests")
    made = list(yaml.safe_load_all(cluster.kubectl("kustomize", tmp_path)))
    assert "ServiceMonitor" in [each["kind"] for each in made]
    [deployment] = [each for each in made if each["kind"] == "Deployment"]
    [chosen] = yaml.safe_load(overlay)["images"]
    images = {container["image"] for container in deployment["spec"]["template"]["spec"]["containers"]}
    assert images == {f"{chosen['newName']}:{chosen['newTag']}"}
