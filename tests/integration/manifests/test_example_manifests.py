"""The example manifests are valid and run the deployed image."""

import subprocess
from pathlib import Path

import pytest

from tests.support.manifests import manifest_objects
from tidegate.operator.policy import cleanup_rules

each_example = pytest.mark.parametrize("path", manifest_objects.EXAMPLES, ids=lambda path: path.stem)


@each_example
def test_annotations_of_an_example_are_valid(path: Path) -> None:
    for workload in manifest_objects.objects(path):
        assert cleanup_rules.parse(workload["metadata"].get("annotations", {})).problems == ()


@each_example
def test_script_of_an_example_is_python_or_shell(path: Path) -> None:
    for workload in manifest_objects.objects(path):
        for container in manifest_objects.pod_spec(workload)["containers"]:
            [script] = container["args"]
            if container["command"] == ["python", "-c"]:
                compile(script, str(path), "exec")
            else:
                assert container["command"] == ["sh", "-euc"]
                subprocess.run(["sh", "-n"], input=script, text=True, check=True)


@each_example
def test_example_runs_the_deployed_image(path: Path) -> None:
    [image] = manifest_objects.objects(manifest_objects.BASE / "kustomization.yaml")[0]["images"]
    used = {
        it["image"] for each in manifest_objects.objects(path) for it in manifest_objects.pod_spec(each)["containers"]
    }
    assert used == {f"{image['newName']}:{image['newTag']}"}
