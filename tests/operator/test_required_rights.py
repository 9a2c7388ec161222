"""The rights that are asked about are those of the manifests: no more, no less, and each where it is said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests import manifest_objects
from tidegate import settings
from tidegate.operator.kube import required_permissions
from tidegate.operator.objects import owner_kinds
from tidegate.operator.policy import policies

_ROOT = Path(__file__).resolve().parents[2]
_WORDS = ("pods", "workflows", "taskruns")


def _settings(
    *, namespaces: tuple[str, ...] = (), ownership: tuple[str, ...] = settings.OWNERSHIP
) -> settings.OperatorSettings:
    return settings.OperatorSettings(
        kubernetes=settings.KubernetesSettings(namespaces=namespaces),
        rules=settings.RuleSettings(ownership=ownership),
        pod=settings.PodSettings(namespace="tidegate", name="x", uid="x"),
    )


def _granted(file: str) -> set[tuple[str, str, str]]:
    """Verb, group and resource of all that a file grants."""
    return {
        (verb, group, resource)
        for each in manifest_objects.objects(_ROOT / file)
        for rule in each.get("rules", ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("namespaces", [(), ("a", "b")], ids=["everywhere", "in two namespaces"])
def test_each_right_is_granted_by_the_file_that_is_named_and_nothing_else_is(namespaces: tuple[str, ...]) -> None:
    needed = required_permissions.required(
        _settings(namespaces=namespaces), kinds=owner_kinds.watched_kinds(_WORDS), scopes=list(policies.Scope)
    )
    asked = {(right.file, (right.verb, right.group, right.resource)) for right in needed}
    assert asked == {(file, granted) for file in {right.file for right in needed} for granted in _granted(file)}
    assert {right.namespace for right in needed} == ({"", "a", "b", "tidegate"} if namespaces else {""})


def test_what_is_switched_off_or_not_there_needs_no_right() -> None:
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


def test_a_right_is_named_as_rules_have_it() -> None:
    custom = owner_kinds.parse("example.com/v1/runs:status.done")
    needed = required_permissions.required(_settings(namespaces=("a",)), kinds=[custom], scopes=[])
    assert (str(needed[0]), needed[0].rule, needed[0].file) == (
        "list runs.example.com in namespace a",
        '{apiGroups: ["example.com"], resources: [runs], verbs: [list]}',
        "your own ClusterRole or Role",
    )
