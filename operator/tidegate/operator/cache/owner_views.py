"""The fields of Jobs, CronJobs and other owners that decide about groups: a few megabytes for ten thousand objects."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tidegate.model import owners
from tidegate.operator.objects import completion, owner_kinds
from tidegate.operator.policy import annotation_checks, cleanup_rules, policy_subjects

Json: TypeAlias = Mapping[str, Any]

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_INTERNED_LIMIT = 512
"""Sets of labels, and parents, that are stored once and shared: the most recently used ones."""


@dataclass(frozen=True, slots=True)
class OwnerView:
    """The fields of an object that may own groups.

    :param created: Unix seconds on the API server's clock, whole seconds.
    :param rules: the cleanup rules in effect, from annotations and policies.
    :param finish: ``None`` while the object runs, is suspended, or is of a kind that never finishes.
    :param completions: the number of indexes of an Indexed Job; ``None`` for other objects.
    :param hostname: the hostname of its pods, if the object or its pod template sets one.
    :param labels: the labels; for a CronJob, those of its job template.
    :param annotations: the annotations, without long ones; for a CronJob, those of its job template.
    :param parent: the controller of the object.
    :param own_rules: the cleanup rules in its own annotations.
    :param version: the ``resourceVersion``; ``None`` if it is not a number and so cannot be compared. Two views that
        differ only in the version are equal.
    """

    owner: owners.Owner
    created: float
    rules: cleanup_rules.CleanupRules
    finish: completion.Finish | None = None
    completions: int | None = None
    hostname: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    parent: owners.Owner | None = None
    own_rules: cleanup_rules.PartialRules = cleanup_rules.NO_RULES
    version: int | None = field(default=None, compare=False)

    @property
    def uid(self) -> owners.Uid:
        return self.owner.uid

    @property
    def kind(self) -> str:
        return self.owner.kind

    @property
    def subject(self) -> policy_subjects.Subject:
        """The fields that policies select on."""
        return policy_subjects.Subject(
            owner=self.owner,
            labels=self.labels,
            annotations=self.annotations,
            parent=self.parent,
            own_rules=self.own_rules,
            is_template=self.kind == owner_kinds.CRONJOB.name,
        )


def parse(data: Json, *, kind: owner_kinds.Kind) -> OwnerView | None:
    """Parse an object from the API server.

    :returns: ``None`` for an object that has a controller, if only standalone objects of its kind own groups.
    :raises KeyError: a required field is missing.
    :raises ValueError: a required field is malformed.
    """
    parent = controller_of(data["metadata"])
    if kind.standalone_only and parent is not None:
        return None
    metadata = _value_at(data, kind.template_path).get("metadata") or {}
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    own_rules = cleanup_rules.from_annotations(
        annotations, unread=_ignored_annotations(data, kind=kind, annotations=annotations, labels=labels)
    )
    owner = _owner(data["metadata"], kind=kind)
    return OwnerView(
        owner=owner,
        created=completion.unix_seconds(data["metadata"]["creationTimestamp"]),
        rules=cleanup_rules.without_policies(own_rules),
        own_rules=own_rules,
        finish=kind.finish(data),
        completions=_completions(data["spec"]) if kind is owner_kinds.JOB else None,
        hostname=_value_at(data, kind.pod_spec_path).get("hostname") if kind.pod_spec_path else None,
        labels=_compact(labels, owner=owner),
        annotations=_compact({name: text for name, text in annotations.items() if _is_kept(name, text)}, owner=owner),
        parent=parent,
        version=_version(data),
    )


def _ignored_annotations(
    data: Json, *, kind: owner_kinds.Kind, annotations: Mapping[str, str], labels: Mapping[str, str]
) -> tuple[str, ...]:
    """The problems of annotations that have no effect where they are: on another template, or as labels."""
    problems = list(annotation_checks.labelled(labels, known=cleanup_rules.ANNOTATIONS, read=annotations))
    for template_name, path in kind.ignored_templates:
        ignored = (_value_at(data, path).get("metadata") or {}).get("annotations") or {}
        problems += annotation_checks.misplaced(
            ignored, place=template_name, read=annotations, right_place=kind.template_name
        )
    return tuple(problems)


def controller_of(metadata: Json) -> owners.Owner | None:
    """The controller of the object with this metadata; ``None`` if it has none."""
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            group = reference["apiVersion"].rpartition("/")[0]
            return _parent(reference["kind"], group, metadata["namespace"], reference["name"], reference["uid"])
    return None


def _owner(metadata: Json, *, kind: owner_kinds.Kind) -> owners.Owner:
    # There are few namespaces and many objects, so all objects of a namespace share one string.
    namespace = sys.intern(metadata["namespace"])
    return owners.Owner(kind=kind.name, namespace=namespace, name=metadata["name"], uid=owners.Uid(metadata["uid"]))


@functools.lru_cache(_INTERNED_LIMIT)
def _parent(kind: str, group: str, namespace: str, name: str, uid: str) -> owners.Owner:
    return owners.Owner(
        sys.intern(owner_kinds.qualified_name(kind, group=group)), sys.intern(namespace), name, owners.Uid(uid)
    )


def _compact(texts: Mapping[str, str], *, owner: owners.Owner) -> Mapping[str, str]:
    """Share equal strings: Kubernetes labels each Job with its name and uid, twice each."""
    if owner.uid in texts.values() or owner.name in texts.values():
        shared: dict[str, str] = {owner.name: owner.name, owner.uid: owner.uid}
        return {sys.intern(name): shared.get(text) or sys.intern(text) for name, text in texts.items()}
    return _interned(tuple(texts.items()))


@functools.lru_cache(_INTERNED_LIMIT)
def _interned(items: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return {sys.intern(name): text for name, text in items}


def _is_kept(name: str, text: str) -> bool:
    return len(text) <= policy_subjects.MAX_VALUE_CHARACTERS and name != _LAST_APPLIED


def _value_at(data: Json, path: tuple[str, ...]) -> Json:
    for step in path:
        data = data.get(step) or {}
    return data


def _completions(spec: Json) -> int | None:
    return spec.get("completions") if spec.get("completionMode") == "Indexed" else None


def _version(data: Json) -> int | None:
    text: str = data["metadata"].get("resourceVersion", "")
    return int(text) if text.isascii() and text.isdigit() else None
