"""No value of an object's fields adds labels, another group or a star that the template does not have."""

from __future__ import annotations

from collections.abc import Callable

import re2
from hypothesis import given
from hypothesis import strategies as st

from tests.support.manifests import crd_files
from tests.support.operator import policy_builders
from tidegate.model import grouping
from tidegate.operator.policy import cleanup_rules, key_patterns, policies, policy_subjects, templates

VALUES = st.text(alphabet="ab*{},;= .\"'[]\n☃", max_size=12) | st.sampled_from(
    ["*", "a,x=*", "a;job=b", "{{.metadata.uid}}", "{{.metadata.labels.b}}", "", ",", "="]
)
SUBJECTS = st.builds(
    lambda labels, annotations, name: policy_builders.subject(name, labels=labels, annotations=annotations),
    labels=st.dictionaries(st.sampled_from(["a", "b"]), VALUES),
    annotations=st.dictionaries(st.sampled_from(["a", "b"]), VALUES),
    name=st.sampled_from(["run-1", "*"]),
)
PLACES: dict[str, Callable[[policy_subjects.Subject], str | None]] = {
    "{{.metadata.labels.a}}": lambda subject: subject.labels.get("a"),
    '{{ .metadata.labels["b"] }}': lambda subject: subject.labels.get("b"),
    "{{.metadata.annotations['a']}}": lambda subject: subject.annotations.get("a"),
    "{{.metadata.name}}": lambda subject: subject.owner.name,
    "{{.metadata.uid}}": lambda subject: subject.owner.uid,
}
PARTS = st.lists(st.sampled_from(["x", "y=z", "-", *PLACES]), min_size=1, max_size=4)
LABELS = st.fixed_dictionaries(
    {"job": PARTS}, optional={name: PARTS | st.just(["*"]) for name in ("instance", "shard", "zone")}
)


def _expected(parts: list[str], subject: policy_subjects.Subject) -> str | None:
    """Return the value, or ``None`` for a star; raise ``LookupError`` if the object lacks a part of it."""
    if parts == ["*"]:
        return None
    values = [PLACES[part](subject) if part in PLACES else part for part in parts]
    if None in values or not "".join(str(part) for part in values):
        raise LookupError
    return "".join(str(part) for part in values)


@given(labels=LABELS, subject=SUBJECTS)
def test_expanded_template_has_exactly_its_labels_and_values(
    labels: dict[str, list[str]], subject: policy_subjects.Subject
) -> None:
    template = templates.parse(",".join(f"{name}={''.join(parts)}" for name, parts in labels.items()))
    try:
        expected = {name: _expected(parts, subject) for name, parts in labels.items()}
    except LookupError:
        expected = {}
    try:
        filled = dict(templates.expand(template, subject))
    except templates.MissingFieldError:
        filled = {}
    assert filled == expected


@given(labels=LABELS, subject=SUBJECTS, other=VALUES)
def test_star_in_a_field_of_an_object_does_not_match_other_values(
    labels: dict[str, list[str]], subject: policy_subjects.Subject, other: str
) -> None:
    template = templates.parse(",".join(f"{name}={''.join(parts)}" for name, parts in labels.items()))
    try:
        pattern = templates.expand(template, subject)
    except templates.MissingFieldError:
        return
    starred = {name for name, value in pattern if value is None}
    assert starred == {name for name, parts in labels.items() if parts == ["*"]}
    for name, value in pattern:
        if value is not None and value != other:
            key = {each: filled_value or "any" for each, filled_value in pattern} | {name: other}
            assert not key_patterns.matches(pattern, grouping.grouping_key(key))


TEXTS = st.lists(
    st.sampled_from(["job", "=", ",", "*", "a", "_", "__", ";", " ", "{{", "}}", "{", "\n", "x=1", "job=b", *PLACES]),
    max_size=9,
).map("".join)


FIELDS = crd_files.fields(policies.Scope.CLUSTER)
TEMPLATE = crd_files.matches(FIELDS["groups"]["items"])
DURATION = crd_files.matches(FIELDS["keepFailedFor"])


def test_every_rule_of_a_template_is_a_regular_expression() -> None:
    assert len(TEMPLATE) == len(crd_files.rules(FIELDS["groups"]["items"])) == 4
    assert len(DURATION) == 1


def _is_accepted(text: str, by: list[crd_files.Match]) -> bool:
    """Whether the rules of the definition accept a text; the API server uses RE2, too."""
    return all((re2.search(rule.pattern, text) is not None) == rule.is_wanted for rule in by)


@given(text=TEXTS)
def test_api_server_accepts_exactly_the_templates_that_the_operator_accepts(text: str) -> None:
    try:
        templates.parse(text)
        reason = ""
    except ValueError as error:
        reason = str(error)
    # The API server cannot check this; the operator reports it only if there is no other problem.
    if "occurs twice" not in reason:
        assert _is_accepted(text, TEMPLATE) == (not reason)


DURATIONS = st.lists(st.sampled_from(["1", "90", "0", "h", "m", "s", "d", "-", ".", " "]), max_size=7).map("".join)


@given(text=DURATIONS)
def test_operator_reads_every_duration_that_the_api_server_accepts(text: str) -> None:
    read = not policy_builders.policy({"keepFailedFor": text}).problems
    accepted = len(text) >= 2 and _is_accepted(text, DURATION)
    # The API server compares durations by CEL, which knows no days, so it accepts fewer than the operator.
    assert (accepted and cleanup_rules.parse_duration(text) <= policies.MAX_DURATION_HOURS * 3600) <= read
