"""What to do about each group: a pure function of the picture.

Planning again what was planned before, once it was done, yields nothing. Each group stands alone, so it is enough to
plan those that a change touches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tidegate import settings
from tidegate.controller import ownership, pictures
from tidegate.model import groups, owners, records


class Ambiguity(NamedTuple):
    """Several objects in several namespaces that a group may belong to alike: it stays until only one is left."""

    key: groups.GroupingKey
    holders: tuple[owners.Owner, ...]


@dataclass(slots=True)
class Plan:
    """What to tell the gateway, in this order; whom to ask the API server about first; what people should know."""

    actions: list[records.Action] = field(default_factory=list)
    lookups: set[pictures.Pod] = field(default_factory=set)
    ambiguities: list[Ambiguity] = field(default_factory=list)


def plan(
    picture: pictures.Picture,
    *,
    rules: settings.RuleSettings,
    keys: Iterable[groups.GroupingKey] | None = None,
) -> Plan:
    """Plan these groups, or all. Groups that are not there any more need nothing."""
    made = Plan()
    for key in picture.group_keys() if keys is None else keys:
        record = picture.group(key)
        if record is not None:
            _plan_group(made, record, ownership.holding(picture, record, rules=rules))
    return made


def _plan_group(made: Plan, record: records.GroupRecord, holding: ownership.Holding) -> None:
    if holding.lookups:
        made.lookups.update(holding.lookups)
        return
    answer = ownership.answer(holder for holder in holding.holders if holder.owner.uid not in holding.outlived)
    if any(holder.active for holder in answer):
        made.actions += _keep(record, answer, unknown=holding.unknown)
        ambiguity = _ambiguity(record, answer)
        if ambiguity is not None:
            made.ambiguities.append(ambiguity)
    elif not holding.unknown:
        made.actions += _finish(record, holding, answer)


def _keep(
    record: records.GroupRecord, answer: list[ownership.Holder], *, unknown: frozenset[owners.Uid]
) -> list[records.Action]:
    """Name the active owners, and those that are over beside them: the last push may be theirs, and would then have
    nobody left when what is active goes. Only the next run of an owner takes its place. Every other claim goes.
    """
    active = [holder for holder in answer if holder.active]
    followed = {holder.owner[:3] for holder in active}
    over = [holder for holder in answer if not holder.active and holder.owner[:3] not in followed]
    wanted = [_claim(holder) for holder in [*active, *over] if holder.claims]
    actions: list[records.Action] = []
    if record.draining and wanted:
        # Only a claim that is new to it takes a draining group back to live, and then it is the group's only one.
        if wanted[0].owner.uid in record.claims:
            actions.append(records.ReleaseGroup(key=record.key, uid=wanted[0].owner.uid))
        return actions + [records.ClaimGroup(key=record.key, claim=claim) for claim in wanted]
    actions += [
        records.ClaimGroup(key=record.key, claim=claim)
        for claim in wanted
        if record.claims.get(claim.owner.uid) != claim
    ]
    stay = {claim.owner.uid for claim in wanted} | unknown
    return actions + _release(record, uids=[uid for uid in record.claims if uid not in stay])


def _finish(
    record: records.GroupRecord, holding: ownership.Holding, answer: list[ownership.Holder]
) -> list[records.Action]:
    """All owners are over: retire the group, unless its last push came from somebody else.

    An active object may claim it still, by a later rule than the one that has the answer: that claim goes.
    """
    claimed = [holder for holder in holding.holders if holder.owner.uid in record.claims and not holder.active]
    late: list[ownership.Holder] = []
    if all(holder.owner.uid in holding.outlived for holder in claimed):
        late = [holder for holder in answer if holder.owner.uid not in record.claims]
        if not late:
            return _release(record, uids=list(record.claims))
    stay = {holder.owner.uid for holder in claimed}
    actions = _release(record, uids=[uid for uid in record.claims if uid not in stay])
    actions += [records.ClaimGroup(key=record.key, claim=_claim(holder)) for holder in late]
    if late or record.drain_pushed_revision != record.pushed_revision:
        over = [*claimed, *late]
        actions.append(
            records.RetireGroup(
                key=record.key,
                over=tuple(sorted(holder.owner.uid for holder in over)),
                pushed_revision=record.pushed_revision,
                drain_timeout=max(holder.drain_timeout for holder in over),
            )
        )
    return actions


def _ambiguity(record: records.GroupRecord, answer: list[ownership.Holder]) -> Ambiguity | None:
    if len({holder.owner.namespace for holder in answer}) < 2:
        return None
    return Ambiguity(record.key, tuple(sorted(holder.owner for holder in answer)))


def _claim(holder: ownership.Holder) -> owners.Claim:
    return owners.Claim(owner=holder.owner, drain_timeout=holder.drain_timeout)


def _release(record: records.GroupRecord, *, uids: list[owners.Uid]) -> list[records.Action]:
    return [records.ReleaseGroup(key=record.key, uid=uid) for uid in uids]
