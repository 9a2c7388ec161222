"""Whose a group is, as pure functions: the objects that hold it, by which rule, and which of them are over.

The first rule that has an answer decides (the rules are in :mod:`tidegate.operator.ownership.ownership_rules`), except
where an object of a later rule still runs. An object that names its groups, or for which a policy does, has no others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from tidegate import settings
from tidegate.model import control_api, owners, pushers
from tidegate.operator.cache import cluster_cache, object_cache, owner_views
from tidegate.operator.ownership import cleanup_due, ownership_rules
from tidegate.operator.policy import cleanup_rules


class Holder(NamedTuple):
    """An object that a group belongs to, or would belong to if no earlier rule had an answer.

    :param claim: what the gateway is to know of it.
    :param active: whether its groups are to stay, by its own rules.
    :param claims: whether it may be named to the gateway; one with the policy ``never`` holds a group without that.
    :param ends_at: Unix seconds at which its groups are over, where that is settled.
    :param pushes_until: Unix seconds after which a push is not its own; ``None`` while it runs.
    :param waits_until: Unix seconds until which it is active for this reason alone: it has ended, and a pod that runs
        pushes this group. The pod may be a proxy that has passed on the owner's pushes; a service would push again.
    """

    claim: owners.Claim
    active: bool
    claims: bool
    ends_at: float | None
    pushes_until: float | None
    waits_until: float | None = None

    @property
    def owner(self) -> owners.Owner:
        return self.claim.owner


Lookup: TypeAlias = cluster_cache.PodLookup | cluster_cache.AddressLookup


@dataclass(frozen=True, slots=True)
class Holding:
    """All that is known of a group's owners.

    :param holders: in no order.
    :param unknown: claims of which nobody can tell whether their owner is still there.
    :param outlived: claims whose owner had ended before the last push, so that somebody else made it.
    :param lookups: what must be asked about before anything can be said.
    :param unsettled: what must be asked about before the group may be retired: the API server may not know yet which
        pod has this address.
    """

    holders: tuple[Holder, ...] = ()
    unknown: frozenset[owners.Uid] = frozenset()
    outlived: frozenset[owners.Uid] = frozenset()
    lookups: tuple[Lookup, ...] = ()
    unsettled: tuple[Lookup, ...] = ()


class _Joined(NamedTuple):
    known: object_cache.CachedObject
    by: ownership_rules.Evidence


def holding(
    cache: cluster_cache.ClusterCache, record: control_api.GroupRecord, *, rules: settings.RuleSettings, now: float
) -> Holding:
    """Look at every object that this group may be about, and at every claim on it. ``now`` is Unix seconds."""
    return _Reader(cache, record, rules=rules, now=now).read()


def answer(holders: Iterable[Holder], *, rules: settings.RuleSettings) -> list[Holder]:
    """The holders by the first rule that has an answer.

    A rule whose holders are all over gives way to a later one with an active holder. The rule of pods does not: the
    group names its pod, so it is of that run and not of whatever else has the name of its ``job`` label.
    """
    by_rule: dict[str, list[Holder]] = {}
    for holder in holders:
        by_rule.setdefault(holder.claim.rule, []).append(holder)
    ordered = [held for rule in rules.ownership if (held := by_rule.get(rule))]
    for held in ordered:
        if held[0].claim.rule == settings.POD or any(holder.active for holder in held):
            return held
    return ordered[0] if ordered else []


class _Reader:
    """Reads all that the cache has about one group."""

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
        self._by = ownership_rules.pushers(cache, record, rules=rules)
        self._runs = {(claim.series, claim.owner) for claim in record.claims.values() if claim.series is not None}

    def read(self) -> Holding:
        lookups: set[Lookup] = set(self._addresses())
        joined: list[_Joined] = []
        for known in self._cache.candidates(self._record):
            if known.view.uid in self._record.claims and not _is_never(known.view):
                continue
            found = ownership_rules.find(known.view, self._record, by=self._by, cache=self._cache, rules=self._rules)
            if found is not ownership_rules.Evidence.POD:
                lookups |= self._pods(known)
            if found is not None:
                joined.append(_Joined(known, found))
        self._runs |= {
            (series, each.known.view.owner) for each in joined if (series := cleanup_due.series(each.known.view))
        }
        claimants, unknown = self._claimants()
        outlived = {uid for uid, holder in claimants.items() if self._is_outlived(holder)}
        heritage = {claim.owner[:3] for uid, claim in self._record.claims.items() if uid not in outlived}
        holders = claimants | self._newcomers(joined, heritage=heritage)
        return Holding(
            holders=tuple(holders.values()),
            unknown=frozenset(unknown),
            outlived=frozenset(outlived),
            lookups=tuple(sorted(lookups)),
            unsettled=self._unsettled(),
        )

    # Whom to ask about

    def _addresses(self) -> set[cluster_cache.AddressLookup]:
        """Addresses to ask about: never again where what is known will do for the last push from there."""
        if settings.ADDRESS not in self._rules.ownership or not self._record.push_time:
            return set()
        return {
            cluster_cache.AddressLookup(source.address) for source in self._record.sources if self._is_wanted(source)
        }

    def _is_wanted(self, source: pushers.Source) -> bool:
        told = self._cache.get_address(source.address)
        if told is None:
            return True
        if told.at >= source.at:
            return False
        # The address may be another pod's by then.
        pod = told.pusher(source.at, tolerance=self._rules.clock_skew)
        by = None if pod is None else self._cache.get_by_uid(pod.owner)
        if pod is not None and by is not None and self._cache.is_pod_watched(pod):
            # The watch would have told of the end of a pod whose owner has ended, unless it has missed it.
            return by.has_finished and pod.ended_at is None
        if by is None or _is_never(by.view) or by.view.rules.keys is not None:
            return self._now - told.at > _STRANGER_SECONDS
        # While its owner runs and holds the group nothing depends on it.
        owns = {by.view.uid, None if by.view.parent is None else by.view.parent.uid}
        return by.has_finished or owns.isdisjoint(self._record.claims)

    def _unsettled(self) -> tuple[Lookup, ...]:
        """The addresses that a pod may have of which the API server did not know yet when it was asked."""
        if settings.ADDRESS not in self._rules.ownership or not self._record.push_time:
            return ()
        found = {source.address for source in self._record.sources if not self._is_settled(source)}
        return tuple(cluster_cache.AddressLookup(address) for address in sorted(found - _OWN_ADDRESSES))

    def _is_settled(self, source: pushers.Source) -> bool:
        told = self._cache.get_address(source.address)
        return told is not None and told.is_final_for(source.at, tolerance=self._rules.clock_skew)

    def _pods(self, known: object_cache.CachedObject) -> set[Lookup]:
        """Pods to ask about: never one whose owner claims the group, nor one of an owner that came after the push."""
        view = known.view
        if settings.POD not in self._rules.ownership or view.rules.keys is not None:
            return set()
        if not ownership_rules.may_own(view.owner, self._record.key, by=self._by) or not self._pushed_by(known):
            return set()
        if any(claim.rule == settings.POD for uid, claim in self._record.claims.items() if uid != view.uid):
            return set()
        return {
            cluster_cache.PodLookup(view.owner.namespace, name)
            for name in ownership_rules.named_pods(view, self._record.key)
            if view.owner.namespace not in self._cache.pod_owners.get(name, {})
        }

    # Who holds the group

    def _claimants(self) -> tuple[dict[owners.Uid, Holder], set[owners.Uid]]:
        """The holders among those that claim this group, and those of which nobody can tell."""
        found: dict[owners.Uid, Holder] = {}
        unknown: set[owners.Uid] = set()
        for uid, claim in self._record.claims.items():
            known = self._cache.get_object(claim.owner)
            gone_at = self._cache.deleted_at(claim.owner)
            if known is not None:
                if self._still_holds(known.view, claim):
                    found[uid] = self._holder(known, rule=self._rule_of(known.view, claim))
            elif gone_at is None:
                unknown.add(uid)
            elif ownership_rules.may_keep(claim, self._record.key, by=self._by):
                found[uid] = self._gone_holder(claim, gone_at=gone_at)
        return found, unknown

    def _newcomers(self, joined: Iterable[_Joined], *, heritage: set[tuple[str, str, str]]) -> dict[owners.Uid, Holder]:
        """Those that do not claim this group and may: a name alone proves nothing about older pushes.

        Of an object that is active any push before the last may have been, so it holds the group whoever pushed last.
        One that is over holds only what nobody else pushed since. The next run of an owner takes its group over before
        it pushed anything itself. ``heritage``: kinds, namespaces and names of those whose group it is by now.
        """
        found: dict[owners.Uid, Holder] = {}
        heirs: list[Holder] = []
        for known, by in joined:
            holder = self._holder(known, rule=by.rule)
            if self._is_outlived(holder):
                continue
            since = by.is_proof or self._pushed_since(known)
            if holder.active and (since or not holder.claims):
                found[known.view.uid] = holder
            elif holder.active and by is not ownership_rules.Evidence.POD_NAME:
                heirs.append(holder)
            elif not holder.active and holder.claims and since and self._record.push_time:
                found[known.view.uid] = holder
        heritage = heritage | {holder.owner[:3] for holder in found.values()}
        return found | {holder.owner.uid: holder for holder in heirs if holder.owner[:3] in heritage}

    def _rule_of(self, view: owner_views.OwnerView, claim: owners.Claim) -> str:
        """The rule by which an owner has its group: the one of its claim, or a stronger one that holds meanwhile."""
        by = ownership_rules.find(view, self._record, by=self._by, cache=self._cache, rules=self._rules)
        order = self._rules.ownership
        if by is not None and claim.rule == settings.ADDRESS and self._by.service is not None:
            return by.rule
        if by is None or (claim.rule in order and order.index(claim.rule) <= order.index(by.rule)):
            return claim.rule
        return by.rule

    def _still_holds(self, view: owner_views.OwnerView, claim: owners.Claim) -> bool:
        """Whether an object that claims this group still may: its annotations may have changed since."""
        if _is_never(view) or not ownership_rules.may_keep(claim, self._record.key, by=self._by):
            return False
        return view.rules.keys is None or ownership_rules.names_group(view, self._record.key)

    def _is_outlived(self, holder: Holder) -> bool:
        """Whether somebody else must have made the last push: the owner had ended, or its address says so."""
        is_kept = holder.active and holder.waits_until is None
        if holder.pushes_until is None or (is_kept and not self._is_followed(holder)):
            return False
        if self._record.push_time > holder.pushes_until and not self._has_pushed_last(holder):
            return True
        if holder.claim.rule == settings.ADDRESS and (self._by.service is not None or self._only_pushed_before(holder)):
            return True
        return holder.claim.rule in (settings.ADDRESS, settings.NAME) and self._by.end_with_other(holder.owner)

    def _only_pushed_before(self, holder: Holder) -> bool:
        """Whether nothing but pushes before the last one joins this group to an owner that does not claim it."""
        return holder.owner.uid not in self._record.claims and not self._has_pushed_last(holder)

    def _has_pushed_last(self, holder: Holder) -> bool:
        """Whether it is known that a pod of this owner made the last push, however late."""
        return self._by.last is not None and self._by.last.is_of(holder.owner)

    def _is_followed(self, holder: Holder) -> bool:
        """Whether another run of its series has this group, too. What all runs push to is of the one that pushed last:
        it stays for the next one to end, and those before have no part in it any more."""
        return any(series == holder.claim.series and owner != holder.owner for series, owner in self._runs)

    def _pushed_by(self, known: object_cache.CachedObject) -> bool:
        """Whether the last push lies in this object's life; where none succeeded there is nobody's data to keep."""
        until = self._pushes_until(known)
        return self._pushed_since(known) and (until is None or self._record.push_time <= until)

    def _pushed_since(self, known: object_cache.CachedObject) -> bool:
        """Whether this object was there at the last push, or before it."""
        pushed = self._record.push_time
        return not pushed or pushed >= known.view.created - self._rules.clock_skew

    def _pushes_until(self, known: object_cache.CachedObject) -> float | None:
        ended = cleanup_due.ended_at(finish=known.view.finish, gone_at=known.deleted_at)
        return None if ended is None else ended + self._rules.late_push_grace

    def _holder(self, known: object_cache.CachedObject, *, rule: str) -> Holder:
        claim = cleanup_due.claim(
            known.view, rule=rule, gone_at=known.deleted_at, drain_timeout=self._rules.drain_timeout
        )
        ends_at = cleanup_due.ends_at(known.view.rules, finish=known.view.finish, gone_at=known.deleted_at)
        ended = cleanup_due.ended_at(finish=known.view.finish, gone_at=known.deleted_at)
        return self._held(claim, ends_at, claims=not _is_never(known.view), ended=ended)

    def _gone_holder(self, claim: owners.Claim, *, gone_at: float) -> Holder:
        return self._held(claim, cleanup_due.claim_ends_at(claim, gone_at=gone_at), claims=True, ended=gone_at)

    def _held(self, claim: owners.Claim, ends_at: float | None, *, claims: bool, ended: float | None) -> Holder:
        """:param ended: since when the owner runs no more; ``None`` while it does."""
        if claim.series is not None:
            ends_at = self._series_ends_at(claim.series, claim, own=ends_at)
        active = ends_at is None or self._now < ends_at
        if ended is None:
            return Holder(claim, active, claims, ends_at, pushes_until=None)
        is_doubtful = claim.rule in _SAYS_NOT_WHO_PUSHED
        # A pod that outlives its owner pushes from its own address, so no service's push is a late one.
        late = self._rules.clock_skew if is_doubtful and self._by.is_last_of_service else self._rules.late_push_grace
        waits_until = ended + self._rules.late_push_grace
        if active or not is_doubtful or self._by.service is None or self._now >= waits_until:
            return Holder(claim, active, claims, ends_at, pushes_until=ended + late)
        return Holder(
            claim, active=True, claims=claims, ends_at=ends_at, pushes_until=ended + late, waits_until=waits_until
        )

    def _series_ends_at(self, series: owners.Owner, claim: owners.Claim, *, own: float | None) -> float | None:
        """When the groups of a run end that its next run is to end; ``own``: when they would without that."""
        if self._cache.is_superseded(claim, series, self._record):
            return self._record.push_time
        parent = self._cache.get_object(series)
        return None if parent is not None and parent.deleted_at is None else own


_STRANGER_SECONDS = 30.0
"""How long an address that led to nothing is not asked about again: whoever pushes from outside pushes often."""


_OWN_ADDRESSES = frozenset({"127.0.0.1", "::1"})
"""From where the gateway's own machine or Pod pushes, or a port-forward to it: addresses that no pod has."""

_SAYS_NOT_WHO_PUSHED = frozenset({settings.ANNOTATION, settings.NAME})
"""Rules that join a group to an owner whoever pushed it."""


def _is_never(view: owner_views.OwnerView) -> bool:
    """Whether this object claims nothing. What it matches is kept, while it is there, without a claim."""
    return view.rules.cleanup is cleanup_rules.Cleanup.NEVER
