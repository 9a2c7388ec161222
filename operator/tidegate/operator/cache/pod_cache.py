"""The pods of Jobs and their addresses, as reported by a watch. Deleted pods stay in the cache for a while.

A pod may push while it is being deleted, and shortly afterwards the API server no longer knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import NamedTuple

from tidegate.model import owners
from tidegate.operator.cache import multimaps
from tidegate.operator.objects import pod_addresses

DELETED_POD_SECONDS = 600.0
"""How long deleted pods are kept: as long as deleted owners."""

_WATCH_LAG_SECONDS = 5.0
"""By how much the result of a lookup may be older than the last event of the watch."""


class _Entry(NamedTuple):
    """A pod as the watch last reported it.

    :param updated_at: the time of that event, in Unix seconds on the API server's clock.
    :param deleted: whether the event was the pod's deletion.
    """

    pod: pod_addresses.AddressPod
    addresses: tuple[str, ...]
    updated_at: float
    deleted: bool


class PodCache:
    """All pods that the watch reported. Times are Unix seconds on the API server's clock."""

    def __init__(self) -> None:
        self._pods: dict[owners.Uid, _Entry] = {}
        self._by_address: multimaps.Multimap[str, owners.Uid] = multimaps.Multimap()

    def __len__(self) -> int:
        return len(self._pods)

    def put(self, event: pod_addresses.PodEvent, *, now: float) -> set[str]:
        """Store a pod event. Returns the addresses whose pods changed."""
        uid, previous = event.pod.uid, self._pods.get(event.pod.uid)
        if previous is not None and previous.deleted:
            return set()
        pod, addresses = event.pod, event.addresses or (previous.addresses if previous is not None else ())
        if event.deleted and pod.ended_at is None:
            # Containers end before their Pod object is deleted, even if the last status still says running.
            pod = pod._replace(ended_at=now)
        if previous is None and not addresses:
            return set()
        self._pods[uid] = _Entry(pod, addresses, now, event.deleted)
        for address in addresses:
            self._by_address.add(address, uid)
        has_changed = previous is None or (previous.pod, previous.addresses) != (pod, addresses)
        return set(addresses) if has_changed else set()

    def missing_from(
        self, listed: Container[owners.Uid], *, namespace: str, started: float
    ) -> list[pod_addresses.PodEvent]:
        """A deletion event for each pod that is missing from a complete list.

        :param namespace: the namespace that was listed; empty for all.
        :param started: when the list started.
        """
        return [
            pod_addresses.PodEvent(entry.pod, entry.addresses, deleted=True)
            for uid, entry in self._pods.items()
            if not entry.deleted
            and uid not in listed
            and entry.updated_at < started
            and namespace in ("", entry.pod.namespace)
        ]

    def lookup_result(
        self, address: str, lookup: pod_addresses.LookupResult | None
    ) -> pod_addresses.LookupResult | None:
        """Merge the pods that the watch reported for an address into the result of the last lookup, if any."""
        entries = [self._pods[uid] for uid in sorted(self._by_address[address])]
        if not entries:
            return lookup
        if lookup is None:
            pods = tuple(entry.pod for entry in entries)
            return pod_addresses.LookupResult(pods, at=pod_addresses.NEVER_LOOKED_UP)
        by_uid = {pod.uid: pod for pod in lookup.pods}
        for entry in entries:
            is_later = entry.updated_at > lookup.at - _WATCH_LAG_SECONDS
            if entry.deleted or is_later or entry.pod.uid in by_uid:
                by_uid[entry.pod.uid] = entry.pod
        return lookup._replace(pods=tuple(by_uid.values()))

    def contains(self, pod: pod_addresses.AddressPod) -> bool:
        """Whether the watch has reported this pod."""
        return pod.uid in self._pods

    def evict(self, *, now: float, is_cached: Callable[[owners.Uid], bool]) -> list[tuple[owners.Uid, str]]:
        """Remove old pods: deleted ones, and those whose owner is no longer cached.

        The latter covers deletions that an interrupted watch missed.

        :param is_cached: whether the cache has the owner with this uid.
        :returns: the owners and addresses of the removed pods.
        """
        old = [
            (uid, entry)
            for uid, entry in self._pods.items()
            if entry.updated_at < now - DELETED_POD_SECONDS and (entry.deleted or not is_cached(entry.pod.owner))
        ]
        for uid, entry in old:
            del self._pods[uid]
            for address in entry.addresses:
                self._by_address.discard(address, uid)
        return [(entry.pod.owner, address) for _, entry in old for address in entry.addresses]
