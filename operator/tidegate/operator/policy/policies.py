"""Policies: ``GroupCleanupPolicy`` and ``ClusterGroupCleanupPolicy``, and which objects they select.

The API server validates policies against the schema in ``manifests/crds``. A policy that it accepted may still be
invalid here, if its schema is of another version: then all groups of the objects that it selects are kept, and its
status has the reason.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from tidegate.operator.objects import completion, owner_kinds
from tidegate.operator.policy import cleanup_rules, label_selectors, policy_subjects, templates

Json: TypeAlias = Mapping[str, Any]

GROUP = "tidegate.dev"
VERSION = "v1alpha1"

MAX_TEMPLATES = 16
MAX_DURATION_HOURS = 8760
"""The longest duration in a policy: a year."""


class Scope(enum.Enum):
    """The scope of a policy; the value is its kind."""

    NAMESPACE = "GroupCleanupPolicy"
    CLUSTER = "ClusterGroupCleanupPolicy"

    @property
    def plural(self) -> str:
        """The resource in the paths of the API server."""
        return self.value.lower().removesuffix("y") + "ies"


WHEN = {
    "OnCompletion": cleanup_rules.Cleanup.ON_COMPLETION,
    "OnSuccess": cleanup_rules.Cleanup.ON_SUCCESS,
    "OnDeletion": cleanup_rules.Cleanup.ON_DELETION,
    "Superseded": cleanup_rules.Cleanup.SUPERSEDED,
    "After": cleanup_rules.Cleanup.AFTER,
    "Never": cleanup_rules.Cleanup.NEVER,
}
"""The values of ``spec.when``."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy. Two policies that differ only in their status are equal.

    :param created: Unix seconds; the older of two policies has precedence.
    :param kinds: the kinds of objects that it selects; empty for all kinds.
    :param namespaces: the namespaces of these objects; empty for all namespaces.
    :param templates: of the groups of each selected object; ``None`` where it sets none.
    :param rules: the other rules that it sets; invalid if it has problems, so that its groups are kept.
    :param problems: the errors in its fields.
    :param status: the status that the API server has.
    """

    ref: cleanup_rules.PolicyRef
    uid: str
    generation: int
    created: float
    selector: label_selectors.LabelSelector = label_selectors.EVERYTHING
    kinds: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    templates: tuple[templates.Template, ...] | None = None
    rules: cleanup_rules.PartialRules = cleanup_rules.NO_RULES
    problems: tuple[str, ...] = ()
    status: Json = field(default_factory=dict, compare=False, repr=False)

    @property
    def scope(self) -> Scope:
        return Scope(self.ref.kind)

    def selects(self, subject: policy_subjects.Subject) -> bool:
        """Whether it selects this object."""
        return (
            (not self.namespaces or subject.owner.namespace in self.namespaces)
            and (not self.kinds or not self.kinds.isdisjoint(owner_kinds.policy_names(subject.owner.kind)))
            and self.selector.matches(subject.labels)
        )


def parse(data: Json, *, scope: Scope) -> Policy:
    """Parse a policy from the API server; errors in its spec become its problems.

    :raises KeyError: it lacks metadata.
    :raises TypeError, ValueError: its metadata are invalid.
    """
    metadata = data["metadata"]
    namespace = metadata["namespace"] if scope is Scope.NAMESPACE else ""
    spec = _Spec(data.get("spec"))
    selector = spec.parse("selector", label_selectors.parse) or label_selectors.EVERYTHING
    kinds = spec.parse("kinds", _strings) or frozenset()
    namespaces = frozenset({namespace})
    if scope is Scope.CLUSTER:
        namespaces = spec.parse("namespaces", _strings) or frozenset()
    group_templates = spec.parse("groups", _templates)
    rules = _rules(spec)
    problems = spec.problems()
    return Policy(
        ref=cleanup_rules.PolicyRef(scope.value, namespace, metadata["name"]),
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        created=completion.unix_seconds(metadata["creationTimestamp"]),
        selector=selector,
        kinds=kinds,
        namespaces=namespaces,
        templates=group_templates,
        rules=cleanup_rules.PartialRules(is_invalid=True) if problems else rules,
        problems=problems,
        status=data.get("status") or {},
    )


_T = TypeVar("_T")


class _Spec:
    """The fields of a spec that have not been parsed yet, and the errors in those that have."""

    def __init__(self, data: Any) -> None:
        self._problems: list[str] = []
        if not isinstance(data, Mapping):
            self._problems.append("spec is missing")
        self._unparsed: dict[str, Any] = dict(data) if isinstance(data, Mapping) else {}

    def has(self, name: str) -> bool:
        """Whether a field is set and has not been parsed yet."""
        return self._unparsed.get(name) is not None

    def parse(self, name: str, parser: Callable[[Any], _T]) -> _T | None:
        """The value of a field; ``None`` if it is missing or invalid."""
        value = self._unparsed.pop(name, None)
        if value is None:
            return None
        try:
            return parser(value)
        except ValueError as error:
            self._problems.append(f"spec.{name}: {error}")
            return None

    def problems(self) -> tuple[str, ...]:
        """All errors. An unknown field is one: it may limit what may be deleted."""
        unknown = [f"spec.{name}: unknown field; upgrade the operator or remove it" for name in sorted(self._unparsed)]
        return (*self._problems, *unknown)

    def add_problem(self, problem: str) -> None:
        """Add an error that concerns several fields."""
        self._problems.append(problem)


def _rules(spec: _Spec) -> cleanup_rules.PartialRules:
    has_after = spec.has("after")
    cleanup = spec.parse("when", _when)
    after = spec.parse("after", _positive_duration)
    if (cleanup is cleanup_rules.Cleanup.AFTER) != has_after:
        spec.add_problem("spec.after: required with when: After, and not allowed without it")
    return cleanup_rules.PartialRules(
        cleanup=cleanup,
        after=after or 0.0,
        keep_failed_for=spec.parse("keepFailedFor", _duration),
        drain_timeout=spec.parse("drainTimeout", _positive_duration),
    )


def _when(value: Any) -> cleanup_rules.Cleanup:
    if not isinstance(value, str) or value not in WHEN:
        raise ValueError(f"{value!r} is not one of {', '.join(WHEN)}")
    return WHEN[value]


def _duration(value: Any) -> float:
    seconds = cleanup_rules.parse_duration(_string(value))
    if seconds > MAX_DURATION_HOURS * 3600:
        raise ValueError(f"{value!r} is longer than {MAX_DURATION_HOURS}h")
    return seconds


def _positive_duration(value: Any) -> float:
    seconds = _duration(value)
    if not seconds:
        raise ValueError(f"{value!r} is not longer than 0s")
    return seconds


def _templates(value: Any) -> tuple[templates.Template, ...]:
    texts = _list(value)
    if not 1 <= len(texts) <= MAX_TEMPLATES:
        raise ValueError(f"the list has {len(texts)} items; it must have 1 to {MAX_TEMPLATES}")
    return tuple(templates.parse(text) for text in texts)


def _strings(value: Any) -> frozenset[str]:
    return frozenset(_list(value))


def _list(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("must be a list")
    return [_string(item) for item in value]


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a string")
    return value
