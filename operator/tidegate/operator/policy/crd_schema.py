"""The schema of what a policy says."""

from __future__ import annotations

from typing import Any, TypeAlias

from tidegate.operator.policy import crd_rules, label_selectors, policies, templates

Json: TypeAlias = dict[str, Any]

LABEL_NAME = "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
"""A name of a label, or of a condition."""

_KIND = "^[A-Z][A-Za-z0-9]{0,62}$"
_DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_LABEL_VALUE = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
_MOST_NAMESPACES = 256
_MOST_KINDS = 32
_MOST_REQUIREMENTS = 32
_MOST_VALUES = 64


def schema(scope: policies.Scope) -> Json:
    """The schema of ``spec``."""
    fields = {"selector": _selector(), "kinds": _kinds()}
    if scope is policies.Scope.CLUSTER:
        fields["namespaces"] = _namespaces()
    fields |= {
        "groups": _groups(),
        "when": _when(),
        "after": _duration(
            "How long the groups of an object stay after its end, such as 10m. Required with `when: After`, and not "
            "allowed without.",
            positive=True,
        ),
        "keepFailedFor": _duration(
            "How long the groups of an object that failed stay at least, counted from its failure, such as 24h: for "
            "alerts, and for people who look. It holds even if the object is deleted before, but not beyond the next "
            "run with `when: Superseded`. 0s: no longer than those of others, whatever the next policy says.",
            positive=False,
        ),
        "drainTimeout": _duration(
            "How long a group that is over waits at most for every active Prometheus to read its last values, such as "
            "5m. Where nobody says it, the operator's flag does.",
            positive=True,
        ),
    }
    return {
        "description": "What the policy says, and for which objects. What it leaves out, the next policy may say.",
        "type": "object",
        "properties": fields,
        "x-kubernetes-validations": crd_rules.SPEC,
    }


def _selector() -> Json:
    return {
        "description": (
            "Which Jobs the policy is for, by their labels. A CronJob is selected by the labels of its job template. "
            "All of matchLabels and matchExpressions have to hold. An empty selector selects everything."
        ),
        "type": "object",
        "default": {},
        "properties": {
            "matchLabels": {
                "description": "Labels, and the values that they must have.",
                "type": "object",
                "maxProperties": _MOST_REQUIREMENTS,
                "additionalProperties": _label_value(),
                "x-kubernetes-validations": crd_rules.names(LABEL_NAME),
            },
            "matchExpressions": {
                "description": "Comparisons of labels.",
                "type": "array",
                "maxItems": _MOST_REQUIREMENTS,
                "items": _expression(),
                "x-kubernetes-list-type": "atomic",
            },
        },
        "x-kubernetes-map-type": "atomic",
    }


def _expression() -> Json:
    return {
        "description": "One comparison of a label.",
        "type": "object",
        "required": ["key", "operator"],
        "properties": {
            "key": {
                "description": "The label.",
                "type": "string",
                "maxLength": 317,
                "pattern": LABEL_NAME,
            },
            "operator": {
                "description": "How it is compared. NotIn also holds where the label is not there.",
                "type": "string",
                "enum": [operator.value for operator in label_selectors.Operator],
            },
            "values": {
                "description": "What In and NotIn compare it with; the others take none.",
                "type": "array",
                "maxItems": _MOST_VALUES,
                "items": _label_value(),
                "x-kubernetes-list-type": "atomic",
            },
        },
        "x-kubernetes-validations": crd_rules.REQUIREMENT,
    }


def _label_value() -> Json:
    return {"type": "string", "maxLength": 63, "pattern": _LABEL_VALUE}


def _kinds() -> Json:
    return _names(
        "Which kinds of objects the policy is for: Job, CronJob, or another kind that the operator is told to watch. "
        "Empty or absent: all that it watches.",
        most=_MOST_KINDS,
        pattern=_KIND,
    )


def _namespaces() -> Json:
    return _names(
        "Which namespaces the policy is for, by name. Empty or absent: all.",
        most=_MOST_NAMESPACES,
        pattern=_DNS_LABEL,
    )


def _names(description: str, *, most: int, pattern: str) -> Json:
    return {
        "description": description,
        "type": "array",
        "maxItems": most,
        "items": {"type": "string", "maxLength": 63, "pattern": pattern},
        "x-kubernetes-list-type": "set",
    }


def _groups() -> Json:
    return {
        "description": (
            "Which groups belong to each of the selected objects, as the labels of their grouping keys, such as "
            "`job=backup,shard=*` or `job={{.metadata.labels.app}}`. A group must have exactly these labels. `*` as "
            "a whole value is any value; job cannot be `*`.\n\n"
            f"In double braces stands what is taken from the object: {templates.PLACES}. The controller of a CronJob's "
            "run is the CronJob. What is taken stays part of its value, whatever it contains. An object that lacks "
            "what is asked for keeps its groups. A CronJob gives this to its runs.\n\n"
            "Absent: the next policy says it. Where none does, the addresses that groups were pushed from and their "
            "names decide."
        ),
        "type": "array",
        "minItems": 1,
        "maxItems": policies.MOST_TEMPLATES,
        "items": {
            "type": "string",
            "minLength": 1,
            "maxLength": templates.LONGEST,
            "x-kubernetes-validations": crd_rules.TEMPLATE,
        },
        "x-kubernetes-list-type": "set",
    }


def _when() -> Json:
    return {
        "description": (
            "When the groups of an object are over.\n"
            "- OnCompletion: when it has ended, in whatever way, or is deleted.\n"
            "- OnSuccess: when it has succeeded, or is deleted. What failed keeps its groups while it is there.\n"
            "- OnDeletion: when it is deleted.\n"
            "- Superseded: of a CronJob's run, when the next run has pushed; of anything else, and when the CronJob is "
            "gone, when it is deleted.\n"
            "- After: the time in `after` later than its end or deletion.\n"
            "- Never: they stay.\n\n"
            "Absent: the next policy says it. Where none does, it is OnCompletion. The schema has no default, for that "
            "would hide what the next policy says."
        ),
        "type": "string",
        "enum": list(policies.WHEN),
    }


def _duration(description: str, *, positive: bool) -> Json:
    return {
        "description": description,
        "type": "string",
        "minLength": 2,
        "maxLength": 32,
        "x-kubernetes-validations": crd_rules.duration(positive=positive),
    }
