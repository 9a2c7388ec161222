"""Policies: what ``GroupCleanupPolicy`` and ``ClusterGroupCleanupPolicy`` say, and of which objects.

The API server validates policies against the schema in ``manifests/crds``. A policy that it accepted may still be
unreadable here, if its schema is of another version: then all groups of the objects that it selects are kept, and its
status says why.
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

MOST_TEMPLATES = 16
LONGEST_HOURS = 8760
"""A year: no duration of a policy is longer."""


class Scope(enum.Enum):
    """Where a policy is; the value is its kind."""

    NAMESPACE = "GroupCleanupPolicy"
    CLUSTER = "ClusterGroupCleanupPolicy"

    @property
    def plural(self) -> str:
        """The resource, as the API server's paths have it."""
        return self.value.lower().removesuffix("y") + "ies"


WHEN = {
    "OnCompletion": cleanup_rules.Cleanup.ON_COMPLETION,
    "OnSuccess": cleanup_rules.Cleanup.ON_SUCCESS,
    "OnDeletion": cleanup_rules.Cleanup.ON_DELETION,
    "Superseded": cleanup_rules.Cleanup.SUPERSEDED,
    "After": cleanup_rules.Cleanup.AFTER,
    "Never": cleanup_rules.Cleanup.NEVER,
}
"""The words of ``spec.when``."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, read. Two that differ in nothing but their status are equal.

    :param created: Unix seconds; the older of two policies is asked first.
    :param kinds: kinds of objects that it is for; empty for all. ``namespaces`` likewise.
    :param templates: of the groups that are those of each object; ``None`` where it does not say.
    :param said: everything else that it says.
    :param problems: what could not be read. It keeps what it selects then: ``said`` is unreadable.
    :param status: as the API server has it.
    """

    ref: cleanup_rules.PolicyRef
    uid: str
    generation: int
    created: float
    selector: label_selectors.LabelSelector = label_selectors.EVERYTHING
    kinds: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    templates: tuple[templates.Template, ...] | None = None
    said: cleanup_rules.Statement = cleanup_rules.SILENT
    problems: tuple[str, ...] = ()
    status: Json = field(default_factory=dict, compare=False, repr=False)

    @property
    def scope(self) -> Scope:
        return Scope(self.ref.kind)

    def selects(self, subject: policy_subjects.Subject) -> bool:
        """Whether it is for this object."""
        return (
            (not self.namespaces or subject.owner.namespace in self.namespaces)
            and (not self.kinds or not self.kinds.isdisjoint(owner_kinds.spellings(subject.owner.kind)))
            and self.selector.matches(subject.labels)
        )


def parse(data: Json, *, scope: Scope) -> Policy:
    """The policy that the API server gives; ``KeyError``, ``TypeError`` or ``ValueError`` where it is no object."""
    metadata = data["metadata"]
    namespace = metadata["namespace"] if scope is Scope.NAMESPACE else ""
    spec = _Spec(data.get("spec"))
    selector = spec.read("selector", label_selectors.parse) or label_selectors.EVERYTHING
    kinds = spec.read("kinds", _texts) or frozenset()
    namespaces = frozenset({namespace})
    if scope is Scope.CLUSTER:
        namespaces = spec.read("namespaces", _texts) or frozenset()
    made = spec.read("groups", _templates)
    said = _statement(spec)
    return Policy(
        ref=cleanup_rules.PolicyRef(scope.value, namespace, metadata["name"]),
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        created=completion.unix_seconds(metadata["creationTimestamp"]),
        selector=selector,
        kinds=kinds,
        namespaces=namespaces,
        templates=made,
        said=cleanup_rules.Statement(is_unreadable=True) if spec.finish() else said,
        problems=spec.finish(),
        status=data.get("status") or {},
    )


_T = TypeVar("_T")


class _Spec:
    """The fields of a spec that nobody has read yet, and what is wrong with those that were."""

    def __init__(self, data: Any) -> None:
        self._problems: list[str] = []
        if not isinstance(data, Mapping):
            self._problems.append("there is no spec")
        self._left: dict[str, Any] = dict(data) if isinstance(data, Mapping) else {}

    def has(self, name: str) -> bool:
        """Whether a field is there that nobody has read yet."""
        return self._left.get(name) is not None

    def read(self, name: str, reader: Callable[[Any], _T]) -> _T | None:
        """What a field says; ``None`` where it is not there or cannot be read."""
        value = self._left.pop(name, None)
        if value is None:
            return None
        try:
            return reader(value)
        except ValueError as error:
            self._problems.append(f"spec.{name}: {error}")
            return None

    def finish(self) -> tuple[str, ...]:
        """All problems. A field that nobody knows may be one that says what must not be deleted."""
        unknown = [f"spec.{name}: this version of the operator does not know it" for name in sorted(self._left)]
        return (*self._problems, *unknown)

    def fault(self, problem: str) -> None:
        self._problems.append(problem)


def _statement(spec: _Spec) -> cleanup_rules.Statement:
    has_after = spec.has("after")
    cleanup = spec.read("when", _when)
    after = spec.read("after", _positive)
    if (cleanup is cleanup_rules.Cleanup.AFTER) != has_after:
        spec.fault("spec.after: it goes with when: After, and neither stands without the other")
    return cleanup_rules.Statement(
        cleanup=cleanup,
        after=after or 0.0,
        keep_failed_for=spec.read("keepFailedFor", _duration),
        drain_timeout=spec.read("drainTimeout", _positive),
    )


def _when(value: Any) -> cleanup_rules.Cleanup:
    if not isinstance(value, str) or value not in WHEN:
        raise ValueError(f"{value!r} is none of {', '.join(WHEN)}")
    return WHEN[value]


def _duration(value: Any) -> float:
    seconds = cleanup_rules.parse_duration(_text(value))
    if seconds > LONGEST_HOURS * 3600:
        raise ValueError(f"{value!r} is longer than {LONGEST_HOURS}h")
    return seconds


def _positive(value: Any) -> float:
    seconds = _duration(value)
    if not seconds:
        raise ValueError(f"{value!r} is no time at all")
    return seconds


def _templates(value: Any) -> tuple[templates.Template, ...]:
    texts = _list(value)
    if not 1 <= len(texts) <= MOST_TEMPLATES:
        raise ValueError(f"it has {len(texts)} items, 1 to {MOST_TEMPLATES} are allowed")
    return tuple(templates.parse(text) for text in texts)


def _texts(value: Any) -> frozenset[str]:
    return frozenset(_list(value))


def _list(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("it is no list")
    return [_text(item) for item in value]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value
