"""The examples are what a careful user would write."""

from pathlib import Path

import pytest

from tests.manifests import documents
from tidegate.controller import cleanups

each_example = pytest.mark.parametrize("path", documents.EXAMPLES, ids=lambda path: path.stem)


@each_example
def test_an_examples_annotations_are_understood(path: Path) -> None:
    for workload in documents.objects(path):
        assert cleanups.parse(workload["metadata"].get("annotations", {})).problems == ()


@each_example
def test_an_examples_script_is_python(path: Path) -> None:
    for workload in documents.objects(path):
        for container in documents.pod_spec(workload)["containers"]:
            assert container["command"] == ["python", "-c"]
            [script] = container["args"]
            compile(script, str(path), "exec")


@each_example
def test_an_example_runs_the_image_that_is_deployed(path: Path) -> None:
    [image] = documents.objects(documents.BASE / "kustomization.yaml")[0]["images"]
    used = {it["image"] for each in documents.objects(path) for it in documents.pod_spec(each)["containers"]}
    assert used == {f"{image['newName']}:{image['newTag']}"}
