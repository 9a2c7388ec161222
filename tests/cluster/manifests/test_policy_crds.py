"""The policy CRDs on the real API server: schema, validation rules, printed columns and `kubectl explain`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
import yaml

from tests.support.docs import markdown_documents as pages
from tests.support.kubernetes import admin_client, clusters, policy_objects
from tests.support.manifests import manifest_objects
from tidegate.operator.policy import policies

NAMESPACED, CLUSTERWIDE = policies.Scope
each_scope = pytest.mark.parametrize("scope", list(policies.Scope), ids=lambda scope: scope.value)


@pytest.fixture(scope="module")
def namespace(own_cluster: clusters.LocalCluster) -> str:
    """A namespace for all tests of this module: policies are only validated, not stored."""
    return own_cluster.create_namespace()


@each_scope
def test_api_server_accepts_the_definition(policy_kinds: clusters.Cluster, scope: policies.Scope) -> None:
    found = policy_kinds.api.get("customresourcedefinitions", f"{scope.plural}.{policies.GROUP}")
    states = {each["type"]: each["status"] for each in found["status"]["conditions"]}
    assert states == {"NamesAccepted": "True", "Established": "True"}


@each_scope
def test_minimal_policy_gets_an_empty_selector_and_no_other_default(
    policy_kinds: clusters.Cluster, namespace: str, scope: policies.Scope
) -> None:
    policy = policy_objects.create(
        policy_kinds, {"drainTimeout": "5m"}, namespace=namespace, scope=scope, name=namespace, dry_run=True
    )
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
    policy = policy_objects.create(policy_kinds, spec, namespace=namespace, dry_run=True)
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
        policy_objects.create(policy_kinds, spec, namespace=namespace, dry_run=True)
    assert rejected.value.status == HTTPStatus.UNPROCESSABLE_ENTITY
    output = str(rejected.value)
    assert f" {field}: " in output.replace("[spec", " spec")
    assert message in output


def test_policy_that_the_server_accepts_and_the_operator_cannot_parse_keeps_its_groups(
    policy_kinds: clusters.Cluster, namespace: str
) -> None:
    policy = policies.parse(
        policy_objects.create(policy_kinds, {"groups": ["job=a,x=b,x=c"]}, namespace=namespace, dry_run=True),
        scope=NAMESPACED,
    )
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
    policy = policy_objects.create(
        policy_kinds, spec, namespace=namespace, scope=CLUSTERWIDE, name=namespace, dry_run=True
    )
    assert policies.parse(policy, scope=CLUSTERWIDE).namespaces == {namespace}
    document = yaml.safe_dump(policy_objects.body(spec))
    with pytest.raises(clusters.KubectlError, match=r'unknown field "spec.namespaces"'):
        policy_kinds.kubectl("apply", "--namespace", namespace, "--validate=strict", "-f", "-", stdin=document)


def test_invalid_namespace_name_is_rejected(policy_kinds: clusters.Cluster, namespace: str) -> None:
    with pytest.raises(admin_client.ApiError, match=r"spec.namespaces\[0\]: Invalid value"):
        policy_objects.create(
            policy_kinds,
            {"when": "Never", "namespaces": ["Prod"]},
            namespace=namespace,
            scope=CLUSTERWIDE,
            dry_run=True,
        )
