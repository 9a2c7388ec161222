"""What to do about each group, and why: a pure function of the picture.

Planning again what was planned before, once it was done, yields nothing. Each group stands alone, so it is enough to
plan those that a change touches.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tidegate import settings
from tidegate.model import control_api, grouping, owners
from tidegate.operator.cache import cluster_cache
from tidegate.operator.ownership import resolution


class Verdict(enum.Enum):
    """Where a group stands with its owners; the value is a word for metrics, logs and people."""

    ACTIVE = "active"
    """An owner is active, or its own rules keep the group."""
    AMBIGUOUS = "ambiguous"
    """Objects in several namespaces may be its owners alike: it stays until only one is left."""
    OVER = "over"
    """All its owners are over: it is retired."""
    OUTLIVED = "outlived"
    """Its owners are over, and somebody else pushed last: it stays."""
    UNOWNED = "unowned"
    """No rule leads from it to an object."""
    UNKNOWN = "unknown"
    """It has an owner of which nobody can tell whether it is still there."""
    ASKING = "asking"
    """The API server is being asked whose pod it is about."""


class Hold(enum.Enum):
    """Why a group is not retired that is to be."""

    DRY_RUN = "dry-run"
    BREAKER = "breaker"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided of one group.

    :param owners: those that decide, the strongest first; beside them the holding has all that were looked at.
    :param actions: what to tell the gateway, in this order.
    """

    record: control_api.GroupRecord
    verdict: Verdict
    holding: resolution.Holding
    owners: tuple[resolution.Holder, ...] = ()
    actions: tuple[control_api.Action, ...] = ()

    @property
    def key(self) -> grouping.GroupingKey:
        return self.record.key

    @property
    def rule(self) -> str:
        """The rule that led to the owners, empty where there are none."""
        return self.owners[0].claim.rule if self.owners else ""


@dataclass(slots=True)
class Plan:
    """A decision for each group that was planned."""

    decisions: list[Decision] = field(default_factory=list)

    @property
    def actions(self) -> list[control_api.Action]:
        """What to tell the gateway, in this order."""
        return [action for decision in self.decisions for action in decision.actions]

    @property
    def lookups(self) -> set[resolution.Lookup]:
        """What to ask the API server about first."""
        return {lookup for decision in self.decisions for lookup in decision.holding.lookups}


def plan(
    picture: cluster_cache.Picture,
    *,
    rules: settings.RuleSettings,
    now: float,
    keys: Iterable[grouping.GroupingKey] | None = None,
) -> Plan:
    """Plan these groups, or all. Groups that are not there any more need nothing. ``now`` is Unix seconds."""
    made = Plan()
    for key in picture.group_keys() if keys is None else keys:
        record = picture.group(key)
        if record is not None:
            made.decisions.append(decide(picture, record, rules=rules, now=now))
    return made


def decide(
    picture: cluster_cache.Picture, record: control_api.GroupRecord, *, rules: settings.RuleSettings, now: float
) -> Decision:
    """Decide about one group."""
    holding = resolution.holding(picture, record, rules=rules, now=now)
    if holding.lookups:
        return Decision(record, Verdict.ASKING, holding)
    left = [holder for holder in holding.holders if holder.owner.uid not in holding.outlived]
    answer = resolution.answer(left, rules=rules)
    if any(holder.active for holder in answer):
        verdict = Verdict.AMBIGUOUS if _is_ambiguous(answer) else Verdict.ACTIVE
        actions = _keep(record, answer, unknown=holding.unknown)
    elif holding.unknown:
        verdict, actions = Verdict.UNKNOWN, []
    else:
        actions = _finish(record, holding, answer)
        verdict = _verdict(holding, answer, claimed=bool(record.claims))
        if verdict is Verdict.OVER and holding.unsettled:
            return Decision(record, Verdict.ASKING, replace(holding, lookups=holding.unsettled))
    return Decision(record, verdict, holding, tuple(answer), tuple(actions))


def _is_ambiguous(answer: list[resolution.Holder]) -> bool:
    """Whether only some of these own the group. Those whose pods have pushed it all do, whatever their namespaces."""
    is_fact = answer[0].claim.rule == settings.ADDRESS
    return not is_fact and len({holder.owner.namespace for holder in answer}) > 1


def _verdict(holding: resolution.Holding, answer: list[resolution.Holder], *, claimed: bool) -> Verdict:
    if answer:
        return Verdict.OVER
    return Verdict.OUTLIVED if holding.outlived and claimed else Verdict.UNOWNED


def _keep(
    record: control_api.GroupRecord, answer: list[resolution.Holder], *, unknown: frozenset[owners.Uid]
) -> list[control_api.Action]:
    """Name the active owners, and those that are over beside them: the last push may be theirs, and would then have
    nobody left when what is active goes. Only the next run of an owner takes its place. Every other claim goes.
    """
    active = [holder for holder in answer if holder.active]
    followed = {holder.owner[:3] for holder in active}
    over = [holder for holder in answer if not holder.active and holder.owner[:3] not in followed]
    wanted = [holder.claim for holder in [*active, *over] if holder.claims]
    actions: list[control_api.Action] = []
    if record.draining and wanted:
        # Only a claim that is new to it takes a draining group back to live, and then it is the group's only one.
        if wanted[0].owner.uid in record.claims:
            actions.append(control_api.ReleaseGroup(key=record.key, uid=wanted[0].owner.uid))
        return actions + [control_api.ClaimGroup(key=record.key, claim=claim) for claim in wanted]
    actions += [
        control_api.ClaimGroup(key=record.key, claim=claim)
        for claim in wanted
        if record.claims.get(claim.owner.uid) != claim
    ]
    stay = {claim.owner.uid for claim in wanted} | unknown
    return actions + _release(record, uids=[uid for uid in record.claims if uid not in stay])


def _finish(
    record: control_api.GroupRecord, holding: resolution.Holding, answer: list[resolution.Holder]
) -> list[control_api.Action]:
    """All owners are over: retire the group, unless its last push came from somebody else.

    An active object may claim it still, by a later rule than the one that has the answer: that claim goes.
    """
    claimed = [holder for holder in holding.holders if holder.owner.uid in record.claims and not holder.active]
    late: list[resolution.Holder] = []
    if all(holder.owner.uid in holding.outlived for holder in claimed):
        late = [holder for holder in answer if holder.owner.uid not in record.claims]
        if not late:
            return _release(record, uids=list(record.claims))
    stay = {holder.owner.uid for holder in claimed}
    actions = _release(record, uids=[uid for uid in record.claims if uid not in stay])
    actions += [control_api.ClaimGroup(key=record.key, claim=holder.claim) for holder in late]
    if late or record.drain_pushed_revision != record.pushed_revision:
        over = [*claimed, *late]
        actions.append(
            control_api.RetireGroup(
                key=record.key,
                over=tuple(sorted(holder.owner.uid for holder in over)),
                pushed_revision=record.pushed_revision,
                drain_timeout=max(holder.claim.drain_timeout for holder in over),
            )
        )
    return actions


def _release(record: control_api.GroupRecord, *, uids: list[owners.Uid]) -> list[control_api.Action]:
    return [control_api.ReleaseGroup(key=record.key, uid=uid) for uid in uids]
