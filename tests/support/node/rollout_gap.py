"""The downtime during a rolling update, split into the observed steps from the old Pod to the new one."""

import contextlib
import datetime
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.kubernetes import admin_client
from tests.support.node import target_clusters, tidegate_installation

_PODS = (
    f"/api/v1/namespaces/{tidegate_installation.NAMESPACE}/pods"
    f"?watch=true&fieldSelector=metadata.name={tidegate_installation.POD}"
)
_END_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """An event of the watch on the Pod: Unix seconds of its arrival, its type, and the state of the Pod."""

    at: float
    type: str
    pod: admin_client.Object


@dataclass(frozen=True, kw_only=True)
class Step:
    """A part of the downtime, in seconds since the previous step."""

    name: str
    seconds: float


@dataclass
class Recording:
    """The recorded events of the Pod, oldest first."""

    sightings: list[Sighting] = field(default_factory=list)

    def steps(self, *, old: str, new: str, serving: float) -> list[Step]:
        """The steps of the change from the Pod with one uid to the Pod with another.

        :param serving: Unix seconds at which the new gateway's process responded to its first request.
        """
        moments = {**_moments(self.sightings, old=old, new=new), "gateway serving": serving}
        return list(_steps(moments))

    def exit_codes(self, uid: str) -> dict[str, int]:
        """The recorded exit code of each container of a Pod."""
        codes: dict[str, int] = {}
        for seen in self.sightings:
            if seen.pod["metadata"]["uid"] == uid:
                codes |= {name: state["exitCode"] for name, state in _terminated(seen.pod).items()}
        return codes


def serving_since(place: target_clusters.Place) -> float:
    """Unix seconds at which the running gateway had restored its groups, according to its log."""
    log = place.kubectl(
        "logs", f"--namespace={tidegate_installation.NAMESPACE}", tidegate_installation.POD, "--container=gateway"
    )
    (line,) = (each for each in log.splitlines() if 'msg="listening on' in each)
    (moment,) = (field.removeprefix("ts=") for field in line.split() if field.startswith("ts="))
    return datetime.datetime.fromisoformat(moment).timestamp()


@contextlib.contextmanager
def recorded(place: target_clusters.Place) -> Iterator[Recording]:
    """Watch the gateway's Pod until the block ends."""
    recording = Recording()
    command = [*place.command, "get", "--raw", _PODS]
    watch = subprocess.Popen(command, env=place.environment, stdout=subprocess.PIPE, text=True)
    assert watch.stdout is not None
    stream = watch.stdout

    def read() -> None:
        for line in stream:
            event: Mapping[str, Any] = json.loads(line)
            recording.sightings.append(Sighting(at=time.time(), type=event["type"], pod=event["object"]))

    reader = threading.Thread(target=read, name="watch the Pod")
    reader.start()
    try:
        yield recording
    finally:
        watch.terminate()
        watch.wait(_END_SECONDS)
        reader.join(_END_SECONDS)
        stream.close()


def _moments(seen: Sequence[Sighting], *, old: str, new: str) -> dict[str, float]:
    """The first time of each step; steps that were not recorded are left out."""
    tests: dict[str, tuple[str, Callable[[Sighting], bool]]] = {
        "deleted": (old, lambda each: "deletionTimestamp" in each.pod["metadata"]),
        "containers ended": (old, lambda each: len(_terminated(each.pod)) == len(each.pod["spec"]["containers"])),
        "removed": (old, lambda each: each.type == "DELETED"),
        "created": (new, lambda each: each.type == "ADDED"),
        "scheduled": (new, lambda each: _condition(each.pod, "PodScheduled")),
        "gateway started": (new, lambda each: _is_running(each.pod, "gateway")),
        "ready": (new, lambda each: _condition(each.pod, "Ready")),
    }
    times: dict[str, float] = {}
    for name, (uid, test) in tests.items():
        for each in seen:
            if each.pod["metadata"]["uid"] == uid and test(each):
                times[name] = each.at
                break
    return times


def _steps(moments: Mapping[str, float]) -> Iterator[Step]:
    before: float | None = None
    for name, at in sorted(moments.items(), key=lambda each: each[1]):
        yield Step(name=name, seconds=0.0 if before is None else at - before)
        before = at


def _condition(pod: admin_client.Object, name: str) -> bool:
    return any(
        each["type"] == name and each["status"] == "True" for each in pod.get("status", {}).get("conditions", [])
    )


def _states(pod: admin_client.Object) -> dict[str, admin_client.Object]:
    return {each["name"]: each.get("state", {}) for each in pod.get("status", {}).get("containerStatuses", [])}


def _is_running(pod: admin_client.Object, container: str) -> bool:
    return "running" in _states(pod).get(container, {})


def _terminated(pod: admin_client.Object) -> dict[str, admin_client.Object]:
    return {name: state["terminated"] for name, state in _states(pod).items() if "terminated" in state}
