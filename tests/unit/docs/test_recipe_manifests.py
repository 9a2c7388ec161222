"""The Kubernetes recipes run the deployed image."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.support.docs import documented_recipes
from tests.support.manifests import manifest_objects

KINDS = {yaml.safe_load(text)["kind"]: text for text in documented_recipes.objects()}


def test_recipes_contain_a_job_a_cronjob_and_an_alert() -> None:
    assert KINDS.keys() == {"Job", "CronJob", "PrometheusRule"}


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_recipe_runs_the_deployed_image(kind: str) -> None:
    [image] = manifest_objects.objects(manifest_objects.BASE / "kustomization.yaml")[0]["images"]
    assert re.findall(r"image: (\S+)", KINDS[kind]) == [f"{image['newName']}:{image['newTag']}"]
