"""An operator that may list but not watch Jobs reports that, works with lists, and ends when it is asked to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.jobs import e2e_environment, pushing_jobs
from tests.support.kubernetes import clusters
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server

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
    yield cluster.control_plane.kubeconfig_for(_ACCOUNT, namespace=namespace)
    cluster.api.delete("clusterrolebindings", name)
    cluster.api.delete("clusterroles", name)


@pytest.fixture
def limited(
    gateway: tidegate_processes.Gateway, limited_kubeconfig: Path, tmp_path: Path
) -> Iterator[tidegate_processes.Operator]:
    """An operator with this account that has applied its first plan."""
    running = tidegate_processes.Operator(
        tmp_path,
        gateway=gateway,
        kubeconfig=limited_kubeconfig,
        arguments=(e2e_environment.RESYNC, "--log.format=json"),
    )
    try:
        running.start()
        yield running
    finally:
        running.process.stop()


def _missing(operator: tidegate_processes.Operator) -> set[str]:
    """The rights that the log reports as missing, without their scope."""
    messages = (json.loads(line)["msg"] for line in operator.log().splitlines())
    return {right for message in messages for right in _MISSING if right in message}


def test_missing_watch_rights_are_reported_and_cleanup_works_with_lists(
    gateway: tidegate_processes.Gateway,
    limited: tidegate_processes.Operator,
    push: pushing_jobs.Pushers,
    server: prometheus_server.Prometheus,
) -> None:
    waiting.eventually(lambda: _missing(limited) == _MISSING, why="both missing rights in the log")
    waiting.eventually(
        lambda: limited.total("tidegate_operator_rights_missing") == len(_MISSING), why="both rights in the metric"
    )
    waiting.eventually(
        lambda: limited.total('tidegate_operator_api_errors_total{reason="forbidden"}') > 0, why="a refused watch"
    )
    assert limited.total("tidegate_operator_watch_up") == 0
    name = push.unique("by-lists")
    push.job(name)
    selector = f'job_result{{job="{name}"}}'
    waiting.eventually(lambda: server.final_value(selector) is not None, why="the final value", timeout=60.0)
    waiting.eventually(lambda: name not in gateway.groups(), why="its group to go", timeout=60.0)
    assert "Traceback" not in limited.log()
    assert limited.process.stop() == 0
