"""Policies are parsed; an invalid policy is reported, and keeps the groups that it selects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.operator import policy_builders
from tidegate.operator.policy import cleanup_rules, policies

NAMESPACED, CLUSTERWIDE = policies.Scope


@pytest.mark.parametrize(("when", "cleanup"), policies.WHEN.items())
def test_each_value_of_when_is_parsed(when: str, cleanup: cleanup_rules.Cleanup) -> None:
    after = {"after": "10m"} if when == "After" else {}
    policy = policy_builders.policy({"when": when, **after})
    assert (policy.problems, policy.rules.cleanup) == ((), cleanup)


def test_each_cleanup_has_a_value_of_when() -> None:
    assert set(policies.WHEN.values()) == set(cleanup_rules.Cleanup)


def test_durations_are_parsed_in_seconds() -> None:
    rules = policy_builders.policy(
        {"when": "After", "after": "10m", "keepFailedFor": "24h", "drainTimeout": "1m30s"}
    ).rules
    assert (rules.after, rules.keep_failed_for, rules.drain_timeout) == (600.0, 86400.0, 90.0)


def test_omitted_fields_of_a_policy_stay_unset() -> None:
    policy = policy_builders.policy({"selector": {}, "drainTimeout": "5m"})
    assert policy.rules == cleanup_rules.PartialRules(drain_timeout=300.0)
    assert policy.templates is None


def test_keep_failed_for_of_zero_is_set() -> None:
    assert policy_builders.policy({"keepFailedFor": "0s"}).rules.keep_failed_for == 0.0


def test_policy_is_named_by_kind_namespace_and_name() -> None:
    assert str(policy_builders.policy({"when": "Never"}, name="a").ref) == "GroupCleanupPolicy prod/a"
    assert (
        str(policy_builders.policy({"when": "Never"}, name="a", scope=CLUSTERWIDE).ref) == "ClusterGroupCleanupPolicy a"
    )


def test_policies_that_differ_only_in_status_are_equal() -> None:
    status = {"matchedJobs": 3}
    assert policy_builders.policy({"when": "Never"}, status=status) == policy_builders.policy({"when": "Never"})


SELECTOR = {"matchLabels": {"app": "a"}}


@pytest.mark.parametrize(
    ("scope", "spec", "selects"),
    [
        pytest.param(NAMESPACED, {}, True, id="everything"),
        pytest.param(NAMESPACED, {"selector": SELECTOR}, True, id="label"),
        pytest.param(NAMESPACED, {"selector": {"matchLabels": {"app": "b"}}}, False, id="other-label"),
        pytest.param(NAMESPACED, {"kinds": ["Job", "Workflow"]}, True, id="kind"),
        pytest.param(NAMESPACED, {"kinds": ["CronJob"]}, False, id="other-kind"),
        pytest.param(NAMESPACED, {"kinds": []}, True, id="no-kinds"),
        pytest.param(CLUSTERWIDE, {}, True, id="cluster"),
        pytest.param(CLUSTERWIDE, {"namespaces": ["dev", "prod"]}, True, id="namespace"),
        pytest.param(CLUSTERWIDE, {"namespaces": ["dev"]}, False, id="other-namespace"),
        pytest.param(CLUSTERWIDE, {"namespaces": []}, True, id="no-namespaces"),
        pytest.param(CLUSTERWIDE, {"namespaces": ["prod"], "kinds": ["CronJob"]}, False, id="all-have-to-hold"),
    ],
)
def test_policy_selects_by_labels_kind_and_namespace(
    scope: policies.Scope, spec: dict[str, Any], selects: bool
) -> None:
    policy = policy_builders.policy({"when": "Never", **spec}, scope=scope)
    assert policy.selects(policy_builders.subject(labels={"app": "a"})) is selects


def test_policy_selects_nothing_in_another_namespace() -> None:
    assert not policy_builders.policy({"when": "Never"}, namespace="dev").selects(policy_builders.subject())


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        pytest.param(None, "spec is missing", id="no-spec"),
        pytest.param([], "spec is missing", id="list"),
        pytest.param({"when": "Sometimes"}, "spec.when: 'Sometimes' is not one of OnCompletion, OnSuccess", id="when"),
        pytest.param({"when": ["Never"]}, "spec.when: ['Never'] is not one of", id="when-list"),
        pytest.param({"when": "After"}, "spec.after: required with when: After", id="after-missing"),
        pytest.param({"after": "10m"}, "spec.after: required with when: After", id="after-alone"),
        pytest.param({"when": "After", "after": "0s"}, "spec.after: '0s' is not longer than 0s", id="after-zero"),
        pytest.param({"drainTimeout": "soon"}, "spec.drainTimeout: 'soon' is not a duration: write 90s", id="drain"),
        pytest.param({"drainTimeout": "8761h"}, "spec.drainTimeout: '8761h' is longer than 8760h", id="long"),
        pytest.param({"keepFailedFor": 5}, "spec.keepFailedFor: 5 is not a string", id="number"),
        pytest.param({"groups": "job=a"}, "spec.groups: must be a list", id="groups-text"),
        pytest.param({"groups": []}, "spec.groups: the list has 0 items; it must have 1 to 16", id="no-groups"),
        pytest.param(
            {"groups": ["job=a"] * 17}, "spec.groups: the list has 17 items; it must have 1 to 16", id="many-groups"
        ),
        pytest.param({"groups": ["a"]}, "spec.groups: 'a' is not a label; write name=value", id="groups"),
        pytest.param({"selector": {"matchNames": {}}}, "spec.selector: unknown field matchNames", id="selector"),
        pytest.param({"kinds": [1]}, "spec.kinds: 1 is not a string", id="kinds"),
        pytest.param(
            {"podSelector": {}}, "spec.podSelector: unknown field; upgrade the operator or remove it", id="newer"
        ),
        pytest.param({"namespaces": ["a"]}, "spec.namespaces: unknown field; upgrade the operator", id="namespaces"),
    ],
)
def test_invalid_policy_names_the_problem_and_keeps_the_groups_it_selects(spec: Any, problem: str) -> None:
    policy = policy_builders.policy(spec)
    assert problem in policy.problems[-1]
    assert policy.rules == cleanup_rules.PartialRules(is_invalid=True)


def test_all_problems_of_a_policy_are_reported() -> None:
    spec = {"when": "x", "drainTimeout": "x", "kinds": "x", "new": 1}
    fields = [problem.partition(":")[0] for problem in policy_builders.policy(spec).problems]
    assert fields == ["spec.kinds", "spec.when", "spec.drainTimeout", "spec.new"]


def test_policy_with_an_invalid_selector_selects_everything() -> None:
    policy = policy_builders.policy({"selector": {"matchNames": {}}, "when": "OnCompletion"})
    assert policy.selects(policy_builders.subject(labels={"app": "a"}))


@pytest.mark.parametrize("field", ["name", "uid", "creationTimestamp", "namespace"])
def test_policy_without_required_metadata_is_rejected(field: str) -> None:
    data = policy_builders.body({"when": "Never"})
    del data["metadata"][field]
    with pytest.raises(KeyError, match=field):
        policies.parse(data, scope=NAMESPACED)
