"""The planner: decides which groups are claimed, released or start to drain, as a pure function of the cache.

Plans are idempotent: after the actions of a plan are done, planning again yields no actions. Groups are independent of
each other, so after a change it is enough to plan the affected ones.
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
    """The relation of a group to its owners. The value is used in metrics, logs and the API."""

    ACTIVE = "active"
    """An owner is active, or its cleanup rules keep the group."""
    AMBIGUOUS = "ambiguous"
    """Objects in several namespaces may own the group: it is kept until only one is left."""
    OWNERS_FINISHED = "over"
    """All owners have finished: the group starts to drain."""
    NOT_LAST_PUSHER = "outlived"
    """Its owners have finished, but the last push was not theirs: the group is kept."""
    UNOWNED = "unowned"
    """No ownership rule matches an object."""
    UNKNOWN = "unknown"
    """The operator cannot tell whether an owner still exists."""
    LOOKUP_PENDING = "asking"
    """A lookup at the API server is pending."""


class Hold(enum.Enum):
    """Why a group does not start to drain although its owners have finished."""

    DRY_RUN = "dry-run"
    BREAKER = "breaker"


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision about one group.

    :param ownership: all possible owners.
    :param owners: the owners that decide, the strongest first.
    :param actions: the actions for the gateway, in order.
    """

    record: control_api.GroupRecord
    verdict: Verdict
    ownership: resolution.Ownership
    owners: tuple[resolution.GroupOwner, ...] = ()
    actions: tuple[control_api.Action, ...] = ()

    @property
    def key(self) -> grouping.GroupingKey:
        return self.record.key

    @property
    def rule(self) -> str:
        """The ownership rule that matched the owners; empty if there are none."""
        return self.owners[0].claim.rule if self.owners else ""


@dataclass(slots=True)
class Plan:
    """The decisions about all planned groups."""

    decisions: list[Decision] = field(default_factory=list)

    @property
    def actions(self) -> list[control_api.Action]:
        """The actions for the gateway, in order."""
        return [action for decision in self.decisions for action in decision.actions]

    @property
    def lookups(self) -> set[resolution.Lookup]:
        """The lookups to send to the API server first."""
        return {lookup for decision in self.decisions for lookup in decision.ownership.lookups}


def plan(
    cache: cluster_cache.ClusterCache,
    *,
    rules: settings.RuleSettings,
    now: float,
    keys: Iterable[grouping.GroupingKey] | None = None,
) -> Plan:
    """Plan these groups, or all. Deleted groups are skipped. ``now`` is Unix seconds on the API server's clock."""
    result = Plan()
    for key in cache.group_keys() if keys is None else keys:
        record = cache.group(key)
        if record is not None:
            result.decisions.append(decide(cache, record, rules=rules, now=now))
    return result


def decide(
    cache: cluster_cache.ClusterCache, record: control_api.GroupRecord, *, rules: settings.RuleSettings, now: float
) -> Decision:
    """Decide about one group."""
    ownership = resolution.resolve(cache, record, rules=rules, now=now)
    if ownership.lookups:
        return Decision(record, Verdict.LOOKUP_PENDING, ownership)
    remaining = [
        group_owner for group_owner in ownership.group_owners if group_owner.owner.uid not in ownership.not_last_pushers
    ]
    deciding = resolution.deciding_owners(remaining, rules=rules)
    if any(group_owner.active for group_owner in deciding):
        verdict = Verdict.AMBIGUOUS if _is_ambiguous(deciding) else Verdict.ACTIVE
        actions = _keep(record, deciding, unknown=ownership.unknown)
    elif ownership.unknown:
        verdict, actions = Verdict.UNKNOWN, []
    else:
        actions = _start_draining(record, ownership, deciding)
        verdict = _verdict(ownership, deciding)
        if verdict is Verdict.OWNERS_FINISHED and ownership.unsettled:
            return Decision(record, Verdict.LOOKUP_PENDING, replace(ownership, lookups=ownership.unsettled))
    return Decision(record, verdict, ownership, tuple(deciding), tuple(actions))


def _is_ambiguous(deciding: list[resolution.GroupOwner]) -> bool:
    """Whether only some of these own the group. All objects whose pods have pushed it do, in any namespace."""
    is_fact = deciding[0].claim.rule == settings.ADDRESS
    return not is_fact and len({group_owner.owner.namespace for group_owner in deciding}) > 1


def _verdict(ownership: resolution.Ownership, deciding: list[resolution.GroupOwner]) -> Verdict:
    if deciding:
        return Verdict.OWNERS_FINISHED
    return Verdict.NOT_LAST_PUSHER if ownership.not_last_pushers else Verdict.UNOWNED


def _keep(
    record: control_api.GroupRecord, deciding: list[resolution.GroupOwner], *, unknown: frozenset[owners.Uid]
) -> list[control_api.Action]:
    """Claim the group for its active owners, and release all other claims.

    Finished owners keep their claims beside active ones: the last push may be theirs, and after the active owners are
    deleted the group would have no owner. Only an active object of the same kind, namespace and name replaces one.
    """
    active = [group_owner for group_owner in deciding if group_owner.active]
    replaced = {group_owner.owner[:3] for group_owner in active}
    finished = [
        group_owner for group_owner in deciding if not group_owner.active and group_owner.owner[:3] not in replaced
    ]
    wanted = [group_owner.claim for group_owner in [*active, *finished] if group_owner.is_claimable]
    actions: list[control_api.Action] = []
    if record.draining and wanted:
        # Only a new claim stops the draining of a group, and it then is the group's only claim.
        if wanted[0].owner.uid in record.claims:
            actions.append(control_api.ReleaseGroup(key=record.key, uid=wanted[0].owner.uid))
        return actions + [control_api.ClaimGroup(key=record.key, claim=claim) for claim in wanted]
    actions += [
        control_api.ClaimGroup(key=record.key, claim=claim)
        for claim in wanted
        if record.claims.get(claim.owner.uid) != claim
    ]
    kept = {claim.owner.uid for claim in wanted} | unknown
    return actions + _release(record, uids=[uid for uid in record.claims if uid not in kept])


def _start_draining(
    record: control_api.GroupRecord, ownership: resolution.Ownership, deciding: list[resolution.GroupOwner]
) -> list[control_api.Action]:
    """Start to drain a group whose owners have all finished, unless its last push came from another pusher.

    Claims of active objects are released: they matched a weaker ownership rule than the deciding owners.
    """
    claimed = [
        group_owner
        for group_owner in ownership.group_owners
        if group_owner.owner.uid in record.claims and not group_owner.active
    ]
    unclaimed: list[resolution.GroupOwner] = []
    if all(group_owner.owner.uid in ownership.not_last_pushers for group_owner in claimed):
        unclaimed = [group_owner for group_owner in deciding if group_owner.owner.uid not in record.claims]
        if not unclaimed:
            return _release(record, uids=list(record.claims))
    kept = {group_owner.owner.uid for group_owner in claimed}
    actions = _release(record, uids=[uid for uid in record.claims if uid not in kept])
    actions += [control_api.ClaimGroup(key=record.key, claim=group_owner.claim) for group_owner in unclaimed]
    if unclaimed or record.drain_pushed_revision != record.pushed_revision:
        finished = [*claimed, *unclaimed]
        actions.append(
            control_api.StartDrain(
                key=record.key,
                finished=tuple(sorted(group_owner.owner.uid for group_owner in finished)),
                pushed_revision=record.pushed_revision,
                drain_timeout=max(group_owner.claim.drain_timeout for group_owner in finished),
            )
        )
    return actions


def _release(record: control_api.GroupRecord, *, uids: list[owners.Uid]) -> list[control_api.Action]:
    return [control_api.ReleaseGroup(key=record.key, uid=uid) for uid in uids]
