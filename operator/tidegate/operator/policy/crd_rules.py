"""What the API server checks of a policy beyond types and bounds: rules in CEL, each with words for who breaks it.

Their expressions are RE2's. ``tests/operator/test_template_injection.py`` compares them with what the
operator reads.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from tidegate.operator.policy import cleanup_rules, key_patterns, policies, templates

Json: TypeAlias = dict[str, Any]

DURATION = f"^{cleanup_rules.DURATION}$"

BRACES = rf"^(?:[^{{}}]|{templates.PLACE})*$"
"""Braces are those of a place."""

_LABEL = rf"\s*{key_patterns.LABEL_NAME}\s*=\s*(?:\*|[^\s,;*](?:[^,;*]*[^\s,;*])?)\s*"
LABELS = rf"^{_LABEL}(?:,{_LABEL})*$"
RESERVED = r"(?:^|,)\s*__"
JOB = r"(?:^|,)\s*job\s*=\s*[^\s*]"


def _rule(rule: str, message: str) -> Json:
    return {"rule": rule, "message": message}


def _field_rule(field: str, rule: str, message: str, *, reason: str) -> Json:
    return {"rule": rule, "message": message, "fieldPath": f".{field}", "reason": f"FieldValue{reason}"}


def _matches(expression: str) -> str:
    return f"self.matches(r'''{expression}''')"


# A label that stands twice is left to the operator: the API server deems it too dear to look for.
TEMPLATE = [
    _rule(_matches(BRACES), f"double braces take one of {templates.PLACES}; there are no other braces"),
    _rule(
        _matches(LABELS), "must be the labels of one group, such as job=backup,shard=*, with * only as a whole value"
    ),
    _rule(_matches(JOB), "must have a label job, and not job=*"),
    _rule(f"!{_matches(RESERVED)}", "must have no label that begins with __"),
]

REQUIREMENT = [
    _rule(
        "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0"
        " : !has(self.values) || size(self.values) == 0",
        "In and NotIn need values, Exists and DoesNotExist take none",
    )
]

SPEC = [
    _field_rule(
        "after",
        "!(has(self.when) && self.when == 'After') || has(self.after)",
        "when: After needs a duration, such as after: 10m",
        reason="Required",
    ),
    _field_rule(
        "after",
        "!has(self.after) || (has(self.when) && self.when == 'After')",
        "it goes with when: After alone",
        reason="Forbidden",
    ),
    _field_rule(
        "keepFailedFor",
        "!has(self.keepFailedFor) || !has(self.when) || !(self.when in ['Never', 'OnDeletion'])",
        "it goes neither with when: Never nor with when: OnDeletion, to which failing is no end",
        reason="Forbidden",
    ),
    _rule(
        "has(self.groups) || has(self.when) || has(self.keepFailedFor) || has(self.drainTimeout)",
        "the policy says nothing: give at least one of groups, when, keepFailedFor and drainTimeout",
    ),
]


def duration(*, positive: bool) -> list[Json]:
    """The rules of a duration."""
    form = _matches(DURATION)
    limit = f"{policies.LONGEST_HOURS}h"
    rules = [
        _rule(form, "must be a duration such as 90s, 5m or 1h30m"),
        _rule(f"!{form} || duration(self) <= duration('{limit}')", f"must be at most {limit}"),
    ]
    if positive:
        rules.append(_rule(f"!{form} || duration(self) > duration('0s')", "must be longer than 0s"))
    return rules


def names(pattern: str) -> list[Json]:
    """The rule of the keys of ``matchLabels``, for which a schema has no pattern."""
    return [_rule(f"self.all(name, name.matches(r'''{pattern}'''))", "must have names of labels, such as app")]
