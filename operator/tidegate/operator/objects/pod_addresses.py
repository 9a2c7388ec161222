"""Which pod had an address when a group was pushed from it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from tidegate.model import owners
from tidegate.operator.objects import completion
from tidegate.system import addresses

Json: TypeAlias = Mapping[str, Any]

_TIMESTAMP_SECONDS = 1.0
"""A pod's times are whole seconds: it ended up to one of them later than it says."""

_KUBELET_CONDITIONS = frozenset({"PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"})
"""Conditions of a pod that its kubelet sets; the scheduler and controllers set others."""

NEVER_LOOKED_UP = 0.0
"""When an address was asked about that never was; a watch told of its pods."""

ADDRESS_REPORT_SECONDS = 4.0
"""How long after a pod began to run the API server knows its address at the latest: kubelets take a second or two."""


class AddressPod(NamedTuple):
    """A pod that has an address, or had it when it ended. Times are Unix seconds on the API server's clock.

    :param owner: the object that controls it, or the pod itself where none does.
    :param since: when it was started, ``None`` where it was not yet.
    :param until: when its last container ended; ``None`` while one may run.
    :param is_host: whether its address is its node's, from which everything on the node may push.
    :param uid: its own.
    """

    namespace: str
    name: str
    owner: owners.Uid
    started_at: float | None
    ended_at: float | None
    uses_host_network: bool
    uid: owners.Uid = owners.Uid("")

    def may_have_pushed(self, at: float, *, tolerance: float) -> bool:
        """Whether it ran at that time, by clocks that may be this many seconds apart."""
        if self.uses_host_network or self.started_at is None or at < self.started_at - tolerance:
            return False
        return self.ended_at is None or at <= self.ended_at + _TIMESTAMP_SECONDS + tolerance


class LookupResult(NamedTuple):
    """The pods of an address, as the API server had them at a time on its clock.

    :param none_since: of an address that no pod has, since when all answers have said so.
    """

    pods: tuple[AddressPod, ...]
    at: float
    none_since: float | None = None

    def merged_with(self, previous: LookupResult | None) -> LookupResult:
        """This answer, with what it says together with the one before it."""
        if self.pods:
            return self
        known = None if previous is None or previous.pods else previous.none_since
        return self._replace(none_since=self.at if known is None else known)

    def is_final_for(self, at: float, *, tolerance: float) -> bool:
        """Whether no later answer can say that another pod pushed at that time.

        A pod pushes before its kubelet has reported its address. An address that has had no pod for longer than that
        takes is outside of the cluster.
        """
        if self.at >= at + ADDRESS_REPORT_SECONDS or self.pusher(at, tolerance=tolerance) is not None:
            return True
        return self.none_since is not None and self.at - self.none_since >= ADDRESS_REPORT_SECONDS

    def pusher(self, at: float, *, tolerance: float) -> AddressPod | None:
        """The pod that must have pushed at that time; ``None`` where that is none of them, or more than one.

        An address that a pod gave up goes to the next one: what happened a moment later is the next one's.
        """
        for allowed in (0.0, tolerance):
            found = [pod for pod in self.pods if pod.may_have_pushed(at, tolerance=allowed)]
            if found:
                return found[0] if len(found) == 1 else None
        return None

    def running_pods(self) -> Iterable[AddressPod]:
        """Those that may push still."""
        return (pod for pod in self.pods if pod.ended_at is None and not pod.uses_host_network)


def address_pod(data: Json, *, now: float) -> AddressPod:
    """What matters here of a Pod as the API server gives it.

    :param now: Unix seconds on the API server's clock, by which no time in the Pod can be later than now.
    """
    metadata, status = data["metadata"], data.get("status", {})
    started = status.get("startTime")
    since = None if started is None else completion.unix_seconds(started)
    until = _end_time(status)
    ahead = 0.0 if since is None else _clock_offset(data, started=since, now=now)
    return AddressPod(
        namespace=metadata["namespace"],
        name=metadata["name"],
        owner=_controller_uid(metadata),
        started_at=None if since is None else since - ahead,
        # Zero is no reading of a clock.
        ended_at=until - ahead if until else until,
        uses_host_network=bool(data.get("spec", {}).get("hostNetwork")),
        uid=owners.Uid(metadata["uid"]),
    )


class PodEvent(NamedTuple):
    """A pod as an event told of it, with its addresses; ``deleted``: as it was when it was deleted."""

    pod: AddressPod
    addresses: tuple[str, ...]
    deleted: bool = False


def pod_event(data: Json, *, now: float, deleted: bool) -> PodEvent:
    """What an event tells of a Pod; ``now`` as for :func:`address_pod`."""
    given = data.get("status", {}).get("podIPs") or ()
    texts = [addresses.canonical(each.get("ip", "")) for each in given]
    return PodEvent(address_pod(data, now=now), tuple(text for text in texts if text), deleted)


def _clock_offset(data: Json, *, started: float, now: float) -> float:
    """By how much the kubelet's clock is ahead of the API server's, less than 0 where it is behind.

    A kubelet tells its own times, and the API server notes when it was told. What was told had happened before, and a
    pod starts after it was created and bound to its node. So both bounds are known. The clock counts as right where
    they allow it, and else as what lies in their middle. All times are whole seconds, so each may be off by one.

    :param started: when the pod started, by the kubelet's clock.
    """
    status = data["status"]
    created = completion.unix_seconds(data["metadata"]["creationTimestamp"])
    least = max([started, *_kubelet_times(status)]) - min(_reported_at(data["metadata"]) + _TIMESTAMP_SECONDS, now)
    most = started - max([created, *_scheduled_at(status)]) + _TIMESTAMP_SECONDS
    return 0.0 if least <= 0.0 <= most else (min(least, most) + most) / 2


def _kubelet_times(status: Json) -> Iterator[float]:
    """The times in this status that are by the kubelet's clock, but for that of the start."""
    for condition in status.get("conditions") or ():
        if condition.get("type") in _KUBELET_CONDITIONS and condition.get("lastTransitionTime"):
            yield completion.unix_seconds(condition["lastTransitionTime"])
    for container in status.get("containerStatuses") or ():
        for state in container.get("state", {}).values():
            for name in ("startedAt", "finishedAt"):
                if (state or {}).get(name):
                    yield completion.unix_seconds(state[name])


def _reported_at(metadata: Json) -> float:
    """When the API server was last told of a status with a time of start; infinite where it does not say."""
    times = [
        completion.unix_seconds(entry["time"])
        for entry in metadata.get("managedFields") or ()
        if entry.get("time") and "f:startTime" in (entry.get("fieldsV1") or {}).get("f:status", {})
    ]
    return max(times, default=math.inf)


def _scheduled_at(status: Json) -> list[float]:
    """When the scheduler bound the pod to its node."""
    return [
        completion.unix_seconds(condition["lastTransitionTime"])
        for condition in status.get("conditions") or ()
        if condition.get("type") == "PodScheduled"
        and condition.get("status") == "True"
        and condition.get("lastTransitionTime")
    ]


def _controller_uid(metadata: Json) -> owners.Uid:
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            return owners.Uid(reference["uid"])
    return owners.Uid(metadata["uid"])


def _end_time(status: Json) -> float | None:
    if status.get("phase") not in ("Succeeded", "Failed"):
        return None
    moments = [
        container["state"]["terminated"]["finishedAt"]
        for container in status.get("containerStatuses") or ()
        if (container.get("state", {}).get("terminated") or {}).get("finishedAt")
    ]
    # Evicted before it ran: it has pushed nothing.
    return max(map(completion.unix_seconds, moments), default=0.0)
