"""The CRDs agree with the operator's parser on names, limits, enum values and regular expressions."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.manifests import crd_files, manifest_objects
from tests.support.operator import policy_builders
from tidegate.operator.policy import key_patterns, label_selectors, policies, policy_status, templates

NAMESPACED, CLUSTERWIDE = policies.Scope
each_scope = pytest.mark.parametrize("scope", list(policies.Scope), ids=lambda scope: scope.value)


@each_scope
def test_names_and_version_are_those_that_the_operator_lists(scope: policies.Scope) -> None:
    found = crd_files.definition(scope)
    assert found["metadata"]["name"] == f"{scope.plural}.{policies.GROUP}"
    spec = found["spec"]
    assert spec["group"] == policies.GROUP
    assert spec["scope"] == ("Namespaced" if scope is NAMESPACED else "Cluster")
    names = {name: spec["names"][name] for name in ("kind", "listKind", "plural", "singular")}
    assert names == {
        "kind": scope.value,
        "listKind": f"{scope.value}List",
        "plural": scope.plural,
        "singular": scope.value.lower(),
    }
    version = crd_files.version(scope)
    assert (version["name"], version["served"], version["storage"]) == (policies.VERSION, True, True)
    assert version["subresources"] == {"status": {}}


def test_kustomization_has_both_definitions() -> None:
    [found] = manifest_objects.objects(crd_files.FOLDER / "kustomization.yaml")
    assert found["resources"] == [f"{scope.plural}.yaml" for scope in policies.Scope]


def test_kinds_differ_only_in_names_description_and_namespaces() -> None:
    namespaced, clusterwide = (crd_files.version(scope) for scope in policies.Scope)
    spec = clusterwide["schema"]["openAPIV3Schema"]["properties"]["spec"]
    del spec["properties"]["namespaces"]
    for version, scope in ((namespaced, NAMESPACED), (clusterwide, CLUSTERWIDE)):
        schema = version["schema"]["openAPIV3Schema"]
        assert schema.pop("description").startswith(f"{scope.value} ")
        assert schema["properties"]["kind"].pop("description") == scope.value
    assert namespaced == clusterwide


@each_scope
def test_every_field_is_one_that_the_operator_reads(scope: policies.Scope) -> None:
    names = crd_files.fields(scope)
    assert policy_builders.policy(dict.fromkeys(names), scope=scope).problems == ()


@each_scope
def test_only_the_selector_has_a_default(scope: policies.Scope) -> None:
    assert [name for name, field in crd_files.fields(scope).items() if "default" in field] == ["selector"]


def test_limits_and_words_of_a_spec_are_those_of_the_operator() -> None:
    fields = crd_files.fields(CLUSTERWIDE)
    assert fields["groups"]["maxItems"] == policies.MAX_TEMPLATES
    assert fields["groups"]["items"]["maxLength"] == templates.MAX_CHARACTERS
    assert fields["when"]["enum"] == list(policies.WHEN)
    expression = fields["selector"]["properties"]["matchExpressions"]["items"]["properties"]
    assert expression["operator"]["enum"] == [operator.value for operator in label_selectors.Operator]


def test_limits_and_words_of_a_status_are_those_of_the_operator() -> None:
    fields = crd_files.fields(CLUSTERWIDE, of="status")
    action = fields["lastAction"]["properties"]
    assert action["type"]["enum"] == [act.value for act in policy_status.ActionType]
    assert action["group"]["maxLength"] == policy_status.MAX_GROUP_CHARACTERS
    condition = fields["conditions"]["items"]["properties"]
    assert condition["message"]["maxLength"] >= policy_status.MAX_MESSAGE_CHARACTERS
    for reason in policy_status.ConditionReason:
        assert re.fullmatch(condition["reason"]["pattern"], reason)
    columns = {each["name"]: each["jsonPath"] for each in crd_files.version(CLUSTERWIDE)["additionalPrinterColumns"]}
    assert f'"{policy_status.Condition.READY}"' in columns["Ready"]


_DURATION = "([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?"
"""A subset of the grammar of the operator: CEL compares durations, and knows no days."""


@pytest.mark.parametrize(("name", "is_positive"), [("after", True), ("keepFailedFor", False), ("drainTimeout", True)])
def test_duration_has_the_grammar_and_the_limits_of_the_operator(name: str, is_positive: bool) -> None:
    field = crd_files.fields(CLUSTERWIDE)[name]
    form = f"self.matches(r'''^{_DURATION}$''')"
    expected = [form, f"!{form} || duration(self) <= duration('{policies.MAX_DURATION_HOURS}h')"]
    assert crd_files.rules(field) == [
        *expected,
        *([f"!{form} || duration(self) > duration('0s')"] if is_positive else []),
    ]


def test_templates_have_the_places_and_label_names_of_the_operator() -> None:
    groups = crd_files.fields(CLUSTERWIDE)["groups"]
    braces, labels, *_ = crd_files.matches(groups["items"])
    assert braces.pattern == rf"^(?:[^{{}}]|{templates.REFERENCE})*$"
    assert labels.pattern.count(rf"\s*{key_patterns.LABEL_NAME}\s*=") == 2
    message = groups["items"]["x-kubernetes-validations"][0]["message"]
    for text in (message, " ".join(groups["description"].split())):
        assert _places(templates.REFERENCES) <= _places(text)


def _places(text: Any) -> set[str]:
    return set(re.findall(r"\.metadata\.[a-z.]+(?:\[[^]]+\])?", text))
