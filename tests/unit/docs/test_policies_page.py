"""The page about policies is correct, and its example policies are valid."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.support.docs import markdown_documents as pages
from tests.support.manifests import crd_files, manifest_objects
from tests.support.operator import policy_builders
from tidegate.operator.kube import event_recorder
from tidegate.operator.policy import cleanup_rules, policies, policy_status, templates

PATH = pages.ROOT / "docs" / "policies.md"
PAGE = PATH.read_text()
SHOWN = [
    *manifest_objects.objects(manifest_objects.POLICIES),
    *(made for block in pages.yaml_blocks(PATH) if policies.VERSION in block for made in yaml.safe_load_all(block)),
]
NAMESPACED, CLUSTERWIDE = policies.Scope


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown["metadata"]["name"])
def test_example_policy_is_valid(shown: dict[str, Any]) -> None:
    assert policy_builders.policy(shown["spec"], scope=policies.Scope(shown["kind"])).problems == ()


def test_documented_annotations_match_the_code() -> None:
    assert set(re.findall(r"`(tidegate\.dev/[a-z-]+)`", PAGE)) == cleanup_rules.ANNOTATIONS


def test_documented_template_fields_match_the_code() -> None:
    [paragraph] = re.findall(r"^\*\*Templates\.\*\*.*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    documented = set(re.findall(r"`\.metadata\.([^`]+)`", paragraph))
    fields = {field.value for field in templates.Field}
    assert fields <= documented
    for place in documented - {"labels", "annotations"}:
        templates.parse(f"job={{{{.metadata.{place}}}}}")


def test_documented_status_fields_and_condition_reasons_match_the_code() -> None:
    [section] = re.findall(r"^## Status\n.*?^## ", PAGE, re.MULTILINE | re.DOTALL)
    documented = set(re.findall(r"`([A-Za-z]+)`", section))
    assert set(crd_files.fields(NAMESPACED, of="status")) - {"conditions"} <= documented
    for words in (policy_status.Condition, policy_status.ConditionReason, policy_status.ActionType):
        assert {word.value for word in words} <= documented
    short = [crd_files.definition(scope)["spec"]["names"]["shortNames"][0] for scope in policies.Scope]
    assert f"kubectl get {','.join(short)}" in section


def test_table_of_fields_matches_the_crd() -> None:
    fields = crd_files.fields(CLUSTERWIDE)
    expected = [f"| `{name}` | {_type(field)} | {_cell(field['description'])} |" for name, field in fields.items()]
    [table] = re.findall(r"^\| field \| type \|.*?\n\| --- .*?\n(.*?)(?:\n\n|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert table.splitlines() == expected


def _cell(text: str) -> str:
    return text.replace("\n\n", "<br>").replace("\n", "<br>")


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    match field["type"]:
        case "array":
            return f"list, at most {field['maxItems']}"
        case "object":
            return "label selector"
        case _:
            return "duration"


def test_documented_event_for_a_failed_template_matches_the_code() -> None:
    assert f"(`{event_recorder.EventReason.INVALID.value}`)" in PAGE
