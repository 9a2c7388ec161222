"""The API server accepts the Kubernetes recipes; tests/cluster/jobs/test_recipes_on_kubernetes.py runs them."""

from __future__ import annotations

import pytest
import yaml

from tests.support.docs import documented_recipes
from tests.support.kubernetes import clusters

KINDS = {yaml.safe_load(text)["kind"]: text for text in documented_recipes.objects()}


@pytest.mark.parametrize("kind", KINDS)
def test_api_server_accepts_the_recipe_without_a_warning(
    prometheus_operator_kinds: clusters.Cluster, namespace: str, kind: str
) -> None:
    strictly = ["--dry-run=server", "--validate=strict", "--warnings-as-errors", f"--namespace={namespace}"]
    output = prometheus_operator_kinds.kubectl("apply", *strictly, "-f", "-", stdin=KINDS[kind])
    assert output.rstrip().endswith("(server dry run)")
