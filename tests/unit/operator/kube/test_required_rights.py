"""The required permissions are exactly those of the manifests, each in the file that it names."""

from __future__ import annotations

import pytest

from tests.support import repository
from tests.support.manifests import manifest_objects
from tidegate import settings
from tidegate.operator.kube import required_permissions
from tidegate.operator.objects import owner_kinds
from tidegate.operator.policy import policies

_ROOT = repository.ROOT
_KINDS = ("pods", "workflows", "taskruns")


def _settings(
    *, namespaces: tuple[str, ...] = (), ownership: tuple[str, ...] = settings.OWNERSHIP
) -> settings.OperatorSettings:
    return settings.OperatorSettings(
        kubernetes=settings.KubernetesSettings(namespaces=namespaces),
        rules=settings.RuleSettings(ownership=ownership),
        pod=settings.PodSettings(namespace="tidegate", name="x", uid="x"),
    )


def _granted(file: str) -> set[tuple[str, str, str]]:
    """Return verb, group and resource of every permission that a file grants."""
    return {
        (verb, group, resource)
        for each in manifest_objects.objects(_ROOT / file)
        for rule in each.get("rules", ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("namespaces", [(), ("a", "b")], ids=["everywhere", "in two namespaces"])
def test_named_files_grant_exactly_the_required_permissions(namespaces: tuple[str, ...]) -> None:
    needed = required_permissions.required(
        _settings(namespaces=namespaces), kinds=owner_kinds.watched_kinds(_KINDS), scopes=list(policies.Scope)
    )
    required = {(right.file, (right.verb, right.group, right.resource)) for right in needed}
    assert required == {(file, granted) for file in {right.file for right in needed} for granted in _granted(file)}
    assert {right.namespace for right in needed} == ({"", "a", "b", "tidegate"} if namespaces else {""})


def test_disabled_features_require_no_permissions() -> None:
    needed = required_permissions.required(
        _settings(ownership=("annotation", "name")), kinds=owner_kinds.ALWAYS_WATCHED, scopes=[]
    )
    assert [str(right) for right in needed] == [
        "list jobs.batch in all namespaces",
        "watch jobs.batch in all namespaces",
        "list cronjobs.batch in all namespaces",
        "watch cronjobs.batch in all namespaces",
        "create events.events.k8s.io in all namespaces",
    ]


def test_permission_is_named_like_its_rule() -> None:
    custom = owner_kinds.parse("example.com/v1/runs:status.done")
    needed = required_permissions.required(_settings(namespaces=("a",)), kinds=[custom], scopes=[])
    assert (str(needed[0]), needed[0].rule, needed[0].file) == (
        "list runs.example.com in namespace a",
        '{apiGroups: ["example.com"], resources: [runs], verbs: [list]}',
        "your own ClusterRole or Role",
    )
