"""Whose a group is: the rules, as pure functions.

The first rule that has an answer decides: (1) an annotation names the group; (2) its ``instance`` or ``pod`` label is
the name or the host name of a Job's pod; (3) its ``job`` label is the name of a Job or a CronJob. An object with the
annotation takes part in the first rule only. A ``namespace`` label, where a group has one, must be the object's.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from tidegate import settings
from tidegate.controller import cleanups, kinds, pictures, podnames, rosters, views
from tidegate.model import groups, owners, records

Pods: TypeAlias = Mapping[str, Mapping[str, owners.Uid | None]]


class Evidence(enum.Enum):
    """What joins a group to an object."""

    ANNOTATION = "annotation"
    POD = "pod"
    """The label names a pod of which the API server says that it is this Job's."""
    POD_NAME = "pod name"
    """The label is a name that this Job's pods get; the pod itself is no longer there to be asked."""
    HOSTNAME = "hostname"
    NAME = "name"

    @property
    def rule(self) -> int:
        """The number of the rule that this evidence is of."""
        return _RULES[self]


_PROOFS = (Evidence.ANNOTATION, Evidence.POD)
"""What joins a group to an object even if its last push is older than that."""

_RULES = {Evidence.ANNOTATION: 1, Evidence.POD: 2, Evidence.POD_NAME: 2, Evidence.HOSTNAME: 2, Evidence.NAME: 3}
_POD_RULE = 2


class Holder(NamedTuple):
    """An object that a group belongs to, or would belong to if no earlier rule had an answer.

    :param active: whether it is not over, by its own cleanup policy.
    :param claims: whether it may be named to the gateway; one with the policy ``never`` holds a group without that.
    :param pushes_until: Unix seconds after which a push is not its own; ``None`` while it runs.
    """

    owner: owners.Owner
    evidence: Evidence
    active: bool
    claims: bool
    drain_timeout: float
    pushes_until: float | None


@dataclass(frozen=True, slots=True)
class Holding:
    """All that is known of a group's owners.

    :param holders: in no order.
    :param unknown: claims of which nobody can tell whether their owner is still there.
    :param outlived: claims whose owner had ended before the last push, so that somebody else made it.
    :param lookups: pods that must be asked about before anything can be said.
    """

    holders: tuple[Holder, ...] = ()
    unknown: frozenset[owners.Uid] = frozenset()
    outlived: frozenset[owners.Uid] = frozenset()
    lookups: tuple[pictures.Pod, ...] = ()


def holding(picture: pictures.Picture, record: records.GroupRecord, *, rules: settings.RuleSettings) -> Holding:
    """Look at every object that this group may be about, and at every claim on it."""
    lookups: set[pictures.Pod] = set()
    joined: list[tuple[rosters.Known, Evidence]] = []
    for known in picture.candidates(record.key):
        if known.view.uid in record.claims and not _is_never(known.view):
            continue
        lookups |= _lookups(known, record, pods=picture.pods, rules=rules)
        if (by := evidence(known.view, record.key, pods=picture.pods)) is not None:
            joined.append((known, by))
    claimants, unknown = _claimants(picture, record, rules=rules)
    outlived = {uid for uid, holder in claimants.items() if _is_outlived(holder, record)}
    heritage = {claim.owner[:3] for uid, claim in record.claims.items() if uid not in outlived}
    holders = claimants | _newcomers(joined, record, heritage=heritage, rules=rules)
    return Holding(
        holders=tuple(holders.values()),
        unknown=frozenset(unknown),
        outlived=frozenset(outlived),
        lookups=tuple(sorted(lookups)),
    )


def answer(holders: Iterable[Holder]) -> list[Holder]:
    """The holders by the first rule that has an answer.

    A rule whose holders are all over gives way to a later one with an active holder. The rule of pods does not: the
    group names its pod, so it is of that run and not of whatever else has the name of its ``job`` label.
    """
    by_rule: dict[int, list[Holder]] = {}
    for holder in holders:
        by_rule.setdefault(holder.evidence.rule, []).append(holder)
    ordered = [by_rule[rule] for rule in sorted(by_rule)]
    for held in ordered:
        if held[0].evidence.rule == _POD_RULE or any(holder.active for holder in held):
            return held
    return ordered[0] if ordered else []


def evidence(view: views.OwnerView, key: groups.GroupingKey, *, pods: Pods) -> Evidence | None:
    """What joins this group to this object now, the strongest; ``None`` when nothing does."""
    owner = view.owner
    if not _shares_namespace(owner, key):
        return None
    if view.rules.keys is not None:
        named = view.kind == kinds.JOB.name and key in view.rules.keys
        return Evidence.ANNOTATION if named else None
    if view.kind == kinds.JOB.name:
        for value in pictures.pod_values(key):
            if (joined := _pod_evidence(view, value, answers=pods.get(value, {}))) is not None:
                return joined
    return Evidence.NAME if groups.label(key, "job") == owner.name else None


def claim_evidence(owner: owners.Owner, key: groups.GroupingKey) -> Evidence:
    """What once joined this group to an object that claims it and is gone, as far as its name tells."""
    if owner.kind == kinds.JOB.name:
        for value in pictures.pod_values(key):
            if any(podnames.is_pod_name(value, job=owner.name, completions=size) for size in (None, _ANY_SIZE)):
                return Evidence.POD
            if podnames.is_hostname(value, job=owner.name, completions=_ANY_SIZE):
                return Evidence.HOSTNAME
    return Evidence.NAME if groups.label(key, "job") == owner.name else Evidence.ANNOTATION


def is_over(known: rosters.Known) -> bool:
    """Whether this object is over by its own cleanup policy."""
    if known.gone_at is not None:
        return True
    finish = known.view.finish
    match known.view.rules.cleanup:
        case cleanups.Cleanup.ON_COMPLETION:
            return finish is not None
        case cleanups.Cleanup.ON_SUCCESS:
            return finish is not None and finish.succeeded
        case _:
            return False


_ANY_SIZE = 1_000_000
"""Completions of an Indexed Job that is gone: nobody knows how many, and Kubernetes allows a tenth of this."""


def _pod_evidence(view: views.OwnerView, value: str, *, answers: Mapping[str, owners.Uid | None]) -> Evidence | None:
    owner = view.owner
    if view.hostname == value or podnames.is_hostname(value, job=owner.name, completions=view.completions):
        return Evidence.HOSTNAME
    if not podnames.is_pod_name(value, job=owner.name, completions=view.completions):
        return None
    if owner.namespace not in answers:
        return None
    uid = answers[owner.namespace]
    if uid is None:
        return Evidence.POD_NAME
    return Evidence.POD if uid == owner.uid else None


def _claimed_evidence(view: views.OwnerView, key: groups.GroupingKey) -> Evidence:
    if view.rules.keys is not None:
        return Evidence.ANNOTATION
    if view.hostname is not None and view.hostname in pictures.pod_values(key):
        return Evidence.HOSTNAME
    return claim_evidence(view.owner, key)


def _lookups(
    known: rosters.Known, record: records.GroupRecord, *, pods: Pods, rules: settings.RuleSettings
) -> set[pictures.Pod]:
    """Pods to ask about: never one whose Job claims the group already, nor one of a Job that came after the push."""
    view = known.view
    if view.kind != kinds.JOB.name or view.rules.keys is not None or not _shares_namespace(view.owner, record.key):
        return set()
    if not _pushed_by(known, record, rules=rules):
        return set()
    names = {
        value
        for value in pictures.pod_values(record.key)
        if podnames.is_pod_name(value, job=view.owner.name, completions=view.completions)
        and view.owner.namespace not in pods.get(value, {})
    }
    others = [claim.owner for uid, claim in record.claims.items() if uid != view.uid]
    if any(claim_evidence(owner, record.key) is Evidence.POD for owner in others):
        return set()
    return {pictures.Pod(view.owner.namespace, name) for name in names}


def _claimants(
    picture: pictures.Picture, record: records.GroupRecord, *, rules: settings.RuleSettings
) -> tuple[dict[owners.Uid, Holder], set[owners.Uid]]:
    """The holders among those that claim this group, and those of which nobody can tell."""
    found: dict[owners.Uid, Holder] = {}
    unknown: set[owners.Uid] = set()
    for uid, claim in record.claims.items():
        known = picture.known(claim.owner)
        gone_at = picture.gone_at(claim.owner)
        if known is not None:
            if _still_holds(known.view, record.key):
                found[uid] = _holder(known, _claimed_evidence(known.view, record.key), rules=rules)
        elif gone_at is not None:
            found[uid] = _gone_holder(claim, record.key, gone_at=gone_at, rules=rules)
        else:
            unknown.add(uid)
    return found, unknown


def _is_outlived(holder: Holder, record: records.GroupRecord) -> bool:
    return not holder.active and holder.pushes_until is not None and record.push_time > holder.pushes_until


def _newcomers(
    joined: Iterable[tuple[rosters.Known, Evidence]],
    record: records.GroupRecord,
    *,
    heritage: set[tuple[str, str, str]],
    rules: settings.RuleSettings,
) -> dict[owners.Uid, Holder]:
    """Those that do not claim this group and may: a name alone proves nothing about older pushes.

    Of an object that is active any push before the last may have been, so it holds the group whoever pushed last. One
    that is over holds only what nobody else pushed since. The next run of an owner takes its group over before it
    pushed anything itself. ``heritage``: kinds, namespaces and names of those whose group it is by now.
    """
    found: dict[owners.Uid, Holder] = {}
    heirs: list[Holder] = []
    for known, by in joined:
        holder = _holder(known, by, rules=rules)
        since = by in _PROOFS or _pushed_since(known, record, rules=rules)
        if holder.active and (since or not holder.claims):
            found[known.view.uid] = holder
        elif holder.active and by is not Evidence.POD_NAME:
            heirs.append(holder)
        elif not holder.active and holder.claims and since and record.push_time and not _is_outlived(holder, record):
            found[known.view.uid] = holder
    heritage = heritage | {holder.owner[:3] for holder in found.values()}
    return found | {holder.owner.uid: holder for holder in heirs if holder.owner[:3] in heritage}


def _pushed_by(known: rosters.Known, record: records.GroupRecord, *, rules: settings.RuleSettings) -> bool:
    """Whether the last push lies in this object's life; where none succeeded there is nobody's data to keep."""
    until = _pushes_until(known, rules=rules)
    return _pushed_since(known, record, rules=rules) and (until is None or record.push_time <= until)


def _pushed_since(known: rosters.Known, record: records.GroupRecord, *, rules: settings.RuleSettings) -> bool:
    """Whether this object was there at the last push, or before it."""
    return not record.push_time or record.push_time >= known.view.created - rules.clock_skew


def _still_holds(view: views.OwnerView, key: groups.GroupingKey) -> bool:
    """Whether an object that claims this group still may: its annotations may have changed since."""
    if _is_never(view):
        return False
    if view.rules.keys is None:
        return True
    return view.kind == kinds.JOB.name and key in view.rules.keys


def _is_never(view: views.OwnerView) -> bool:
    """Whether this object claims nothing. What it matches is kept, while it is there, without a claim."""
    return view.rules.cleanup is cleanups.Cleanup.NEVER


def _pushes_until(known: rosters.Known, *, rules: settings.RuleSettings) -> float | None:
    ended = known.view.finish.at if known.view.finish is not None else known.gone_at
    return None if ended is None else ended + rules.late_push_grace


def _holder(known: rosters.Known, joined: Evidence, *, rules: settings.RuleSettings) -> Holder:
    own = known.view.rules
    return Holder(
        owner=known.view.owner,
        evidence=joined,
        active=not is_over(known),
        claims=not _is_never(known.view),
        drain_timeout=rules.drain_timeout if own.drain_timeout is None else own.drain_timeout,
        pushes_until=_pushes_until(known, rules=rules),
    )


def _gone_holder(
    claim: owners.Claim, key: groups.GroupingKey, *, gone_at: float, rules: settings.RuleSettings
) -> Holder:
    return Holder(
        owner=claim.owner,
        evidence=claim_evidence(claim.owner, key),
        active=False,
        claims=True,
        drain_timeout=claim.drain_timeout,
        pushes_until=gone_at + rules.late_push_grace,
    )


def _shares_namespace(owner: owners.Owner, key: groups.GroupingKey) -> bool:
    # To Prometheus an empty label is no label.
    return groups.label(key, "namespace") in (None, "", owner.namespace)
