"""The rights of each service account, as the real API server reports them, are exactly those listed here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.manifests import test_sidecar
from tests.support.kubernetes import clusters
from tests.support.manifests import component_guarantees, kustomizations, manifest_objects, service_account_rights

BASE = frozenset(
    {"jobs.batch: list watch", "cronjobs.batch: list watch", "pods: get list watch", "events.events.k8s.io: create"}
)
POLICIES = frozenset(
    {
        "groupcleanuppolicies.tidegate.dev: list",
        "groupcleanuppolicies.tidegate.dev/status: patch",
        "clustergroupcleanuppolicies.tidegate.dev: list",
        "clustergroupcleanuppolicies.tidegate.dev/status: patch",
    }
)
CLUSTERWIDE_POLICIES = frozenset(right for right in POLICIES if right.startswith("cluster"))
WORKFLOWS = frozenset({"workflows.argoproj.io: list watch"})
TASKRUNS = frozenset({"taskruns.tekton.dev: list watch"})
EVENTS = frozenset({"events.events.k8s.io: create"})

EVERYWHERE = {
    "policies": BASE | POLICIES,
    "watch-pods": BASE,
    "watch-argo-workflows": BASE | WORKFLOWS,
    "watch-tekton-taskruns": BASE | TASKRUNS,
}
"""Rights in every namespace, with a component that adds some."""
ELSEWHERE = {"namespaced", "namespaced/policies"}
"""Components whose rights differ between namespaces; see below."""
NOTHING: frozenset[str] = frozenset()


def _may(cluster: clusters.Cluster, prefix: str, namespace: str, expected: frozenset[str]) -> None:
    account = f"{prefix}tidegate"
    service_account_rights.eventually_has(cluster, account, namespace=namespace, of="tidegate", expected=expected)


@pytest.mark.parametrize("name", ["base", *(each for each in component_guarantees.GUARANTEES if each not in ELSEWHERE)])
def test_operator_account_has_these_rights_in_every_namespace(
    name: str, cluster: clusters.Cluster, tmp_path: Path
) -> None:
    components = () if name == "base" else (name,)
    folder = kustomizations.write(tmp_path / "it", components=components)
    with service_account_rights.granted(cluster, folder) as prefix:
        for namespace in ("tidegate", "default"):
            _may(cluster, prefix, namespace, EVERYWHERE.get(name, BASE))


def _namespaced(folder: Path, *, watched: tuple[str, ...], components: tuple[str, ...]) -> Path:
    """A kustomization of one namespace, team-a, that contains these."""
    spaces = [kustomizations.COMPONENTS / "namespaced" / each for each in watched]
    team = kustomizations.write(folder / "team-a", resources=spaces, namespace="team-a")
    return kustomizations.write(
        folder / "it", resources=[manifest_objects.BASE, team], components=("namespaced", *components)
    )


@pytest.mark.parametrize(
    ("watched", "components", "there", "elsewhere"),
    [
        pytest.param((), (), NOTHING, NOTHING, id="no-namespace"),
        pytest.param(("watched",), (), BASE, NOTHING, id="jobs"),
        pytest.param(("watched", "watched-pods"), ("watch-pods/flag",), BASE, NOTHING, id="pods"),
        pytest.param(
            ("watched", "watched-argo-workflows"), ("watch-argo-workflows/flag",), BASE | WORKFLOWS, NOTHING, id="argo"
        ),
        pytest.param(
            ("watched", "watched-tekton-taskruns"),
            ("watch-tekton-taskruns/flag",),
            BASE | TASKRUNS,
            NOTHING,
            id="tekton",
        ),
        pytest.param(
            ("watched", "watched-policies"),
            ("namespaced/policies",),
            BASE | POLICIES,
            CLUSTERWIDE_POLICIES,
            id="policies",
        ),
    ],
)
def test_namespaced_operator_account_has_these_rights_there_and_few_elsewhere(
    *,
    watched: tuple[str, ...],
    components: tuple[str, ...],
    there: frozenset[str],
    elsewhere: frozenset[str],
    cluster: clusters.Cluster,
    tmp_path: Path,
) -> None:
    folder = _namespaced(tmp_path, watched=watched, components=components)
    with service_account_rights.granted(cluster, folder, spaces=["team-a"]) as prefix:
        _may(cluster, prefix, "tidegate", EVENTS | elsewhere)
        _may(cluster, prefix, "team-a", there | elsewhere)
        _may(cluster, prefix, "default", elsewhere)


def test_sidecar_account_has_these_rights(cluster: clusters.Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "it"
    folder.mkdir()
    test_sidecar.rendered_overlay(folder)
    with service_account_rights.granted(cluster, folder, spaces=["monitoring"]) as prefix:
        for namespace in ("monitoring", "default"):
            account, expected = f"{prefix}tidegate-operator", BASE - {"pods: get list watch"} | {"pods: get"}
            service_account_rights.eventually_has(
                cluster, account, namespace=namespace, of="monitoring", expected=expected
            )
