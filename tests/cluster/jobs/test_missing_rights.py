"""An operator that may list but not watch Jobs reports that, works with lists, and ends when it is asked to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import environments, waiting
from tests.support.kubernetes import clusters
from tests.support.processes import tidegate_processes

_ACCOUNT = "default"
_RULES = [
    {"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
]
_MISSING = {"watch jobs.batch", "watch cronjobs.batch"}


@pytest.fixture
def limited_kubeconfig(cluster: clusters.Cluster, namespace: str) -> Iterator[Path]:
    """An account with the rights of the manifests, except to watch Jobs and CronJobs."""
    name = f"limited-{namespace}"
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": name}}
    cluster.api.create("clusterroles", {**head, "kind": "ClusterRole", "rules": _RULES})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    subject = {"kind": "ServiceAccount", "name": _ACCOUNT, "namespace": namespace}
    binding = {**head, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [subject]}
    cluster.api.create("clusterrolebindings", binding)
    yield cluster.kubeconfig_for(_ACCOUNT, namespace=namespace)
    cluster.api.delete("clusterrolebindings", name)
    cluster.api.delete("clusterroles", name)


@pytest.fixture
def environment(
    cluster: clusters.Cluster, limited_kubeconfig: Path, tmp_path: Path
) -> Iterator[environments.Environment]:
    """An environment whose operator has this account."""
    flags = ("--log.format=json",)
    with environments.started(cluster, tmp_path, kubeconfig=limited_kubeconfig, operator_flags=flags) as started:
        yield started


def _missing(operator: tidegate_processes.Operator) -> set[str]:
    """The rights that the log reports as missing, without their scope."""
    messages = (json.loads(line)["msg"] for line in operator.log().splitlines())
    return {right for message in messages for right in _MISSING if right in message}


def test_missing_watch_rights_are_reported_and_cleanup_works_with_lists(environment: environments.Environment) -> None:
    limited = environment.operator
    waiting.eventually(lambda: _missing(limited) == _MISSING, why="both missing rights in the log")
    waiting.eventually(
        lambda: limited.total("tidegate_operator_rights_missing") == len(_MISSING), why="both rights in the metric"
    )
    waiting.eventually(
        lambda: limited.total('tidegate_operator_api_errors_total{reason="forbidden"}') > 0, why="a refused watch"
    )
    assert limited.total("tidegate_operator_watch_up") == 0
    name = environment.push.unique("by-lists")
    environment.push.job(name)
    waiting.eventually(lambda: environment.final(name) is not None, why="the final value", timeout=60.0)
    environment.wait_until_deleted(name)
    assert "Traceback" not in limited.log()
    assert limited.process.stop() == 0
