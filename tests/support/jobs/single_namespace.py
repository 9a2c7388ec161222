"""An operator with the rights of the component `namespaced` in one namespace only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.support import components, environments
from tests.support.kubernetes import clusters
from tests.support.manifests import kustomizations, manifest_objects, service_account_rights

_WATCHED = kustomizations.COMPONENTS / "namespaced"


@contextlib.contextmanager
def started(
    cluster: clusters.Cluster, folder: Path, *, namespace: str, policies: bool
) -> Iterator[environments.Environment]:
    """An operator for one namespace with the rights of the manifests there, optionally with those for policies."""
    rights = ["watched", *(["watched-policies"] if policies else [])]
    team = kustomizations.write(folder / "team", resources=[_WATCHED / each for each in rights], namespace=namespace)
    added = ["namespaced", *(["namespaced/policies"] if policies else [])]
    whole = kustomizations.write(folder / "whole", resources=[manifest_objects.BASE, team], components=added)
    with (
        service_account_rights.granted(cluster, whole) as prefix,
        components.Components(
            cluster,
            folder,
            kubeconfig=cluster.kubeconfig_for(f"{prefix}tidegate", namespace="tidegate"),
            operator_flags=(f"--kubernetes.namespace={namespace}",),
            resync="1h",
        ) as running,
    ):
        environment = environments.Environment(running, namespace=namespace, folder=folder)
        _ = environment.operator
        yield environment


def assert_watches(environment: environments.Environment, name: str) -> None:
    """Assert that a watch event (the next list is an hour away) leads to the claim and deletion of a Job's group."""
    environment.push.job(name, runs_on=True)
    environment.wait_until_claimed(name)
    environment.push.delete(name)
    environment.wait_until_draining(name)
