"""The policy CRDs in kubectl: printed columns, category, conditions and `kubectl explain`."""

from __future__ import annotations

import re

import pytest

from tests.support.kubernetes import admin_client, clusters, policy_objects
from tests.support.manifests import crd_files
from tidegate.model import grouping
from tidegate.operator.policy import policies, policy_status

NAMESPACED, CLUSTERWIDE = policies.Scope
each_scope = pytest.mark.parametrize("scope", list(policies.Scope), ids=lambda scope: scope.value)


@pytest.fixture(scope="module")
def namespace(own_cluster: clusters.LocalCluster) -> str:
    """A namespace for all tests of this module."""
    return own_cluster.create_namespace()


@each_scope
def test_kubectl_lists_policies_in_columns(
    policy_kinds: clusters.Cluster, namespace: str, scope: policies.Scope
) -> None:
    spec = {"when": "After", "after": "10m"}
    policy = policies.parse(
        policy_objects.create(policy_kinds, spec, namespace=namespace, scope=scope, name=namespace), scope=scope
    )
    _write_status(policy_kinds, policy)
    names = ["--namespace", namespace, crd_files.definition(scope)["spec"]["names"]["shortNames"][0], namespace]
    head, row = policy_kinds.kubectl("get", *names).splitlines()
    assert re.split(r"\s{2,}", head.strip()) == [
        "NAME",
        "WHEN",
        "AFTER",
        "MATCHED JOBS",
        "MATCHED GROUPS",
        "LAST ACTION",
        "READY",
        "AGE",
    ]
    assert row.split()[:-1] == [namespace, "After", "10m", "3", "2", "Retired", "True"]
    # A cluster policy applies to the Jobs of later tests, too.
    policy_kinds.api.delete(scope.plural, namespace, namespace=namespace if scope is NAMESPACED else None)


def test_kubectl_lists_both_kinds_by_category(policy_kinds: clusters.Cluster, namespace: str) -> None:
    policy_objects.create(policy_kinds, {"when": "Never"}, namespace=namespace)
    listed = policy_kinds.kubectl("get", "--namespace", namespace, "tidegate", "-o", "name").splitlines()
    assert "groupcleanuppolicy.tidegate.dev/it" in listed


def _write_status(cluster: clusters.Cluster, policy: policies.Policy) -> admin_client.Object:
    """Write the status with the operator's tally, as the operator does."""
    action = policy_status.LastAction(
        policy_status.ActionType.RETIRED, 1_700_000_000.0, grouping.grouping_key({"job": "b"})
    )
    tally = policy_status.PolicyCounts(jobs=3, groups=2, last_action=action)
    status = policy_status.status_patch(policy, tally, now=1_700_000_001.0)
    within = f"namespaces/{policy.ref.namespace}/" if policy.ref.namespace else ""
    path = f"apis/{policies.GROUP}/{policies.VERSION}/{within}{policy.scope.plural}/{policy.ref.name}/status"
    patch = "application/merge-patch+json"
    return cluster.api.request("PATCH", path, body={"status": status}, content_type=patch)


def test_written_status_is_stored_unchanged_and_needs_no_further_write(
    policy_kinds: clusters.Cluster, namespace: str
) -> None:
    policy = policies.parse(
        policy_objects.create(policy_kinds, {"when": "Never"}, namespace=namespace, name="written"), scope=NAMESPACED
    )
    after = policies.parse(_write_status(policy_kinds, policy), scope=NAMESPACED)
    assert after == policy
    assert policy_status.status_patch(after, policy_status.PolicyCounts(jobs=3, groups=2), now=1_700_000_099.0) is None
    waited = [
        "wait",
        "--namespace",
        namespace,
        "--for=condition=Ready",
        f"{NAMESPACED.plural}/written",
        "--timeout=60s",
    ]
    assert policy_kinds.kubectl(*waited).strip() == "groupcleanuppolicy.tidegate.dev/written condition met"


@each_scope
def test_kubectl_explains_every_field(policy_kinds: clusters.Cluster, scope: policies.Scope) -> None:
    output = policy_kinds.kubectl("explain", f"{scope.plural}.spec")
    for name, field in crd_files.fields(scope).items():
        assert re.search(rf"^  {name}\s+<", output, re.MULTILINE), name
        assert " ".join(field["description"].split()) in " ".join(output.split())
    assert "enum: OnCompletion, OnSuccess, OnDeletion, Superseded" in output
    assert "<no description>" not in output


def test_kubectl_explains_every_field_of_the_status(policy_kinds: clusters.Cluster) -> None:
    output = policy_kinds.kubectl("explain", f"{NAMESPACED.plural}.status", "--recursive")
    assert re.findall(r"^  (\w+)", output, re.MULTILINE)[-5:] == [
        "conditions",
        "lastAction",
        "matchedGroups",
        "matchedJobs",
        "observedGeneration",
    ]
