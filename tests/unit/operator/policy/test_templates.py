"""Templates of groups: their syntax, and values that never become more than a value."""

from __future__ import annotations

import re

import pytest

from tests.support.operator import policy_builders
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
def test_template_is_expanded(text: str, filled: dict[str, str | None]) -> None:
    assert dict(templates.expand(templates.parse(text), SUBJECT)) == filled


NO_REFERENCE = "is not a field reference; use one of .metadata.name, .metadata.namespace, "


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "'' is not a label; write name=value, such as job=backup", id="empty"),
        pytest.param("instance=db1", "'instance=db1' has no job label; add job=NAME", id="no-job"),
        pytest.param("job=*", "label job must not be *, which would match the groups of all jobs", id="any-job"),
        pytest.param(
            "job=a;job=b", "; separates groups in annotations only; write each group as an item of the list", id="two"
        ),
        pytest.param("job=a,x=b*", "label x: * matches any value and must be the whole value", id="part-any"),
        pytest.param(
            "job=a,x={{.metadata.name}}*", "label x: * matches any value and must be", id="star-after-a-reference"
        ),
        pytest.param("job=a,x=b,x=c", "label x occurs twice; remove one of them", id="twice"),
        pytest.param("job={{.metadata.name", f"label job: '{{{{.metadata.name' {NO_REFERENCE}", id="unclosed"),
        pytest.param("job={{.spec.suspend}}", f"label job: '{{{{.spec.suspend}}}}' {NO_REFERENCE}", id="spec"),
        pytest.param(
            "job={{.metadata.labels}}", f"label job: '{{{{.metadata.labels}}}}' {NO_REFERENCE}", id="all-labels"
        ),
        pytest.param("job={{.metadata.controller}}", NO_REFERENCE, id="controller-itself"),
        pytest.param("job={{.metadata.labels.example.com/app}}", NO_REFERENCE, id="dots-without-quotes"),
        pytest.param("job={{.metadata.labels['app\"]}}", NO_REFERENCE, id="mixed-quotes"),
        pytest.param("job={{.metadata.name|upper}}", NO_REFERENCE, id="pipe"),
        pytest.param("job={{if .metadata.name}}a{{end}}", NO_REFERENCE, id="code"),
        pytest.param("job={a}", NO_REFERENCE, id="single-braces"),
        pytest.param("{{.metadata.name}}=a,job=b", "'{{.metadata.name}}' is not a valid label name", id="label-name"),
        pytest.param("job=" + "a" * 509, "the template has 513 characters; the limit is 512", id="long"),
    ],
)
def test_invalid_template_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        templates.parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("job={{.metadata.labels.none}}", "the object has no label none", id="label"),
        pytest.param("job=a,x={{.metadata.annotations.none}}", "the object has no annotation none", id="annotation"),
        pytest.param("job={{.metadata.labels.empty}}", "the value of label job is empty", id="empty"),
    ],
)
def test_missing_field_is_named(text: str, reason: str) -> None:
    with pytest.raises(templates.MissingFieldError, match=f"^{reason}$"):
        templates.expand(templates.parse(text), SUBJECT)


def test_name_of_a_missing_controller_is_an_error() -> None:
    with pytest.raises(templates.MissingFieldError, match=r"^the object has no controller$"):
        templates.expand(templates.parse("job={{.metadata.controller.name}}"), policy_builders.subject())


def test_value_over_the_limit_is_an_error() -> None:
    subject = policy_builders.subject(annotations={"a": "x" * policy_subjects.MAX_VALUE_CHARACTERS})
    assert templates.expand(templates.parse("job={{.metadata.annotations.a}}"), subject)
    with pytest.raises(
        templates.MissingFieldError, match=r"^the value of label job has 1025 characters; the limit is 1024$"
    ):
        templates.expand(templates.parse("job={{.metadata.annotations.a}}x"), subject)
