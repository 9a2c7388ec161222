"""The API server accepts the Kubernetes recipes; tests/cluster/jobs/test_recipes_on_kubernetes.py runs them."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.support.docs import documented_recipes
from tests.support.kubernetes import clusters
from tests.support.manifests import manifest_objects

KINDS = {yaml.safe_load(text)["kind"]: text for text in documented_recipes.objects()}


@pytest.mark.parametrize("kind", KINDS)
def test_api_server_accepts_the_recipe_without_a_warning(
    prometheus_operator_kinds: clusters.Cluster, namespace: str, kind: str
) -> None:
    strictly = ["--dry-run=server", "--validate=strict", "--warnings-as-errors", f"--namespace={namespace}"]
    output = prometheus_operator_kinds.kubectl("apply", *strictly, "-f", "-", stdin=KINDS[kind])
    assert output.rstrip().endswith("(server dry run)")


def test_recipes_contain_a_job_a_cronjob_and_an_alert() -> None:
    assert KINDS.keys() == {"Job", "CronJob", "PrometheusRule"}


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_recipe_runs_the_deployed_image(kind: str) -> None:
    [image] = manifest_objects.objects(manifest_objects.BASE / "kustomization.yaml")[0]["images"]
    assert re.findall(r"image: (\S+)", KINDS[kind]) == [f"{image['newName']}:{image['newTag']}"]
