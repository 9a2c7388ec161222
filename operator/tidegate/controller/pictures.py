"""What the operator knows: the objects, the groups, the pods it asked about, and what has to do with what.

A picture only takes in and finds; it decides nothing. Every method that takes something in returns the keys of the
groups that it may change the answer for, so that only these are planned again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from tidegate.controller import multimaps, podnames, rosters, views
from tidegate.model import groups, owners, records

POD_LABELS = ("instance", "pod")
"""Grouping labels whose value may name the pod that pushed."""


class Pod(NamedTuple):
    """A pod that somebody must ask the API server about."""

    namespace: str
    name: str


class Picture:
    """Everything that :mod:`tidegate.controller.plans` plans from.

    :param namespaces: those that are listed and watched; empty for all.
    """

    def __init__(self, *, namespaces: Collection[str] = ()) -> None:
        self._namespaces = frozenset(namespaces)
        self._rosters = {kind.value: rosters.Roster() for kind in views.Kind}
        self._objects_by_word: multimaps.Multimap[str, owners.Owner] = multimaps.Multimap()
        self._objects_by_key: multimaps.Multimap[groups.GroupingKey, owners.Owner] = multimaps.Multimap()
        self._groups: dict[groups.GroupingKey, records.GroupRecord] = {}
        self._groups_by_word: multimaps.Multimap[str, groups.GroupingKey] = multimaps.Multimap()
        self._groups_by_claim: multimaps.Multimap[owners.Owner, groups.GroupingKey] = multimaps.Multimap()
        self._claimed_since: dict[owners.Owner, float] = {}
        self._pods: dict[str, dict[str, owners.Uid | None]] = {}

    # Objects

    def saw(self, view: views.OwnerView, *, steady: float) -> set[groups.GroupingKey]:
        """An event told of an object as it is."""
        before = self._rosters[view.kind].get(view.uid)
        if not self._rosters[view.kind].saw(view, steady=steady):
            return set()
        touched = self._touched_by(view)
        if before is not None:
            touched |= self._touched_by(before.view)
            self._unindex(before.view)
        self._index(view)
        return touched

    def saw_deleted(self, view: views.OwnerView, *, wall: float) -> set[groups.GroupingKey]:
        """An event told that an object is gone. It stays in the picture for a while, for what it pushed last."""
        before = self._rosters[view.kind].get(view.uid)
        if not self._rosters[view.kind].saw_deleted(view, wall=wall):
            return set()
        if before is not None:
            self._unindex(before.view)
        self._index(view)
        return self._touched_by(view)

    def listed(
        self, kind: views.Kind, found: Collection[views.OwnerView], *, started: float, steady: float, wall: float
    ) -> None:
        """Take over a complete list of all objects of a kind, begun at ``started`` on the steady clock.

        Only here is a claimed object that no event told of found to be gone: it is not in a list that began after its
        claim was first seen. Plan every group after this.
        """
        roster = self._rosters[kind.value]
        before = {view.uid: known.view for view in found if (known := roster.get(view.uid)) is not None}
        there, news = roster.listed(found, started=started, steady=steady, wall=wall)
        for view in news:
            if view.uid in before:
                self._unindex(before[view.uid])
            self._index(view)
        for owner, since in self._claimed_since.items():
            if owner.kind == kind.value and owner.uid not in there and since < started and self._looked_at(owner):
                roster.lacks(owner.uid, wall=wall)
        claimed = {owner.uid for owner in self._claimed_since}
        for forgotten in roster.forget(keep=claimed, wall=wall):
            self._unindex(forgotten.view)

    def known(self, owner: owners.Owner) -> rosters.Known | None:
        """The object behind a claim, as far as anybody saw it."""
        roster = self._rosters.get(owner.kind)
        return roster.get(owner.uid) if roster is not None else None

    def gone_at(self, owner: owners.Owner) -> float | None:
        """When this object was seen to be gone (Unix seconds); ``None`` while it is there or nobody can tell."""
        roster = self._rosters.get(owner.kind)
        return roster.gone_at(owner.uid) if roster is not None else None

    def candidates(self, key: groups.GroupingKey) -> Iterator[rosters.Known]:
        """All objects, there or remembered, that this group may be about; some of them are not."""
        found = set(self._objects_by_key[key])
        for word in _group_words(key):
            found |= self._objects_by_word[word]
        for owner in found:
            known = self.known(owner)
            if known is not None:
                yield known

    def count(self, kind: views.Kind) -> int:
        """How many objects of a kind there are."""
        return len(self._rosters[kind.value])

    # Groups

    def changed(self, record: records.GroupRecord, *, steady: float) -> set[groups.GroupingKey]:
        """The gateway told of a group as it is."""
        before = self._groups.get(record.key)
        if before is None:
            for word in _group_words(record.key):
                self._groups_by_word.add(word, record.key)
        else:
            self._forget_claims(before, keep=record.claims)
            if before.pushed_revision != record.pushed_revision:
                self._ask_again(record.key)
        self._groups[record.key] = record
        for claim in record.claims.values():
            self._groups_by_claim.add(claim.owner, record.key)
            self._claimed_since.setdefault(claim.owner, steady)
        return {record.key}

    def deleted(self, key: groups.GroupingKey) -> None:
        """The gateway told that a group is gone."""
        record = self._groups.pop(key, None)
        if record is None:
            return
        self._forget_claims(record, keep=())
        for word in _group_words(key):
            self._groups_by_word.discard(word, key)
        for name in pod_values(key):
            if not self._groups_about(name):
                self._pods.pop(name, None)

    def forget_groups(self) -> None:
        """The gateway began a new history: what was known of its groups means nothing now."""
        for key in list(self._groups):
            self.deleted(key)

    def group(self, key: groups.GroupingKey) -> records.GroupRecord | None:
        """A group as it was last told of."""
        return self._groups.get(key)

    def group_keys(self) -> list[groups.GroupingKey]:
        """The keys of all groups."""
        return list(self._groups)

    def group_count(self) -> int:
        """How many groups there are."""
        return len(self._groups)

    # Pods

    @property
    def pods(self) -> Mapping[str, Mapping[str, owners.Uid | None]]:
        """By name and namespace, the Job behind each pod that was asked about; ``None`` where there is none."""
        return self._pods

    def resolved(self, pod: Pod, uid: owners.Uid | None) -> set[groups.GroupingKey]:
        """The API server answered whose pod it is."""
        touched = self._groups_about(pod.name)
        if touched:
            self._pods.setdefault(pod.name, {})[pod.namespace] = uid
        return touched

    # Inside

    def _index(self, view: views.OwnerView) -> None:
        for word in _owner_words(view):
            self._objects_by_word.add(word, view.owner)
        for key in view.rules.exact_keys:
            self._objects_by_key.add(key, view.owner)

    def _unindex(self, view: views.OwnerView) -> None:
        for word in _owner_words(view):
            self._objects_by_word.discard(word, view.owner)
        for key in view.rules.exact_keys:
            self._objects_by_key.discard(key, view.owner)

    def _touched_by(self, view: views.OwnerView) -> set[groups.GroupingKey]:
        touched = {key for key in view.rules.exact_keys if key in self._groups}
        touched |= self._groups_by_claim[view.owner]
        for word in _owner_words(view):
            touched |= self._groups_by_word[word]
        return touched

    def _looked_at(self, owner: owners.Owner) -> bool:
        """Whether a complete list would have this object if it were there."""
        return not self._namespaces or owner.namespace in self._namespaces

    def _forget_claims(self, record: records.GroupRecord, *, keep: Collection[owners.Uid]) -> None:
        for uid, claim in record.claims.items():
            if uid not in keep:
                self._groups_by_claim.discard(claim.owner, record.key)
                if claim.owner not in self._groups_by_claim:
                    self._claimed_since.pop(claim.owner, None)

    def _ask_again(self, key: groups.GroupingKey) -> None:
        """A group was pushed: a pod that was not there before may be there now."""
        for name in pod_values(key):
            if answers := self._pods.pop(name, None):
                self._pods[name] = {namespace: uid for namespace, uid in answers.items() if uid is not None}

    def _groups_about(self, value: str) -> set[groups.GroupingKey]:
        return {key for key in self._groups_by_word[podnames.word(value)] if value in pod_values(key)}


def pod_values(key: groups.GroupingKey) -> list[str]:
    """What the group says its pod is: the values of ``instance`` and ``pod``."""
    return [value for name, value in key if name in POD_LABELS]


def _group_words(key: groups.GroupingKey) -> set[str]:
    found = {podnames.word(value) for name, value in key if name == "job"}
    for value in pod_values(key):
        found |= podnames.words(value)
    return found


def _owner_words(view: views.OwnerView) -> set[str]:
    names = {view.owner.name} if view.hostname is None else {view.owner.name, view.hostname}
    return {podnames.word(name) for name in names}
