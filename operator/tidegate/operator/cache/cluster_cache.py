"""What the operator knows: the objects, the groups, the pods it asked about, and what has to do with what.

A picture only takes in and finds; it decides nothing. Every method that takes something in returns the keys of the
groups that it may change the answer for, so that only these are planned again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from tidegate.model import control_api, grouping, owners
from tidegate.operator.cache import group_index, multimaps, object_cache, owner_views, pod_cache
from tidegate.operator.objects import owner_kinds, pod_addresses, pod_names
from tidegate.operator.policy import key_patterns, policies, policy_index


class Pod(NamedTuple):
    """A pod that somebody must ask the API server about."""

    namespace: str
    name: str


class Address(NamedTuple):
    """An address whose pods somebody must ask the API server about."""

    text: str


class Picture:
    """Everything that :mod:`tidegate.operator.planning.planner` plans from.

    :param namespaces: those that are listed and watched; empty for all.
    """

    def __init__(self, *, namespaces: Collection[str] = ()) -> None:
        self._namespaces = frozenset(namespaces)
        self._rosters: dict[str, object_cache.Roster] = {}
        self._objects_by_word: multimaps.Multimap[str, owners.Owner] = multimaps.Multimap()
        self._others_by_name: multimaps.Multimap[str, owners.Owner] = multimaps.Multimap()
        self._objects_by_shape: multimaps.Multimap[key_patterns.Shape, owners.Owner] = multimaps.Multimap()
        self._groups = group_index.GroupIndex()
        self._pods: dict[str, dict[str, owners.Uid | None]] = {}
        self._addresses: dict[str, pod_addresses.Answer] = {}
        self._watched_pods = pod_cache.PodCache()
        self._book = policy_index.PolicyIndex()
        self._addresses_of: multimaps.Multimap[owners.Uid, str] = multimaps.Multimap()

    # Objects

    def saw(self, view: owner_views.OwnerView, *, steady: float) -> set[grouping.GroupingKey]:
        """An event told of an object as it is."""
        before = self._roster(view.kind).get(view.uid)
        if not self._roster(view.kind).saw(view, steady=steady):
            return set()
        touched = self._touched_by(view)
        if before is not None:
            touched |= self._touched_by(before.view)
            self._unindex(before.view)
        self._index(view)
        return touched

    def saw_deleted(self, view: owner_views.OwnerView, *, wall: float) -> set[grouping.GroupingKey]:
        """An event told that an object is gone. It stays in the picture for a while, for what it pushed last."""
        before = self._roster(view.kind).get(view.uid)
        if not self._roster(view.kind).saw_deleted(view, wall=wall):
            return set()
        if before is not None:
            self._unindex(before.view)
        self._index(view)
        return self._touched_by(view)

    def listed(
        self,
        kind: owner_kinds.Kind,
        found: Collection[owner_views.OwnerView],
        *,
        started: float,
        steady: float,
        wall: float,
    ) -> None:
        """Take over a complete list of all objects of a kind, begun at ``started`` on the steady clock.

        Only here is a claimed object that no event told of found to be gone: it is not in a list that began after its
        claim was first seen. Plan every group after this.
        """
        roster = self._roster(kind.name)
        before = {view.uid: known.view for view in found if (known := roster.get(view.uid)) is not None}
        there, news = roster.listed(found, started=started, steady=steady, wall=wall)
        for view in news:
            if view.uid in before:
                self._unindex(before[view.uid])
            self._index(view)
        claimants = self._groups.claimants()
        for owner, since in claimants.items():
            if owner.kind == kind.name and owner.uid not in there and since < started and self._looked_at(owner):
                roster.lacks(owner.uid, wall=wall)
        claimed = {owner.uid for owner in claimants}
        for forgotten in roster.forget(keep=claimed, wall=wall):
            self._unindex(forgotten.view)
        for uid, address in self._watched_pods.forget(now=wall, is_known=lambda uid: self.by_uid(uid) is not None):
            self._addresses_of.discard(uid, address)

    def ruled(self, view: owner_views.OwnerView) -> owner_views.OwnerView:
        """The object with the rules that hold for it by the present policies."""
        return dataclasses.replace(view, rules=self._book.rules(view.subject)) if self._book.policies else view

    @property
    def policies(self) -> tuple[policies.Policy, ...]:
        """All policies."""
        return self._book.policies

    def rule_by(self, book: policy_index.PolicyIndex) -> None:
        """These policies hold from now on, for what is known, too. Plan every group after this."""
        is_same = book == self._book
        self._book = book
        if is_same:
            return
        for roster in self._rosters.values():
            for known in roster:
                self._unindex(known.view)
            roster.revise(lambda view: dataclasses.replace(view, rules=book.rules(view.subject)))
            for known in roster:
                self._index(known.view)

    def objects(self) -> Iterator[owner_views.OwnerView]:
        """All objects that are there."""
        return (known.view for roster in self._rosters.values() for known in roster if known.gone_at is None)

    def known(self, owner: owners.Owner) -> object_cache.Known | None:
        """The object behind a claim, as far as anybody saw it."""
        roster = self._rosters.get(owner.kind)
        return roster.get(owner.uid) if roster is not None else None

    def by_uid(self, uid: owners.Uid) -> object_cache.Known | None:
        """The object with this uid, whatever its kind."""
        return next((known for roster in self._rosters.values() if (known := roster.get(uid)) is not None), None)

    def gone_at(self, owner: owners.Owner) -> float | None:
        """When this object was seen to be gone (Unix seconds); ``None`` while it is there or nobody can tell."""
        roster = self._rosters.get(owner.kind)
        return roster.gone_at(owner.uid) if roster is not None else None

    def candidates(self, record: control_api.GroupRecord) -> Iterator[object_cache.Known]:
        """All objects, there or remembered, that this group may be about; some of them are not."""
        found = set(self._objects_by_shape[key_patterns.shape(record.key)])
        for word in group_index.words(record.key):
            found |= self._objects_by_word[word]
        for value in group_index.pod_values(record.key):
            for name in pod_names.beginnings(value):
                found |= self._others_by_name[name]
        for address in record.pushers:
            for pod in self._pods_at(address):
                if (known := self.by_uid(pod.owner)) is not None:
                    found.add(known.view.owner)
        for owner in found:
            known = self.known(owner)
            if known is not None:
                yield known

    def is_superseded(self, claim: owners.Claim, series: owners.Owner, record: control_api.GroupRecord) -> bool:
        """Whether a later run of the series than this claim's has pushed since this group was last pushed."""
        for other, theirs in self._groups.of_other_runs(series, claim.owner):
            is_later = theirs.push_time and theirs.pushed_revision > record.pushed_revision
            if is_later and not self._is_older(other, claim.owner):
                return True
        return False

    def count(self, kind: owner_kinds.Kind) -> int:
        """How many objects of a kind there are."""
        return len(self._roster(kind.name))

    # Groups

    def changed(self, record: control_api.GroupRecord, *, steady: float) -> set[grouping.GroupingKey]:
        """The gateway told of a group as it is."""
        before = self._groups.put(record, steady=steady)
        if before is not None and before.pushed_revision != record.pushed_revision:
            self._ask_again(record.key)
            self._forget_addresses(set(before.pushers) - set(record.pushers))
        touched = {record.key}
        for claim in record.claims.values():
            if claim.series is not None:
                touched |= {theirs.key for _, theirs in self._groups.of_other_runs(claim.series, claim.owner)}
        return touched

    def deleted(self, key: grouping.GroupingKey) -> None:
        """The gateway told that a group is gone."""
        record = self._groups.pop(key)
        if record is None:
            return
        for name in group_index.pod_values(key):
            if not self._groups.of_pod(name):
                self._pods.pop(name, None)
        self._forget_addresses(record.pushers)

    def forget_groups(self) -> None:
        """The gateway began a new history: what was known of its groups means nothing now."""
        for key in list(self._groups):
            self.deleted(key)

    def group(self, key: grouping.GroupingKey) -> control_api.GroupRecord | None:
        """A group as it was last told of."""
        return self._groups.get(key)

    def group_keys(self) -> list[grouping.GroupingKey]:
        """The keys of all groups."""
        return list(self._groups)

    def group_count(self) -> int:
        """How many groups there are."""
        return len(self._groups)

    # Pods

    @property
    def pods(self) -> Mapping[str, Mapping[str, owners.Uid | None]]:
        """By name and namespace, what made each pod that was asked about; ``None`` where nothing did, or it is gone."""
        return self._pods

    def resolved(self, pod: Pod, uid: owners.Uid | None) -> set[grouping.GroupingKey]:
        """The API server answered whose pod it is."""
        touched = self._groups.of_pod(pod.name)
        if touched:
            self._pods.setdefault(pod.name, {})[pod.namespace] = uid
        return touched

    def address(self, text: str) -> pod_addresses.Answer | None:
        """What is known of an address, ``None`` where nothing is."""
        return self._watched_pods.answer(text, self._addresses.get(text))

    def saw_pod(self, sighting: pod_addresses.Sighting, *, now: float) -> set[grouping.GroupingKey]:
        """The watch on the pods of Jobs told of one. ``now`` is Unix seconds on the API server's clock."""
        touched: set[grouping.GroupingKey] = set()
        for address in self._watched_pods.saw(sighting, now=now):
            touched |= self._groups.by_pusher[address]
            self._addresses_of.add(sighting.pod.owner, address)
        return touched

    def listed_pods(
        self, found: Collection[owners.Uid], *, namespace: str, started: float, now: float
    ) -> set[grouping.GroupingKey]:
        """A complete list of the pods of Jobs, begun at ``started``, has these; ``namespace`` is empty for all."""
        touched: set[grouping.GroupingKey] = set()
        for sighting in self._watched_pods.listed(found, namespace=namespace, started=started):
            touched |= self.saw_pod(sighting, now=now)
        return touched

    def is_watched(self, pod: pod_addresses.AddressPod) -> bool:
        """Whether the watch told of this pod, so that it tells of its end, too."""
        return self._watched_pods.has(pod)

    @property
    def watched_pods(self) -> int:
        """How many pods are known by the watch."""
        return len(self._watched_pods)

    def address_resolved(self, address: Address, answer: pod_addresses.Answer) -> set[grouping.GroupingKey]:
        """The API server answered which pods have, or had, this address.

        Where it says what it said before, that is news of later pushes alone: a proxy may have pushed thousands of
        groups.
        """
        pushed = self._groups.by_pusher[address.text]
        before = self._addresses.get(address.text)
        if pushed:
            self._forget_address(address.text)
            self._addresses[address.text] = answer.after(before)
            for pod in answer.pods:
                self._addresses_of.add(pod.owner, address.text)
        if before is None or before.pods != answer.pods:
            return set(pushed)
        settled = before.at - pod_addresses.REPORT_SECONDS
        return {key for key in pushed if self._pushed_from(address.text, key) > settled}

    def last_push_from(self, address: str) -> float:
        """When a group was last pushed from this address; 0.0 for never."""
        return max((self._pushed_from(address, key) for key in self._groups.by_pusher[address]), default=0.0)

    # Inside

    def _roster(self, kind: str) -> object_cache.Roster:
        """Of a kind that nobody has told of, nothing is known: an owner that claims a group may be there."""
        return self._rosters.setdefault(kind, object_cache.Roster())

    def _index(self, view: owner_views.OwnerView) -> None:
        for word in _owner_words(view):
            self._objects_by_word.add(word, view.owner)
        if view.kind not in _FOUND_BY_WORD:
            self._others_by_name.add(view.owner.name, view.owner)
        for shape in _shapes(view):
            self._objects_by_shape.add(shape, view.owner)

    def _unindex(self, view: owner_views.OwnerView) -> None:
        for word in _owner_words(view):
            self._objects_by_word.discard(word, view.owner)
        self._others_by_name.discard(view.owner.name, view.owner)
        for shape in _shapes(view):
            self._objects_by_shape.discard(shape, view.owner)

    def _touched_by(self, view: owner_views.OwnerView) -> set[grouping.GroupingKey]:
        touched = set(self._groups.by_claim[view.owner])
        for word in _owner_words(view) | {pod_names.word(job) for job, _ in _shapes(view)}:
            touched |= self._groups.by_word[word]
        for address in self._addresses_of[view.uid]:
            touched |= self._groups.by_pusher[address]
        return touched

    def _looked_at(self, owner: owners.Owner) -> bool:
        """Whether a complete list would have this object if it were there."""
        return not self._namespaces or owner.namespace in self._namespaces

    def _is_older(self, run: owners.Owner, other: owners.Owner) -> bool:
        mine, theirs = self.known(run), self.known(other)
        return mine is not None and theirs is not None and mine.view.created < theirs.view.created

    def _ask_again(self, key: grouping.GroupingKey) -> None:
        """A group was pushed: a pod that was not there before may be there now."""
        for name in group_index.pod_values(key):
            if answers := self._pods.pop(name, None):
                self._pods[name] = {namespace: uid for namespace, uid in answers.items() if uid is not None}

    def _pushed_from(self, address: str, key: grouping.GroupingKey) -> float:
        """When this group was last pushed from this address; 0.0 for never."""
        record = self._groups.get(key)
        sources = () if record is None else record.sources
        return max((source.at for source in sources if source.address == address), default=0.0)

    def _pods_at(self, address: str) -> Collection[pod_addresses.AddressPod]:
        answer = self.address(address)
        return () if answer is None else answer.pods

    def _forget_addresses(self, left: Iterable[str]) -> None:
        for address in left:
            if address not in self._groups.by_pusher:
                self._forget_address(address)

    def _forget_address(self, address: str) -> None:
        answer = self._addresses.pop(address, None)
        for pod in () if answer is None else answer.pods:
            if not self._watched_pods.has(pod):
                self._addresses_of.discard(pod.owner, address)


_FOUND_BY_WORD = frozenset({owner_kinds.JOB.name, owner_kinds.CRONJOB.name, owner_kinds.POD.name})
"""Kinds whose pods' names lead to them by words, or that have none."""


def _owner_words(view: owner_views.OwnerView) -> set[str]:
    names = {view.owner.name} if view.hostname is None else {view.owner.name, view.hostname}
    return {pod_names.word(name) for name in names}


def _shapes(view: owner_views.OwnerView) -> set[key_patterns.Shape]:
    """The shapes of the groups that it names."""
    return {key_patterns.shape(pattern) for pattern in view.rules.keys or ()}
