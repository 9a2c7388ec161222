"""An operator for one namespace needs rights only there: those of the component `namespaced`."""

from __future__ import annotations

from pathlib import Path

from tests.support.jobs import single_namespace
from tests.support.kubernetes import clusters


def test_operator_for_one_namespace_works_with_the_role_there(
    cluster: clusters.Cluster, namespace: str, tmp_path: Path
) -> None:
    with single_namespace.started(cluster, tmp_path, namespace=namespace, policies=False) as environment:
        single_namespace.assert_watches(environment, environment.push.unique("narrow"))
    assert "orbidden" not in environment.operator.log()
