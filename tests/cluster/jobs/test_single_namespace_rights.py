"""An operator for one namespace needs rights only there: those of the component `namespaced`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.support import waiting
from tests.support.jobs import pushing_jobs
from tests.support.kubernetes import clusters
from tests.support.manifests import kustomizations, manifest_objects, service_account_rights
from tests.support.processes import tidegate_processes

_WATCHED = kustomizations.COMPONENTS / "namespaced"


@contextlib.contextmanager
def _operator(
    cluster: clusters.Cluster, gateway: tidegate_processes.Gateway, folder: Path, *, namespace: str, policies: bool
) -> Iterator[tidegate_processes.Operator]:
    """An operator for one namespace with the rights of the manifests there, optionally with those for policies."""
    rights = ["watched", *(["watched-policies"] if policies else [])]
    team = kustomizations.write(folder / "team", resources=[_WATCHED / each for each in rights], namespace=namespace)
    components = ["namespaced", *(["namespaced/policies"] if policies else [])]
    whole = kustomizations.write(folder / "whole", resources=[manifest_objects.BASE, team], components=components)
    with service_account_rights.granted(cluster, whole) as prefix:
        operator = tidegate_processes.Operator(
            folder,
            gateway=gateway,
            kubeconfig=cluster.control_plane.kubeconfig_for(f"{prefix}tidegate", namespace="tidegate"),
            arguments=(f"--kubernetes.namespace={namespace}", "--operator.resync=1h"),
        )
        try:
            operator.start()
            yield operator
        finally:
            operator.process.stop()


def _follows(push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, name: str) -> None:
    """Assert that a watch event (the next list is an hour away) leads to the claim and deletion of a Job's group."""
    push.job(name, runs_on=True)
    waiting.eventually(lambda: gateway.groups()[name]["claims"], why="the claim", timeout=60, retry_on=(KeyError,))
    push.delete(name)
    waiting.eventually(lambda: gateway.groups()[name]["drain_pushed_revision"], why="the end of the group")


def test_operator_for_one_namespace_works_with_the_role_there(
    cluster: clusters.Cluster, push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, tmp_path: Path
) -> None:
    with _operator(cluster, gateway, tmp_path, namespace=push.namespace, policies=False) as operator:
        _follows(push, gateway, push.unique("narrow"))
    assert "orbidden" not in operator.log()


def test_operator_for_one_namespace_reads_namespace_and_cluster_policies(
    policy_kinds: clusters.Cluster, push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, tmp_path: Path
) -> None:
    body = {
        "apiVersion": "tidegate.dev/v1alpha1",
        "kind": "GroupCleanupPolicy",
        "metadata": {"name": "it"},
        "spec": {"drainTimeout": "2m"},
    }
    policy_kinds.api.create("groupcleanuppolicies", body, namespace=push.namespace)
    with _operator(policy_kinds, gateway, tmp_path, namespace=push.namespace, policies=True) as operator:
        waiting.eventually(
            lambda: policy_kinds.api.get("groupcleanuppolicies", "it", namespace=push.namespace).get("status"),
            why="the policy's status",
        )
        _follows(push, gateway, push.unique("narrow-with-policies"))
    assert "orbidden" not in operator.log()
