"""The status of a pod as the kubelet would report it, computed from the states of its containers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.support.kubernetes import admin_client

NODE_IP = "127.0.0.1"


CLOCK_AHEAD = "tests.tidegate.dev/clock-ahead"
"""Annotation with the seconds by which the kubelet's clock is ahead, for this pod only."""


def timestamp(*, ahead: float = 0.0) -> str:
    """The current time in the API's format, for a clock that is ahead by this many seconds."""
    return (datetime.now(UTC) + timedelta(seconds=ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(kw_only=True)
class ContainerState:
    """The state of a container: exactly one of waiting, running and terminated, as in ContainerStatus."""

    name: str
    image: str
    ahead: float = 0.0
    state: admin_client.Object = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last: admin_client.Object = field(default_factory=dict)
    restarts: int = 0
    finished: bool = False
    """It has ended and will not be restarted."""

    @property
    def exit_code(self) -> int | None:
        """Its exit code, or None if it has not ended."""
        terminated = self.state.get("terminated")
        return int(terminated["exitCode"]) if terminated else None

    def wait(self, reason: str, *, message: str = "") -> None:
        """Set it to waiting, with the reason."""
        if "terminated" in self.state:
            self.last = self.state
        self.state = {"waiting": {"reason": reason, "message": message}}

    def begin(self) -> None:
        """Set it to running."""
        self.state = {"running": {"startedAt": timestamp(ahead=self.ahead)}}

    def end(self, code: int, *, reason: str | None = None, message: str = "") -> None:
        """Set it to terminated with this exit code (128 + n for signal n, as in a shell)."""
        now = timestamp(ahead=self.ahead)
        started = self.state.get("running", {}).get("startedAt", now)
        reason = reason or ("Completed" if code == 0 else "Error")
        self.state = {
            "terminated": {
                "exitCode": code,
                "reason": reason,
                "message": message,
                "startedAt": started,
                "finishedAt": now,
            }
        }

    def report(self) -> admin_client.Object:
        """Its ContainerStatus."""
        running = "running" in self.state
        return {
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "ready": running,
            "started": running,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last,
        }


def phase(init: Sequence[ContainerState], main: Sequence[ContainerState]) -> str:
    """The pod's phase."""
    if any(state.finished and state.exit_code != 0 for state in init):
        return "Failed"
    if all(state.finished for state in main):
        return "Succeeded" if all(state.exit_code == 0 for state in main) else "Failed"
    if any("waiting" not in state.state or state.restarts for state in main):
        return "Running"
    return "Pending"


def report(
    init: Sequence[ContainerState], main: Sequence[ContainerState], *, started: str, pod_ip: str
) -> admin_client.Object:
    """The PodStatus, without the conditions that the scheduler and controllers write."""
    ready = all("running" in state.state for state in main)
    initialized = all(state.exit_code == 0 for state in init)
    conditions = {
        "PodReadyToStartContainers": True,
        "Initialized": initialized,
        "ContainersReady": ready,
        "Ready": ready,
    }
    return {
        "phase": phase(init, main),
        "conditions": [{"type": name, "status": str(value)} for name, value in conditions.items()],
        "hostIP": NODE_IP,
        "hostIPs": [{"ip": NODE_IP}],
        "podIP": pod_ip,
        "podIPs": [{"ip": pod_ip}],
        "startTime": started,
        "initContainerStatuses": [state.report() for state in init],
        "containerStatuses": [state.report() for state in main],
    }
