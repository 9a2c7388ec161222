"""An operator that is told one namespace needs rights in no other: those of the component `namespaced`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.cluster import clusters
from tests.e2e import pushing_jobs
from tests.manifests import kustomizations, manifest_objects, service_account_rights
from tests.support import tidegate_processes, waiting

_WATCHED = kustomizations.COMPONENTS / "namespaced"


@contextlib.contextmanager
def _operator(
    cluster: clusters.Cluster, gateway: tidegate_processes.Gateway, folder: Path, *, namespace: str, policies: bool
) -> Iterator[tidegate_processes.Operator]:
    """At work in one namespace with the rights that the manifests give there, and for policies if it is so."""
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
    """A Job's group is claimed by what the watch tells, since the next list is an hour away, and goes with the Job."""
    push.job(name, runs_on=True)
    waiting.eventually(lambda: gateway.groups()[name]["claims"], why="the claim", timeout=60, retry_on=(KeyError,))
    push.delete(name)
    waiting.eventually(lambda: gateway.groups()[name]["drain_pushed_revision"], why="the end of the group")


def test_an_operator_of_one_namespace_works_with_the_role_there(
    cluster: clusters.Cluster, push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, tmp_path: Path
) -> None:
    with _operator(cluster, gateway, tmp_path, namespace=push.namespace, policies=False) as operator:
        _follows(push, gateway, push.unique("narrow"))
    assert "orbidden" not in operator.log()


def test_where_there_are_policies_it_reads_those_of_the_namespace_and_of_the_cluster(
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
