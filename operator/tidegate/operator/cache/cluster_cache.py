"""The cache of the cluster: watched objects, the gateway's groups, pods, addresses and policies, with their indexes.

The cache stores and finds, and decides nothing. Each method that stores something returns the keys of the groups that
the change may affect, so that only these are planned again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from tidegate.model import control_api, grouping, owners
from tidegate.operator.cache import group_index, multimaps, object_cache, owner_views, pod_cache
from tidegate.operator.objects import owner_kinds, pod_addresses, pod_names
from tidegate.operator.policy import key_patterns, policies, policy_index


class PodLookup(NamedTuple):
    """A pod whose owner the API server must be asked for."""

    namespace: str
    name: str


class AddressLookup(NamedTuple):
    """An address whose pods the API server must be asked for."""

    address: str


class ClusterCache:
    """Everything that :mod:`tidegate.operator.planning.drain_planner` plans from.

    :param namespaces: the namespaces that are listed and watched; empty for all.
    """

    def __init__(self, *, namespaces: Collection[str] = ()) -> None:
        self._namespaces = frozenset(namespaces)
        self._object_caches: dict[str, object_cache.ObjectCache] = {}
        self._objects_by_name: multimaps.Multimap[str, owners.Owner] = multimaps.Multimap()
        self._custom_objects_by_name: multimaps.Multimap[str, owners.Owner] = multimaps.Multimap()
        self._objects_by_key_shape: multimaps.Multimap[key_patterns.Shape, owners.Owner] = multimaps.Multimap()
        self._groups = group_index.GroupIndex()
        self._pod_owners: dict[str, dict[str, owners.Uid | None]] = {}
        self._lookup_results: dict[str, pod_addresses.LookupResult] = {}
        self._pods = pod_cache.PodCache()
        self._policies = policy_index.PolicyIndex()
        self._addresses_by_owner: multimaps.Multimap[owners.Uid, str] = multimaps.Multimap()

    # Objects

    def put_object(self, view: owner_views.OwnerView, *, monotonic: float) -> set[grouping.GroupingKey]:
        """Store an object that a watch reported as added or modified."""
        cache = self._object_cache(view.kind)
        previous = cache.get(view.uid)
        if not cache.put(view, monotonic=monotonic):
            return set()
        affected = self._affected_groups(view)
        if previous is not None:
            affected |= self._affected_groups(previous.view)
            self._unindex(previous.view)
        self._index(view)
        return affected

    def delete_object(self, view: owner_views.OwnerView, *, wall: float) -> set[grouping.GroupingKey]:
        """Mark an object as deleted. It stays in the cache for a while, to own the groups that it pushed last."""
        cache = self._object_cache(view.kind)
        previous = cache.get(view.uid)
        if not cache.delete(view, wall=wall):
            return set()
        if previous is not None:
            self._unindex(previous.view)
        self._index(view)
        return self._affected_groups(view)

    def replace_objects(
        self,
        kind: owner_kinds.Kind,
        views: Collection[owner_views.OwnerView],
        *,
        started: float,
        monotonic: float,
        wall: float,
    ) -> None:
        """Store a complete list of all objects of a kind. Plan every group after this.

        Only this method finds that a claimed object without an event was deleted: the object is missing from a list
        that started after its claim was first seen.

        :param started: when the list started, in monotonic seconds.
        """
        cache = self._object_cache(kind.name)
        previous = {view.uid: cached.view for view in views if (cached := cache.get(view.uid)) is not None}
        listed, changed = cache.replace(views, started=started, monotonic=monotonic, wall=wall)
        for view in changed:
            if view.uid in previous:
                self._unindex(previous[view.uid])
            self._index(view)
        claimants = self._groups.claimants()
        for owner, since in claimants.items():
            if owner.kind == kind.name and owner.uid not in listed and since < started and self._is_in_scope(owner):
                cache.mark_deleted(owner.uid, wall=wall)
        claimed = {owner.uid for owner in claimants}
        for evicted in cache.evict(keep=claimed, wall=wall):
            self._unindex(evicted.view)
        for uid, address in self._pods.evict(now=wall, is_cached=lambda uid: self.get_by_uid(uid) is not None):
            self._addresses_by_owner.discard(uid, address)

    def with_rules(self, view: owner_views.OwnerView) -> owner_views.OwnerView:
        """Return the object with the cleanup rules that the current policies give it."""
        return dataclasses.replace(view, rules=self._policies.rules(view.subject)) if self._policies.policies else view

    @property
    def policies(self) -> tuple[policies.Policy, ...]:
        """All policies."""
        return self._policies.policies

    def replace_policies(self, index: policy_index.PolicyIndex) -> None:
        """Apply these policies to all cached objects and to later ones. Plan every group after this."""
        is_unchanged = index == self._policies
        self._policies = index
        if is_unchanged:
            return
        for cache in self._object_caches.values():
            for cached in cache:
                self._unindex(cached.view)
            cache.update_views(lambda view: dataclasses.replace(view, rules=index.rules(view.subject)))
            for cached in cache:
                self._index(cached.view)

    def objects(self) -> Iterator[owner_views.OwnerView]:
        """All objects that exist."""
        return (cached.view for cache in self._object_caches.values() for cached in cache if cached.deleted_at is None)

    def get_object(self, owner: owners.Owner) -> object_cache.CachedObject | None:
        """The object that a claim refers to; ``None`` if it is not in the cache."""
        cache = self._object_caches.get(owner.kind)
        return cache.get(owner.uid) if cache is not None else None

    def get_by_uid(self, uid: owners.Uid) -> object_cache.CachedObject | None:
        """The object with this uid, of any kind."""
        return next((cached for cache in self._object_caches.values() if (cached := cache.get(uid)) is not None), None)

    def deleted_at(self, owner: owners.Owner) -> float | None:
        """When the operator noticed that this object was deleted, in Unix seconds.

        ``None`` while the object exists, or if the operator does not know.
        """
        cache = self._object_caches.get(owner.kind)
        return cache.deleted_at(owner.uid) if cache is not None else None

    def candidates(self, record: control_api.GroupRecord) -> Iterator[object_cache.CachedObject]:
        """All cached objects that may own this group: a superset, from the indexes."""
        found = set(self._objects_by_key_shape[key_patterns.shape(record.key)])
        for name in group_index.index_names(record.key):
            found |= self._objects_by_name[name]
        for value in group_index.pod_values(record.key):
            for prefix in pod_names.prefixes(value):
                found |= self._custom_objects_by_name[prefix]
        for address in record.pushers:
            for pod in self._pods_at(address):
                if (cached := self.get_by_uid(pod.owner)) is not None:
                    found.add(cached.view.owner)
        for owner in found:
            cached = self.get_object(owner)
            if cached is not None:
                yield cached

    def is_superseded(self, claim: owners.Claim, series: owners.Owner, record: control_api.GroupRecord) -> bool:
        """Whether a later run of the series has pushed since the run of this claim pushed the group."""
        for other, other_record in self._groups.of_other_runs(series, claim.owner):
            is_later = other_record.push_time and other_record.pushed_revision > record.pushed_revision
            if is_later and not self._is_older(other, claim.owner):
                return True
        return False

    def object_count(self, kind: owner_kinds.Kind) -> int:
        """The number of existing objects of a kind."""
        return len(self._object_cache(kind.name))

    # Groups

    def put_group(self, record: control_api.GroupRecord, *, monotonic: float) -> set[grouping.GroupingKey]:
        """Store a group as the gateway reported it."""
        previous = self._groups.put(record, monotonic=monotonic)
        if previous is not None and previous.pushed_revision != record.pushed_revision:
            self._forget_missing_pods(record.key)
            self._forget_unused_addresses(set(previous.pushers) - set(record.pushers))
        affected = {record.key}
        for claim in record.claims.values():
            if claim.series is not None:
                affected |= {other.key for _, other in self._groups.of_other_runs(claim.series, claim.owner)}
        return affected

    def delete_group(self, key: grouping.GroupingKey) -> None:
        """Remove a group that the gateway deleted."""
        record = self._groups.pop(key)
        if record is None:
            return
        for name in group_index.pod_values(key):
            if not self._groups.of_pod(name):
                self._pod_owners.pop(name, None)
        self._forget_unused_addresses(record.pushers)

    def clear_groups(self) -> None:
        """Remove all groups: the gateway started a new epoch."""
        for key in list(self._groups):
            self.delete_group(key)

    def group(self, key: grouping.GroupingKey) -> control_api.GroupRecord | None:
        """A group as the gateway last reported it."""
        return self._groups.get(key)

    def group_keys(self) -> list[grouping.GroupingKey]:
        """The keys of all groups."""
        return list(self._groups)

    def group_count(self) -> int:
        """The number of groups."""
        return len(self._groups)

    # Pods and addresses

    @property
    def pod_owners(self) -> Mapping[str, Mapping[str, owners.Uid | None]]:
        """The owner of each pod that was looked up, by pod name and namespace.

        ``None`` if the pod has no owner or does not exist.
        """
        return self._pod_owners

    def put_pod_owner(self, pod: PodLookup, uid: owners.Uid | None) -> set[grouping.GroupingKey]:
        """Store the owner of a pod that was looked up."""
        affected = self._groups.of_pod(pod.name)
        if affected:
            self._pod_owners.setdefault(pod.name, {})[pod.namespace] = uid
        return affected

    def get_address(self, address: str) -> pod_addresses.LookupResult | None:
        """The pods of an address, from the last lookup and the watch; ``None`` if neither has any."""
        return self._pods.lookup_result(address, self._lookup_results.get(address))

    def put_pod(self, event: pod_addresses.PodEvent, *, now: float) -> set[grouping.GroupingKey]:
        """Store a pod of a Job that the watch reported. ``now`` is Unix seconds on the API server's clock."""
        affected: set[grouping.GroupingKey] = set()
        for address in self._pods.put(event, now=now):
            affected |= self._groups.by_address[address]
            self._addresses_by_owner.add(event.pod.owner, address)
        return affected

    def replace_pods(
        self, listed: Collection[owners.Uid], *, namespace: str, started: float, now: float
    ) -> set[grouping.GroupingKey]:
        """Mark the pods of Jobs that are missing from a complete list as deleted.

        :param namespace: the namespace that was listed; empty for all.
        :param started: when the list started, in Unix seconds on the API server's clock, as is ``now``.
        """
        affected: set[grouping.GroupingKey] = set()
        for event in self._pods.missing_from(listed, namespace=namespace, started=started):
            affected |= self.put_pod(event, now=now)
        return affected

    def is_pod_watched(self, pod: pod_addresses.AddressPod) -> bool:
        """Whether the watch has reported this pod, and so will report its end."""
        return self._pods.contains(pod)

    @property
    def pod_count(self) -> int:
        """The number of pods that the watch has reported."""
        return len(self._pods)

    def put_address(self, lookup: AddressLookup, result: pod_addresses.LookupResult) -> set[grouping.GroupingKey]:
        """Store which pods have, or had, this address.

        If the pods are the same as before, only groups with later pushes are affected: a proxy may have pushed
        thousands of groups.
        """
        address = lookup.address
        pushed = self._groups.by_address[address]
        previous = self._lookup_results.get(address)
        if pushed:
            self._forget_address(address)
            self._lookup_results[address] = result.merged_with(previous)
            for pod in result.pods:
                self._addresses_by_owner.add(pod.owner, address)
        if previous is None or previous.pods != result.pods:
            return set(pushed)
        settled = previous.at - pod_addresses.ADDRESS_REPORT_SECONDS
        return {key for key in pushed if self._push_time_from(address, key) > settled}

    def last_push_from(self, address: str) -> float:
        """When a group was last pushed from this address; 0.0 for never."""
        return max((self._push_time_from(address, key) for key in self._groups.by_address[address]), default=0.0)

    # Private

    def _object_cache(self, kind: str) -> object_cache.ObjectCache:
        """The cache of a kind. An empty one proves nothing: an owner that claims a group may still exist."""
        return self._object_caches.setdefault(kind, object_cache.ObjectCache())

    def _index(self, view: owner_views.OwnerView) -> None:
        for name in _index_names(view):
            self._objects_by_name.add(name, view.owner)
        if view.kind not in _KINDS_INDEXED_BY_NAME:
            self._custom_objects_by_name.add(view.owner.name, view.owner)
        for shape in _key_shapes(view):
            self._objects_by_key_shape.add(shape, view.owner)

    def _unindex(self, view: owner_views.OwnerView) -> None:
        for name in _index_names(view):
            self._objects_by_name.discard(name, view.owner)
        self._custom_objects_by_name.discard(view.owner.name, view.owner)
        for shape in _key_shapes(view):
            self._objects_by_key_shape.discard(shape, view.owner)

    def _affected_groups(self, view: owner_views.OwnerView) -> set[grouping.GroupingKey]:
        affected = set(self._groups.by_claim[view.owner])
        for name in _index_names(view) | {pod_names.index_name(job) for job, _ in _key_shapes(view)}:
            affected |= self._groups.by_name[name]
        for address in self._addresses_by_owner[view.uid]:
            affected |= self._groups.by_address[address]
        return affected

    def _is_in_scope(self, owner: owners.Owner) -> bool:
        """Whether a complete list would contain this object if it existed."""
        return not self._namespaces or owner.namespace in self._namespaces

    def _is_older(self, run: owners.Owner, other: owners.Owner) -> bool:
        cached, other_cached = self.get_object(run), self.get_object(other)
        return cached is not None and other_cached is not None and cached.view.created < other_cached.view.created

    def _forget_missing_pods(self, key: grouping.GroupingKey) -> None:
        """Look up missing pods again after a push: a pod that did not exist before may exist now."""
        for name in group_index.pod_values(key):
            if uids := self._pod_owners.pop(name, None):
                self._pod_owners[name] = {namespace: uid for namespace, uid in uids.items() if uid is not None}

    def _push_time_from(self, address: str, key: grouping.GroupingKey) -> float:
        """When this group was last pushed from this address; 0.0 for never."""
        record = self._groups.get(key)
        sources = () if record is None else record.sources
        return max((source.at for source in sources if source.address == address), default=0.0)

    def _pods_at(self, address: str) -> Collection[pod_addresses.AddressPod]:
        result = self.get_address(address)
        return () if result is None else result.pods

    def _forget_unused_addresses(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            if address not in self._groups.by_address:
                self._forget_address(address)

    def _forget_address(self, address: str) -> None:
        result = self._lookup_results.pop(address, None)
        for pod in () if result is None else result.pods:
            if not self._pods.contains(pod):
                self._addresses_by_owner.discard(pod.owner, address)


_KINDS_INDEXED_BY_NAME = frozenset({owner_kinds.JOB.name, owner_kinds.CRONJOB.name, owner_kinds.POD.name})
"""Kinds that the index by truncated name finds from the names of their pods; other kinds are found by name prefix."""


def _index_names(view: owner_views.OwnerView) -> set[str]:
    names = {view.owner.name} if view.hostname is None else {view.owner.name, view.hostname}
    return {pod_names.index_name(name) for name in names}


def _key_shapes(view: owner_views.OwnerView) -> set[key_patterns.Shape]:
    """The shapes of the grouping keys that the object's rules name."""
    return {key_patterns.shape(pattern) for pattern in view.rules.keys or ()}
