"""Pods and their addresses: which pod pushed a group from an address at a given time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from tidegate.model import owners
from tidegate.operator.objects import completion
from tidegate.system import addresses

Json: TypeAlias = Mapping[str, Any]

_TIMESTAMP_SECONDS = 1.0
"""Times of pods have whole seconds: the real time is up to one second later."""

_KUBELET_CONDITIONS = frozenset({"PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"})
"""Conditions of a pod that the kubelet sets; the scheduler and controllers set others."""

NEVER_LOOKED_UP = 0.0
"""The time of a result that comes from the watch alone, without a lookup."""

ADDRESS_REPORT_SECONDS = 4.0
"""The longest delay until the API server knows the address of a started pod; kubelets take one or two seconds."""


class AddressPod(NamedTuple):
    """A pod that has an address, or had it when it ended. Times are Unix seconds on the API server's clock.

    :param owner: the controller of the pod; the pod itself if it has none.
    :param started_at: ``None`` if it has not started.
    :param ended_at: when its last container ended; ``None`` while one may run.
    :param uses_host_network: whether it shares the address of its node with everything else on the node.
    """

    namespace: str
    name: str
    owner: owners.Uid
    started_at: float | None
    ended_at: float | None
    uses_host_network: bool
    uid: owners.Uid = owners.Uid("")

    def may_have_pushed(self, at: float, *, tolerance: float) -> bool:
        """Whether it ran at that time, by clocks that may differ by ``tolerance`` seconds."""
        if self.uses_host_network or self.started_at is None or at < self.started_at - tolerance:
            return False
        return self.ended_at is None or at <= self.ended_at + _TIMESTAMP_SECONDS + tolerance


class LookupResult(NamedTuple):
    """The pods of an address, as of a time on the API server's clock.

    :param none_since: the time of the first of the consecutive lookups that found no pod; ``None`` if there are pods.
    """

    pods: tuple[AddressPod, ...]
    at: float
    none_since: float | None = None

    def merged_with(self, previous: LookupResult | None) -> LookupResult:
        """Return this result, with ``none_since`` taken over from the previous result."""
        if self.pods:
            return self
        none_since = None if previous is None or previous.pods else previous.none_since
        return self._replace(none_since=self.at if none_since is None else none_since)

    def is_final_for(self, at: float, *, tolerance: float) -> bool:
        """Whether no later lookup can find another pod that may have pushed at that time.

        A pod may push before its kubelet has reported its address. An address that has had no pod for longer than the
        longest delay of such reports is outside of the cluster.
        """
        if self.at >= at + ADDRESS_REPORT_SECONDS or self.pusher(at, tolerance=tolerance) is not None:
            return True
        return self.none_since is not None and self.at - self.none_since >= ADDRESS_REPORT_SECONDS

    def pusher(self, at: float, *, tolerance: float) -> AddressPod | None:
        """The pod that must have pushed at that time; ``None`` if no pod or more than one may have pushed.

        Addresses are reused: right after a pod has ended, its address may belong to the next pod. So an exact match of
        times is tried first.
        """
        for allowed in (0.0, tolerance):
            possible = [pod for pod in self.pods if pod.may_have_pushed(at, tolerance=allowed)]
            if possible:
                return possible[0] if len(possible) == 1 else None
        return None


def address_pod(data: Json, *, now: float) -> AddressPod:
    """Parse a Pod from the API server.

    :param now: Unix seconds on the API server's clock; no time in the Pod is later than this.
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
        # Zero marks a pod that never ran; it is not a time.
        ended_at=until - ahead if until else until,
        uses_host_network=bool(data.get("spec", {}).get("hostNetwork")),
        uid=owners.Uid(metadata["uid"]),
    )


class PodEvent(NamedTuple):
    """A watch event: an added or modified pod with its addresses, or the last state of a deleted one."""

    pod: AddressPod
    addresses: tuple[str, ...]
    deleted: bool = False


def pod_event(data: Json, *, now: float, deleted: bool) -> PodEvent:
    """Parse a watch event of a Pod; ``now`` as for :func:`address_pod`."""
    pod_ips = data.get("status", {}).get("podIPs") or ()
    canonical = [addresses.canonical(each.get("ip", "")) for each in pod_ips]
    return PodEvent(address_pod(data, now=now), tuple(address for address in canonical if address), deleted)


def _clock_offset(data: Json, *, started: float, now: float) -> float:
    """The seconds by which the kubelet's clock is ahead of the API server's; negative if it is behind.

    The kubelet reports times by its own clock, and the API server records when it received the report. Reported times
    are earlier than the report, and a pod starts after it was created and scheduled. This bounds the offset from both
    sides. If the bounds include 0, the offset is 0; otherwise it is the middle of the bounds. All times have whole
    seconds, so each may be off by one.

    :param started: when the pod started, by the kubelet's clock.
    """
    status = data["status"]
    created = completion.unix_seconds(data["metadata"]["creationTimestamp"])
    least = max([started, *_kubelet_times(status)]) - min(_reported_at(data["metadata"]) + _TIMESTAMP_SECONDS, now)
    most = started - max([created, *_scheduled_at(status)]) + _TIMESTAMP_SECONDS
    return 0.0 if least <= 0.0 <= most else (min(least, most) + most) / 2


def _kubelet_times(status: Json) -> Iterator[float]:
    """The times in this status that come from the kubelet's clock, except the start time."""
    for condition in status.get("conditions") or ():
        if condition.get("type") in _KUBELET_CONDITIONS and condition.get("lastTransitionTime"):
            yield completion.unix_seconds(condition["lastTransitionTime"])
    for container in status.get("containerStatuses") or ():
        for state in container.get("state", {}).values():
            for name in ("startedAt", "finishedAt"):
                if (state or {}).get(name):
                    yield completion.unix_seconds(state[name])


def _reported_at(metadata: Json) -> float:
    """When the API server last received a status with a start time; infinite if unknown."""
    times = [
        completion.unix_seconds(entry["time"])
        for entry in metadata.get("managedFields") or ()
        if entry.get("time") and "f:startTime" in (entry.get("fieldsV1") or {}).get("f:status", {})
    ]
    return max(times, default=math.inf)


def _scheduled_at(status: Json) -> list[float]:
    """When the pod was scheduled."""
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
    times = [
        container["state"]["terminated"]["finishedAt"]
        for container in status.get("containerStatuses") or ()
        if (container.get("state", {}).get("terminated") or {}).get("finishedAt")
    ]
    # 0.0: a pod that was evicted before it ran has pushed nothing.
    return max(map(completion.unix_seconds, times), default=0.0)
