"""Templates of groups: what may stand in them, and that nothing that is put in ever becomes more than a value."""

from __future__ import annotations

import re

import pytest

from tests.operator import policy_builders
from tidegate.operator.policy import policy_subjects, templates

SUBJECT = policy_builders.subject(
    "nightly-29",
    labels={"app": "backup", "app.kubernetes.io/name": "store", "my-tier": "a", "empty": ""},
    annotations={"example.com/job": "x,job=y;job=z,shard=*", "long": "x" * 1025},
    parent="nightly",
)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        pytest.param("job=backup", {"job": "backup"}, id="plain"),
        pytest.param("job={{.metadata.name}}", {"job": "nightly-29"}, id="name"),
        pytest.param("job={{ .metadata.name }}", {"job": "nightly-29"}, id="spaces-in-braces"),
        pytest.param("job=a,ns={{.metadata.namespace}}", {"job": "a", "ns": "prod"}, id="namespace"),
        pytest.param("job=a,run={{.metadata.uid}}", {"job": "a", "run": "nightly-29-uid"}, id="uid"),
        pytest.param("job={{.metadata.controller.name}}", {"job": "nightly"}, id="controller"),
        pytest.param("job={{.metadata.labels.app}}", {"job": "backup"}, id="label"),
        pytest.param("job={{.metadata.labels.my-tier}}", {"job": "a"}, id="label-with-a-hyphen"),
        pytest.param('job={{.metadata.labels["app.kubernetes.io/name"]}}', {"job": "store"}, id="quoted"),
        pytest.param("job={{.metadata.labels['app.kubernetes.io/name']}}", {"job": "store"}, id="single-quotes"),
        pytest.param(
            'job={{.metadata.annotations["example.com/job"]}}', {"job": "x,job=y;job=z,shard=*"}, id="annotation"
        ),
        pytest.param("job=a-{{.metadata.labels.app}}-{{.metadata.labels.app}}", {"job": "a-backup-backup"}, id="parts"),
        pytest.param("job=a{{.metadata.labels.empty}}", {"job": "a"}, id="empty-part"),
        pytest.param(" job = a , shard = * ", {"job": "a", "shard": None}, id="any-value"),
        pytest.param("job=a,q=b=c", {"job": "a", "q": "b=c"}, id="equals-in-a-value"),
    ],
)
def test_a_template_is_filled(text: str, filled: dict[str, str | None]) -> None:
    assert dict(templates.fill(templates.parse(text), SUBJECT)) == filled


NO_PLACE = "is no place; there are .metadata.name, .metadata.namespace, "


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "'' is no label such as job=backup", id="empty"),
        pytest.param("instance=db1", "'instance=db1' has no job label, so it names no group", id="no-job"),
        pytest.param("job=*", "label job cannot be *: that would be the groups of everybody", id="any-job"),
        pytest.param("job=a;job=b", "; is between the groups of an annotation; here each group is an item", id="two"),
        pytest.param("job=a,x=b*", "label x: * stands for any value, and only as the whole of it", id="part-any"),
        pytest.param("job=a,x={{.metadata.name}}*", "label x: * stands for any value, and only", id="part-any-behind"),
        pytest.param("job=a,x=b,x=c", "label x stands twice in one group", id="twice"),
        pytest.param("job={{.metadata.name", f"label job: '{{{{.metadata.name' {NO_PLACE}", id="unclosed"),
        pytest.param("job={{.spec.suspend}}", f"label job: '{{{{.spec.suspend}}}}' {NO_PLACE}", id="spec"),
        pytest.param("job={{.metadata.labels}}", f"label job: '{{{{.metadata.labels}}}}' {NO_PLACE}", id="all-labels"),
        pytest.param("job={{.metadata.controller}}", NO_PLACE, id="controller-itself"),
        pytest.param("job={{.metadata.labels.example.com/app}}", NO_PLACE, id="dots-without-quotes"),
        pytest.param("job={{.metadata.labels['app\"]}}", NO_PLACE, id="mixed-quotes"),
        pytest.param("job={{.metadata.name|upper}}", NO_PLACE, id="pipe"),
        pytest.param("job={{if .metadata.name}}a{{end}}", NO_PLACE, id="code"),
        pytest.param("job={a}", NO_PLACE, id="single-braces"),
        pytest.param("{{.metadata.name}}=a,job=b", "'{{.metadata.name}}' is no label name", id="label-name"),
        pytest.param("job=" + "a" * 509, "it has 513 characters, 512 are allowed", id="long"),
    ],
)
def test_what_is_no_template_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        templates.parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("job={{.metadata.labels.none}}", "it has no label none", id="label"),
        pytest.param("job=a,x={{.metadata.annotations.none}}", "it has no annotation none", id="annotation"),
        pytest.param("job={{.metadata.labels.empty}}", "label job would be empty", id="empty"),
    ],
)
def test_what_an_object_lacks_is_said(text: str, reason: str) -> None:
    with pytest.raises(templates.UnfilledError, match=f"^{reason}$"):
        templates.fill(templates.parse(text), SUBJECT)


def test_without_a_controller_its_name_cannot_be_had() -> None:
    with pytest.raises(templates.UnfilledError, match=r"^it has no controller$"):
        templates.fill(templates.parse("job={{.metadata.controller.name}}"), policy_builders.subject())


def test_a_value_that_gets_too_long_is_none() -> None:
    subject = policy_builders.subject(annotations={"a": "x" * policy_subjects.LONGEST_VALUE})
    assert templates.fill(templates.parse("job={{.metadata.annotations.a}}"), subject)
    with pytest.raises(templates.UnfilledError, match=r"^label job would have 1025 characters, 1024 are allowed$"):
        templates.fill(templates.parse("job={{.metadata.annotations.a}}x"), subject)
