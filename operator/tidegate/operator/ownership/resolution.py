"""Resolution of ownership: the owners of a group, by which ownership rule, and which of them have finished. Pure.

The first rule (see :mod:`tidegate.operator.ownership.ownership_rules`) with an owner decides, unless only a later rule
has an active owner. An object whose annotation or policy names its groups owns no others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from tidegate import settings
from tidegate.model import control_api, owners, pushers
from tidegate.operator.cache import cluster_cache, object_cache, owner_views
from tidegate.operator.ownership import cleanup_time, ownership_rules
from tidegate.operator.policy import cleanup_rules


class GroupOwner(NamedTuple):
    """An object that owns a group, or would own it if no earlier rule had an owner.

    :param claim: its claim, as the gateway needs it.
    :param active: whether it keeps its groups, by its own cleanup rules.
    :param is_claimable: whether the operator claims the group for it; an object with the cleanup ``never`` keeps its
        groups without a claim.
    :param due_at: Unix seconds at which its groups are due for cleanup; ``None`` while that is not known.
    :param pushes_until: Unix seconds after which a push is not its own; ``None`` while it runs.
    :param waits_until: Unix seconds until which it is active for this reason alone: it has finished, and a running pod
        of another object pushes this group. That pod may be a proxy that passed on the owner's pushes; a service would
        push again.
    """

    claim: owners.Claim
    active: bool
    is_claimable: bool
    due_at: float | None
    pushes_until: float | None
    waits_until: float | None = None

    @property
    def owner(self) -> owners.Owner:
        return self.claim.owner


Lookup: TypeAlias = cluster_cache.PodLookup | cluster_cache.AddressLookup


@dataclass(frozen=True, slots=True)
class Ownership:
    """All that is known about the owners of a group.

    :param group_owners: in no order.
    :param unknown: claims whose owner may or may not exist.
    :param not_last_pushers: claims whose owner had ended before the last push, which another client made.
    :param lookups: lookups that are needed before any decision.
    :param unsettled: lookups that are needed before the group may start draining: the API server may not know yet which
        pod has this address.
    """

    group_owners: tuple[GroupOwner, ...] = ()
    unknown: frozenset[owners.Uid] = frozenset()
    not_last_pushers: frozenset[owners.Uid] = frozenset()
    lookups: tuple[Lookup, ...] = ()
    unsettled: tuple[Lookup, ...] = ()


class _Candidate(NamedTuple):
    """An object that an ownership rule leads to."""

    known: object_cache.CachedObject
    match: ownership_rules.RuleMatch


def resolve(
    cache: cluster_cache.ClusterCache, record: control_api.GroupRecord, *, rules: settings.RuleSettings, now: float
) -> Ownership:
    """Resolve the owners of a group from all claims and all objects that may own it. ``now`` is Unix seconds."""
    return _Resolver(cache, record, rules=rules, now=now).resolve()


def deciding_owners(group_owners: Iterable[GroupOwner], *, rules: settings.RuleSettings) -> list[GroupOwner]:
    """The owners by the first rule that has any.

    If they have all finished, a later rule with an active owner decides; not so after the rule ``pod``: such a group
    names its pod, so it belongs to that run and not to any object with the name in its ``job`` label.
    """
    by_rule: dict[str, list[GroupOwner]] = {}
    for group_owner in group_owners:
        by_rule.setdefault(group_owner.claim.rule, []).append(group_owner)
    ordered = [same_rule for rule in rules.ownership if (same_rule := by_rule.get(rule))]
    for same_rule in ordered:
        if same_rule[0].claim.rule == settings.POD or any(each.active for each in same_rule):
            return same_rule
    return ordered[0] if ordered else []


class _Resolver:
    """Resolves the owners of one group."""

    def __init__(
        self,
        cache: cluster_cache.ClusterCache,
        record: control_api.GroupRecord,
        *,
        rules: settings.RuleSettings,
        now: float,
    ) -> None:
        self._cache = cache
        self._record = record
        self._rules = rules
        self._now = now
        self._pushers = ownership_rules.find_pushers(cache, record, rules=rules)
        self._runs = {(claim.series, claim.owner) for claim in record.claims.values() if claim.series is not None}

    def resolve(self) -> Ownership:
        lookups: set[Lookup] = set(self._address_lookups())
        candidates: list[_Candidate] = []
        for known in self._cache.candidates(self._record):
            if known.view.uid in self._record.claims and not _is_never(known.view):
                continue
            match = self._match(known.view)
            if match is not ownership_rules.RuleMatch.POD:
                lookups |= self._pod_lookups(known)
            if match is not None:
                candidates.append(_Candidate(known, match))
        self._runs |= {
            (series, each.known.view.owner) for each in candidates if (series := cleanup_time.series(each.known.view))
        }
        claimed, unknown = self._claimed_owners()
        not_last_pushers = {uid for uid, group_owner in claimed.items() if self._is_not_last_pusher(group_owner)}
        names = {claim.owner[:3] for uid, claim in self._record.claims.items() if uid not in not_last_pushers}
        group_owners = claimed | self._new_owners(candidates, owner_names=names)
        return Ownership(
            group_owners=tuple(group_owners.values()),
            unknown=frozenset(unknown),
            not_last_pushers=frozenset(not_last_pushers),
            lookups=tuple(sorted(lookups)),
            unsettled=self._unsettled_lookups(),
        )

    def _match(self, view: owner_views.OwnerView) -> ownership_rules.RuleMatch | None:
        return ownership_rules.match_object(
            view, self._record, pushers=self._pushers, cache=self._cache, rules=self._rules
        )

    # Lookups

    def _address_lookups(self) -> set[cluster_cache.AddressLookup]:
        """The addresses to look up; none whose known pods settle the last push from it."""
        if settings.ADDRESS not in self._rules.ownership or not self._record.push_time:
            return set()
        return {
            cluster_cache.AddressLookup(source.address) for source in self._record.sources if self._needs_lookup(source)
        }

    def _needs_lookup(self, source: pushers.Source) -> bool:
        result = self._cache.get_address(source.address)
        if result is None:
            return True
        if result.at >= source.at:
            return False
        # Another pod may have had the address at the time of the push.
        pod = result.pusher(source.at, tolerance=self._rules.clock_skew)
        known = None if pod is None else self._cache.get_by_uid(pod.owner)
        if pod is not None and known is not None and self._cache.is_pod_watched(pod):
            # Unless the watch missed an event, the pod of a finished owner has ended, too.
            return known.has_finished and pod.ended_at is None
        if known is None or _is_never(known.view) or known.view.rules.keys is not None:
            return self._now - result.at > _UNOWNED_ADDRESS_SECONDS
        # While the owner runs and claims the group, nothing depends on the address.
        uids = {known.view.uid, None if known.view.parent is None else known.view.parent.uid}
        return known.has_finished or uids.isdisjoint(self._record.claims)

    def _unsettled_lookups(self) -> tuple[Lookup, ...]:
        """The addresses for which a later response of the API server may have another pod."""
        if settings.ADDRESS not in self._rules.ownership or not self._record.push_time:
            return ()
        unsettled = {source.address for source in self._record.sources if not self._is_settled(source)}
        return tuple(cluster_cache.AddressLookup(address) for address in sorted(unsettled - _LOOPBACK_ADDRESSES))

    def _is_settled(self, source: pushers.Source) -> bool:
        result = self._cache.get_address(source.address)
        return result is not None and result.is_final_for(source.at, tolerance=self._rules.clock_skew)

    def _pod_lookups(self, known: object_cache.CachedObject) -> set[Lookup]:
        """The pods to look up: of no object that claims the group, and of none that was created after the last push."""
        view = known.view
        if settings.POD not in self._rules.ownership or view.rules.keys is not None:
            return set()
        if not ownership_rules.may_own(view.owner, self._record.key, pushers=self._pushers):
            return set()
        if not self._existed_at_last_push(known):
            return set()
        if any(claim.rule == settings.POD for uid, claim in self._record.claims.items() if uid != view.uid):
            return set()
        return {
            cluster_cache.PodLookup(view.owner.namespace, name)
            for name in ownership_rules.possible_pod_names(view, self._record.key)
            if view.owner.namespace not in self._cache.pod_owners.get(name, {})
        }

    # Owners

    def _claimed_owners(self) -> tuple[dict[owners.Uid, GroupOwner], set[owners.Uid]]:
        """The owners that claim this group, and the claims whose owner may or may not exist."""
        claimed: dict[owners.Uid, GroupOwner] = {}
        unknown: set[owners.Uid] = set()
        for uid, claim in self._record.claims.items():
            known = self._cache.get_object(claim.owner)
            deleted_at = self._cache.deleted_at(claim.owner)
            if known is not None:
                if self._may_keep_claim(known.view, claim):
                    claimed[uid] = self._cached_owner(known, rule=self._strongest_rule(known.view, claim))
            elif deleted_at is None:
                unknown.add(uid)
            elif ownership_rules.may_still_own(claim, self._record.key, pushers=self._pushers):
                claimed[uid] = self._deleted_owner(claim, deleted_at=deleted_at)
        return claimed, unknown

    def _new_owners(
        self, candidates: Iterable[_Candidate], *, owner_names: set[tuple[str, str, str]]
    ) -> dict[owners.Uid, GroupOwner]:
        """The objects that do not claim this group yet and may. A name alone says nothing about earlier pushes.

        An active object may have made any earlier push, so it owns the group even if another client pushed last. A
        finished object owns a group only if no other client has pushed it since. The next run of an owner takes over
        its group before it pushes.

        :param owner_names: the kinds, namespaces and names of the present owners.
        """
        new: dict[owners.Uid, GroupOwner] = {}
        successors: list[GroupOwner] = []
        for known, match in candidates:
            group_owner = self._cached_owner(known, rule=match.rule)
            if self._is_not_last_pusher(group_owner):
                continue
            may_have_pushed = match.holds_for_earlier_pushes or self._was_created_before_last_push(known)
            if group_owner.active and (may_have_pushed or not group_owner.is_claimable):
                new[known.view.uid] = group_owner
            elif group_owner.active and match is not ownership_rules.RuleMatch.POD_NAME:
                successors.append(group_owner)
            elif not group_owner.active and group_owner.is_claimable and may_have_pushed and self._record.push_time:
                new[known.view.uid] = group_owner
        owner_names = owner_names | {group_owner.owner[:3] for group_owner in new.values()}
        return new | {each.owner.uid: each for each in successors if each.owner[:3] in owner_names}

    def _strongest_rule(self, view: owner_views.OwnerView, claim: owners.Claim) -> str:
        """The rule of an owner's claim, or an earlier rule that leads to it now."""
        match = self._match(view)
        order = self._rules.ownership
        if match is not None and claim.rule == settings.ADDRESS and self._pushers.service_pod is not None:
            return match.rule
        if match is None or (claim.rule in order and order.index(claim.rule) <= order.index(match.rule)):
            return claim.rule
        return match.rule

    def _may_keep_claim(self, view: owner_views.OwnerView, claim: owners.Claim) -> bool:
        """Whether an object may keep its claim: its annotations may have changed since."""
        if _is_never(view) or not ownership_rules.may_still_own(claim, self._record.key, pushers=self._pushers):
            return False
        return view.rules.keys is None or ownership_rules.names_group(view, self._record.key)

    def _is_not_last_pusher(self, group_owner: GroupOwner) -> bool:
        """Whether another client made the last push: the owner had ended by then, or the address is of another pod."""
        is_kept = group_owner.active and group_owner.waits_until is None
        if group_owner.pushes_until is None or (is_kept and not self._has_other_run(group_owner)):
            return False
        if self._record.push_time > group_owner.pushes_until and not self._pushed_last(group_owner):
            return True
        is_by_address = group_owner.claim.rule == settings.ADDRESS
        if is_by_address and (self._pushers.service_pod is not None or self._only_pushed_before(group_owner)):
            return True
        is_by_name = group_owner.claim.rule == settings.NAME
        return (is_by_address or is_by_name) and self._pushers.last_is_from_other(group_owner.owner)

    def _only_pushed_before(self, group_owner: GroupOwner) -> bool:
        """Whether the owner has no claim, and made none but earlier pushes."""
        return group_owner.owner.uid not in self._record.claims and not self._pushed_last(group_owner)

    def _pushed_last(self, group_owner: GroupOwner) -> bool:
        """Whether a pod of this owner is known to have made the last push, however late."""
        return self._pushers.last is not None and self._pushers.last.is_from(group_owner.owner)

    def _has_other_run(self, group_owner: GroupOwner) -> bool:
        """Whether another run of its series owns this group, too.

        A group that all runs push belongs to the run that pushed last: it is kept until the next run has finished, and
        earlier runs do not own it any more.
        """
        return any(series == group_owner.claim.series and owner != group_owner.owner for series, owner in self._runs)

    def _existed_at_last_push(self, known: object_cache.CachedObject) -> bool:
        """Whether the last push is within this object's life; true if no push has succeeded."""
        ended = cleanup_time.ended_at(finish=known.view.finish, deleted_at=known.deleted_at)
        until = None if ended is None else ended + self._rules.late_push_grace
        return self._was_created_before_last_push(known) and (until is None or self._record.push_time <= until)

    def _was_created_before_last_push(self, known: object_cache.CachedObject) -> bool:
        """Whether this object existed at the last push or earlier; true if no push has succeeded."""
        push_time = self._record.push_time
        return not push_time or push_time >= known.view.created - self._rules.clock_skew

    def _cached_owner(self, known: object_cache.CachedObject, *, rule: str) -> GroupOwner:
        view, deleted_at = known.view, known.deleted_at
        claim = cleanup_time.build_claim(
            view, rule=rule, deleted_at=deleted_at, drain_timeout=self._rules.drain_timeout
        )
        due_at = cleanup_time.due_at(view.rules, finish=view.finish, deleted_at=deleted_at)
        ended = cleanup_time.ended_at(finish=view.finish, deleted_at=deleted_at)
        return self._group_owner(claim, due_at, is_claimable=not _is_never(view), ended_at=ended)

    def _deleted_owner(self, claim: owners.Claim, *, deleted_at: float) -> GroupOwner:
        due_at = cleanup_time.claim_due_at(claim, deleted_at=deleted_at)
        return self._group_owner(claim, due_at, is_claimable=True, ended_at=deleted_at)

    def _group_owner(
        self, claim: owners.Claim, due_at: float | None, *, is_claimable: bool, ended_at: float | None
    ) -> GroupOwner:
        """:param ended_at: when the owner finished or was deleted; ``None`` while it runs."""
        if claim.series is not None:
            due_at = self._series_due_at(claim.series, claim, default=due_at)
        active = due_at is None or self._now < due_at
        if ended_at is None:
            return GroupOwner(claim, active, is_claimable, due_at, pushes_until=None)
        any_pod_may_push = claim.rule in _RULES_FOR_ANY_POD
        # A pod that runs on after its owner pushes from its own address, so the push of a service is not a late one.
        is_from_service = any_pod_may_push and self._pushers.last_is_from_service
        late = self._rules.clock_skew if is_from_service else self._rules.late_push_grace
        waits_until = ended_at + self._rules.late_push_grace
        is_waiting = any_pod_may_push and self._pushers.service_pod is not None and self._now < waits_until
        if active or not is_waiting:
            return GroupOwner(claim, active, is_claimable, due_at, pushes_until=ended_at + late)
        return GroupOwner(
            claim, is_waiting, is_claimable, due_at, pushes_until=ended_at + late, waits_until=waits_until
        )

    def _series_due_at(self, series: owners.Owner, claim: owners.Claim, *, default: float | None) -> float | None:
        """When the groups of a run are due that the next run of its series supersedes.

        :param default: when they are due once the series no longer exists.
        """
        if self._cache.is_superseded(claim, series, self._record):
            return self._record.push_time
        parent = self._cache.get_object(series)
        return None if parent is not None and parent.deleted_at is None else default


_UNOWNED_ADDRESS_SECONDS = 30.0
"""Seconds before an address that led to no owner is looked up again: clients outside the cluster push often."""

_LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "::1"})
"""The addresses of pushes from the gateway's own machine or Pod, or through a port-forward; no pod has them."""

_RULES_FOR_ANY_POD = frozenset({settings.ANNOTATION, settings.NAME})
"""The rules that lead to an owner whichever pod pushed."""


def _is_never(view: owner_views.OwnerView) -> bool:
    """Whether this object keeps its groups for as long as it exists, without a claim."""
    return view.rules.cleanup is cleanup_rules.Cleanup.NEVER
