"""The policy CRDs on the real API server: schema, validation rules, printed columns and `kubectl explain`."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import pytest
import yaml

from tests.support.docs import markdown_documents as pages
from tests.support.kubernetes import admin_client, clusters
from tests.support.manifests import crd_files, manifest_objects
from tidegate.model import grouping
from tidegate.operator.policy import policies, policy_status

NAMESPACED, CLUSTERWIDE = policies.Scope
each_scope = pytest.mark.parametrize("scope", list(policies.Scope), ids=lambda scope: scope.value)


def _body(scope: policies.Scope, name: str, spec: Any) -> admin_client.Object:
    version = f"{policies.GROUP}/{policies.VERSION}"
    return {"apiVersion": version, "kind": scope.value, "metadata": {"name": name}, "spec": spec}


def _create(
    cluster: clusters.Cluster, spec: Any, *, namespace: str, scope: policies.Scope = NAMESPACED, name: str = "it"
) -> admin_client.Object:
    within = namespace if scope is NAMESPACED else None
    return cluster.api.create(scope.plural, _body(scope, name, spec), namespace=within)


@each_scope
def test_api_server_accepts_the_definition(policy_kinds: clusters.Cluster, scope: policies.Scope) -> None:
    found = policy_kinds.api.get("customresourcedefinitions", f"{scope.plural}.{policies.GROUP}")
    states = {each["type"]: each["status"] for each in found["status"]["conditions"]}
    assert states == {"NamesAccepted": "True", "Established": "True"}


@each_scope
def test_minimal_policy_gets_an_empty_selector_and_no_other_default(
    policy_kinds: clusters.Cluster, namespace: str, scope: policies.Scope
) -> None:
    policy = _create(policy_kinds, {"drainTimeout": "5m"}, namespace=namespace, scope=scope, name=namespace)
    assert policy["spec"] == {"drainTimeout": "5m", "selector": {}}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"when": "After", "after": "10m"}, id="after"),
        pytest.param({"keepFailedFor": "24h"}, id="keep-failed-alone"),
        pytest.param({"keepFailedFor": "0s"}, id="keep-failed-not"),
        pytest.param({"when": "Superseded", "keepFailedFor": "1h30m"}, id="superseded-with-keep-failed"),
        pytest.param({"when": "Never", "kinds": ["Job", "Workflow"]}, id="kinds"),
        pytest.param({"groups": ["job={{.metadata.labels.app}}"]}, id="label"),
        pytest.param({"groups": ["job={{ .metadata.name }}, shard = *", "job=b"]}, id="wildcard"),
        pytest.param({"groups": ['job={{.metadata.labels["app.kubernetes.io/name"]}}-x']}, id="quoted-label"),
        pytest.param({"groups": ["job={{.metadata.annotations['example.com/job']}}"]}, id="quoted-annotation"),
        pytest.param({"groups": ["job={{.metadata.controller.name}},run={{.metadata.uid}}"]}, id="controller"),
        pytest.param({"groups": [f"job=b{number}" for number in range(policies.MAX_TEMPLATES)]}, id="most-groups"),
        pytest.param(
            {
                "when": "OnDeletion",
                "selector": {
                    "matchLabels": {"app.kubernetes.io/name": "backup", "empty": ""},
                    "matchExpressions": [
                        {"key": "tier", "operator": "In", "values": ["a", "b"]},
                        {"key": "spot", "operator": "DoesNotExist"},
                    ],
                },
            },
            id="selector",
        ),
    ],
)
def test_valid_policy_is_accepted_and_parsed(
    policy_kinds: clusters.Cluster, namespace: str, spec: dict[str, Any]
) -> None:
    policy = _create(policy_kinds, spec, namespace=namespace)
    assert policies.parse(policy, scope=NAMESPACED).problems == ()


BRACES = "double braces must contain one of .metadata.name, .metadata.namespace"
LABELS = "must be the labels of one group, such as job=backup,shard=*; * is allowed only as a whole value"
DURATION = "must be a duration such as 90s, 5m or 1h30m"
JOB = "must have a job label with a value other than *"
VALUES = "In and NotIn require values; Exists and DoesNotExist take none"


def _expression(**expression: Any) -> dict[str, Any]:
    return {"when": "Never", "selector": {"matchExpressions": [{"key": "a", **expression}]}}


BAD: dict[str, tuple[Any, str, str]] = {
    "no-spec": (None, "spec", "Required value"),
    "says-nothing": ({"selector": {}}, "spec", "sets nothing: set at least one of groups, when, keepFailedFor"),
    "unknown-when": ({"when": "Sometimes"}, "spec.when", 'supported values: "OnCompletion", "OnSuccess"'),
    "after-missing": ({"when": "After"}, "spec.after", "Required value: when: After requires a duration, such as"),
    "after-alone": ({"after": "10m"}, "spec.after", "Forbidden: allowed only with when: After"),
    "after-never": ({"when": "Never", "after": "10m"}, "spec.after", "Forbidden: allowed only with when: After"),
    "after-zero": ({"when": "After", "after": "0s"}, "spec.after", "must be longer than 0s"),
    "after-long": ({"when": "After", "after": "8761h"}, "spec.after", "must be at most 8760h"),
    "keep-never": ({"when": "Never", "keepFailedFor": "1h"}, "spec.keepFailedFor", "Forbidden: not allowed with"),
    "keep-gone": ({"when": "OnDeletion", "keepFailedFor": "1h"}, "spec.keepFailedFor", "Forbidden: not allowed with"),
    "keep-in-words": ({"keepFailedFor": "a day"}, "spec.keepFailedFor", DURATION),
    "drain-days": ({"drainTimeout": "1d"}, "spec.drainTimeout", DURATION),
    "drain-reversed": ({"drainTimeout": "1m1h"}, "spec.drainTimeout", DURATION),
    "drain-zero": ({"drainTimeout": "0m0s"}, "spec.drainTimeout", "must be longer than 0s"),
    "drain-number": ({"drainTimeout": 5}, "spec.drainTimeout", "must be of type string"),
    "no-groups": ({"groups": []}, "spec.groups", "should have at least 1 items"),
    "many-groups": ({"groups": [f"job=b{n}" for n in range(17)]}, "spec.groups", "must have at most 16 items"),
    "twice": ({"groups": ["job=b", "job=b"]}, "spec.groups[1]", 'Duplicate value: "job=b"'),
    "long": ({"groups": ["job=" + "b" * 600]}, "spec.groups[0]", "Too long: may not be more than 512 "),
    "no-label": ({"groups": ["backup"]}, "spec.groups[0]", LABELS),
    "no-value": ({"groups": ["job= "]}, "spec.groups[0]", LABELS),
    "two-groups": ({"groups": ["job=a;job=b"]}, "spec.groups[0]", LABELS),
    "part-wild": ({"groups": ["job=a,shard=x*"]}, "spec.groups[0]", LABELS),
    "no-job": ({"groups": ["instance=db1"]}, "spec.groups[0]", JOB),
    "job-wild": ({"groups": ["job=*"]}, "spec.groups[0]", JOB),
    "reserved": ({"groups": ["job=a,__x=b"]}, "spec.groups[0]", "label names must not begin with __"),
    "unknown-place": ({"groups": ["job={{.spec.parallelism}}"]}, "spec.groups[0]", BRACES),
    "code": ({"groups": ["job={{.metadata.name | upper}}"]}, "spec.groups[0]", BRACES),
    "unclosed": ({"groups": ["job={{.metadata.name}"]}, "spec.groups[0]", BRACES),
    "single-brace": ({"groups": ["job={a}"]}, "spec.groups[0]", BRACES),
    "dotted-label": ({"groups": ["job={{.metadata.labels.example.com/app}}"]}, "spec.groups[0]", BRACES),
    "in-nothing": (_expression(operator="In"), "spec.selector.matchExpressions[0]", VALUES),
    "exists-values": (_expression(operator="Exists", values=["b"]), "spec.selector.matchExpressions[0]", VALUES),
    "unknown-operator": (_expression(operator="Gt"), "spec.selector.matchExpressions[0].operator", "Unsupported value"),
    "label-key": (
        {"when": "Never", "selector": {"matchLabels": {"a b": "c"}}},
        "spec.selector.matchLabels",
        "keys must be label names, such as app",
    ),
    "label-value": (
        {"when": "Never", "selector": {"matchLabels": {"a": "b c"}}},
        "spec.selector.matchLabels.a",
        "should match",
    ),
    "kind-in-small": ({"when": "Never", "kinds": ["jobs"]}, "spec.kinds[0]", "should match"),
}


@pytest.mark.parametrize(("spec", "field", "message"), BAD.values(), ids=BAD)
def test_invalid_policy_is_rejected_with_an_error_message(
    policy_kinds: clusters.Cluster, namespace: str, spec: Any, field: str, message: str
) -> None:
    with pytest.raises(admin_client.ApiError) as rejected:
        _create(policy_kinds, spec, namespace=namespace)
    assert rejected.value.status == HTTPStatus.UNPROCESSABLE_ENTITY
    output = str(rejected.value)
    assert f" {field}: " in output.replace("[spec", " spec")
    assert message in output


def test_policy_that_the_server_accepts_and_the_operator_cannot_parse_keeps_its_groups(
    policy_kinds: clusters.Cluster, namespace: str
) -> None:
    policy = policies.parse(_create(policy_kinds, {"groups": ["job=a,x=b,x=c"]}, namespace=namespace), scope=NAMESPACED)
    assert policy.problems == ("spec.groups: label x occurs twice; remove one of them",)
    assert policy.rules.is_invalid


def test_api_server_accepts_the_example_unchanged(policy_kinds: clusters.Cluster, namespace: str) -> None:
    within = ["--namespace", namespace, "--dry-run=server", "--validate=strict"]
    message = policy_kinds.kubectl("apply", *within, "-f", manifest_objects.POLICIES).splitlines()
    kinds = [f"{each['kind'].lower()}.{policies.GROUP}" for each in manifest_objects.objects(manifest_objects.POLICIES)]
    assert [line.partition("/")[0] for line in message] == kinds
    assert all(line.endswith("created (server dry run)") for line in message)


def test_api_server_accepts_the_examples_of_the_policies_page(policy_kinds: clusters.Cluster, namespace: str) -> None:
    shown = [block for block in pages.yaml_blocks(pages.ROOT / "docs" / "policies.md") if policies.VERSION in block]
    assert len(shown) == 3
    for block in shown:
        here = block.replace("namespace: prod", f"namespace: {namespace}")
        policy_kinds.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=here)


def test_only_a_cluster_policy_may_name_namespaces(policy_kinds: clusters.Cluster, namespace: str) -> None:
    spec = {"when": "Never", "namespaces": [namespace]}
    policy = _create(policy_kinds, spec, namespace=namespace, scope=CLUSTERWIDE, name=namespace)
    assert policies.parse(policy, scope=CLUSTERWIDE).namespaces == {namespace}
    document = yaml.safe_dump(_body(NAMESPACED, "it", spec))
    with pytest.raises(clusters.KubectlError, match=r'unknown field "spec.namespaces"'):
        policy_kinds.kubectl("apply", "--namespace", namespace, "--validate=strict", "-f", "-", stdin=document)


def test_invalid_namespace_name_is_rejected(policy_kinds: clusters.Cluster, namespace: str) -> None:
    with pytest.raises(admin_client.ApiError, match=r"spec.namespaces\[0\]: Invalid value"):
        _create(policy_kinds, {"when": "Never", "namespaces": ["Prod"]}, namespace=namespace, scope=CLUSTERWIDE)


@each_scope
def test_kubectl_lists_policies_in_columns(
    policy_kinds: clusters.Cluster, namespace: str, scope: policies.Scope
) -> None:
    spec = {"when": "After", "after": "10m"}
    policy = policies.parse(_create(policy_kinds, spec, namespace=namespace, scope=scope, name=namespace), scope=scope)
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


def test_kubectl_lists_both_kinds_by_category(policy_kinds: clusters.Cluster, namespace: str) -> None:
    _create(policy_kinds, {"when": "Never"}, namespace=namespace)
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
    policy = policies.parse(_create(policy_kinds, {"when": "Never"}, namespace=namespace), scope=NAMESPACED)
    after = policies.parse(_write_status(policy_kinds, policy), scope=NAMESPACED)
    assert after == policy
    assert policy_status.status_patch(after, policy_status.PolicyCounts(jobs=3, groups=2), now=1_700_000_099.0) is None
    waited = ["wait", "--namespace", namespace, "--for=condition=Ready", f"{NAMESPACED.plural}/it", "--timeout=5s"]
    assert policy_kinds.kubectl(*waited).strip() == "groupcleanuppolicy.tidegate.dev/it condition met"


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
