"""The pods of Jobs and their addresses, as a watch tells of them; each is remembered for a while after it is gone.

A pod pushes its last words while it is deleted, and nobody can ask the API server about it a moment later.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import NamedTuple

from tidegate.model import owners
from tidegate.operator.cache import multimaps
from tidegate.operator.objects import pod_addresses

MEMORY_SECONDS = 600.0
"""How long a pod that is gone is remembered: as long as the object that it is of."""

_LAG_SECONDS = 5.0
"""By how much the answer to a question may be older than what the watch has told."""


class _Seen(NamedTuple):
    """A pod as the watch told of it, at ``at``; ``gone``: that it was deleted then."""

    pod: pod_addresses.AddressPod
    addresses: tuple[str, ...]
    at: float
    gone: bool


class PodCache:
    """All pods that the watch told of. Times are Unix seconds on the API server's clock."""

    def __init__(self) -> None:
        self._seen: dict[owners.Uid, _Seen] = {}
        self._by_address: multimaps.Multimap[str, owners.Uid] = multimaps.Multimap()

    def __len__(self) -> int:
        return len(self._seen)

    def saw(self, sighting: pod_addresses.Sighting, *, now: float) -> set[str]:
        """An event told of a pod; returns the addresses of which it changes what is known."""
        uid, before = sighting.pod.uid, self._seen.get(sighting.pod.uid)
        if before is not None and before.gone:
            return set()
        pod, addresses = sighting.pod, sighting.addresses or (before.addresses if before is not None else ())
        if sighting.deleted and pod.until is None:
            # Its processes had ended before its object went, whatever its last status says.
            pod = pod._replace(until=now)
        if before is None and not addresses:
            return set()
        self._seen[uid] = _Seen(pod, addresses, now, sighting.deleted)
        for address in addresses:
            self._by_address.add(address, uid)
        is_news = before is None or (before.pod, before.addresses) != (pod, addresses)
        return set(addresses) if is_news else set()

    def listed(self, found: Container[owners.Uid], *, namespace: str, started: float) -> list[pod_addresses.Sighting]:
        """The end of each pod that a complete list lacks, begun at ``started``.

        :param namespace: that was listed; empty for all.
        """
        return [
            pod_addresses.Sighting(seen.pod, seen.addresses, deleted=True)
            for uid, seen in self._seen.items()
            if not seen.gone and uid not in found and seen.at < started and namespace in ("", seen.pod.namespace)
        ]

    def answer(self, address: str, told: pod_addresses.Answer | None) -> pod_addresses.Answer | None:
        """What is known of an address: what was ``told`` when it was asked about, and what the watch told since."""
        seen = [self._seen[uid] for uid in sorted(self._by_address[address])]
        if not seen:
            return told
        if told is None:
            return pod_addresses.Answer(tuple(each.pod for each in seen), at=pod_addresses.NEVER)
        pods = {pod.uid: pod for pod in told.pods}
        for each in seen:
            if each.gone or each.at > told.at - _LAG_SECONDS or each.pod.uid in pods:
                pods[each.pod.uid] = each.pod
        return told._replace(pods=tuple(pods.values()))

    def has(self, pod: pod_addresses.AddressPod) -> bool:
        """Whether the watch told of this pod."""
        return pod.uid in self._seen

    def forget(self, *, now: float, is_known: Callable[[owners.Uid], bool]) -> list[tuple[owners.Uid, str]]:
        """Forget the pods that went long ago, and of those not heard of for as long those whose object is not known: a
        watch that broke off has not told of their end. Returns the owners and addresses of these pods."""
        old = [
            (uid, seen)
            for uid, seen in self._seen.items()
            if seen.at < now - MEMORY_SECONDS and (seen.gone or not is_known(seen.pod.owner))
        ]
        for uid, seen in old:
            del self._seen[uid]
            for address in seen.addresses:
                self._by_address.discard(address, uid)
        return [(seen.pod.owner, address) for _, seen in old for address in seen.addresses]
