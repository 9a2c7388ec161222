"""Jobs, CronJobs and others cut down to what decides about groups, so that ten thousand cost a few megabytes."""

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

_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SHARED = 512
"""Sets of labels and parents of which each is kept once, as long as it is among so many of the last ones seen."""


@dataclass(frozen=True, slots=True)
class OwnerView:
    """An object, as far as it matters here.

    :param created: Unix seconds, the API server's clock, whole seconds.
    :param finish: ``None`` while it runs, is suspended, or is of a kind that has no end.
    :param completions: of an Indexed Job, how many indexes it has; ``None`` for any other.
    :param hostname: what its pods are called, where it or its pod template says so.
    :param labels: of a CronJob, those of its job template.
    :param annotations: likewise, as far as they are short.
    :param parent: the object that controls it.
    :param rules: what holds for its groups; ``own_rules`` is what its own annotations say.
    :param version: ``resourceVersion``, ``None`` where it is no number and so cannot be compared.
        Two views that differ in nothing else are equal.
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
        """What policies look at."""
        return policy_subjects.Subject(
            owner=self.owner,
            labels=self.labels,
            annotations=self.annotations,
            parent=self.parent,
            own_rules=self.own_rules,
            is_template=self.kind == owner_kinds.CRONJOB.name,
        )


def view(data: Json, *, kind: owner_kinds.Kind) -> OwnerView | None:
    """The view of an object as the API server gives it; ``None`` where it is of no interest, since another controls it.

    ``KeyError`` or ``ValueError`` where it is no such object.
    """
    parent = controller(data["metadata"])
    if kind.bare and parent is not None:
        return None
    metadata = _at(data, kind.template).get("metadata") or {}
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    own_rules = cleanup_rules.from_annotations(
        annotations, unread=_unread(data, kind=kind, annotations=annotations, labels=labels)
    )
    owner = _owner(data["metadata"], kind=kind)
    return OwnerView(
        owner=owner,
        created=completion.unix_seconds(data["metadata"]["creationTimestamp"]),
        rules=cleanup_rules.without_policies(own_rules),
        own_rules=own_rules,
        finish=kind.finish(data),
        completions=_completions(data["spec"]) if kind is owner_kinds.JOB else None,
        hostname=_at(data, kind.pod).get("hostname") if kind.pod else None,
        labels=_kept(labels, owner=owner),
        annotations=_kept({name: text for name, text in annotations.items() if _is_short(name, text)}, owner=owner),
        parent=parent,
        version=_version(data),
    )


def _unread(
    data: Json, *, kind: owner_kinds.Kind, annotations: Mapping[str, str], labels: Mapping[str, str]
) -> tuple[str, ...]:
    """What is wrong with what is said in places where it has no effect."""
    problems = list(annotation_checks.labelled(labels, known=cleanup_rules.ANNOTATIONS, read=annotations))
    for place, way in kind.unread:
        elsewhere = (_at(data, way).get("metadata") or {}).get("annotations") or {}
        problems += annotation_checks.misplaced(elsewhere, place=place, read=annotations, right_place=kind.place)
    return tuple(problems)


def controller(metadata: Json) -> owners.Owner | None:
    """The object that controls the one with these metadata."""
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            group = reference["apiVersion"].rpartition("/")[0]
            return _parent(reference["kind"], group, metadata["namespace"], reference["name"], reference["uid"])
    return None


def _owner(metadata: Json, *, kind: owner_kinds.Kind) -> owners.Owner:
    # Namespaces are few and objects many: one string for each namespace.
    namespace = sys.intern(metadata["namespace"])
    return owners.Owner(kind=kind.name, namespace=namespace, name=metadata["name"], uid=owners.Uid(metadata["uid"]))


@functools.lru_cache(_SHARED)
def _parent(kind: str, group: str, namespace: str, name: str, uid: str) -> owners.Owner:
    return owners.Owner(sys.intern(owner_kinds.word(kind, group=group)), sys.intern(namespace), name, owners.Uid(uid))


def _kept(texts: Mapping[str, str], *, owner: owners.Owner) -> Mapping[str, str]:
    """These texts, in as little memory as can be: Kubernetes itself labels a Job with its name and uid, twice each."""
    if owner.uid in texts.values() or owner.name in texts.values():
        own: dict[str, str] = {owner.name: owner.name, owner.uid: owner.uid}
        return {sys.intern(name): own.get(text) or sys.intern(text) for name, text in texts.items()}
    return _shared(tuple(texts.items()))


@functools.lru_cache(_SHARED)
def _shared(items: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return {sys.intern(name): text for name, text in items}


def _is_short(name: str, text: str) -> bool:
    return len(text) <= policy_subjects.MAX_VALUE_CHARACTERS and name != _APPLIED


def _at(data: Json, path: tuple[str, ...]) -> Json:
    for step in path:
        data = data.get(step) or {}
    return data


def _completions(spec: Json) -> int | None:
    return spec.get("completions") if spec.get("completionMode") == "Indexed" else None


def _version(data: Json) -> int | None:
    text: str = data["metadata"].get("resourceVersion", "")
    return int(text) if text.isascii() and text.isdigit() else None
