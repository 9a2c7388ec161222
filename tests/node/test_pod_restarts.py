"""With the persistent component, no acknowledged push is lost and pushes continue, however the Pod is restarted."""

import json
from typing import Any

import pytest

from tests.support import repository, waiting
from tests.support.node import container_processes, exit_codes, target_clusters, tidegate_installation

_KEPT = """
from prometheus_client import CollectorRegistry, Gauge, push_to_gateway
registry = CollectorRegistry()
Gauge("e2e_kept", "Until its Job is deleted.", registry=registry).set({value})
push_to_gateway("{url}", job="{group}", registry=registry)
"""
_PATIENT = (repository.TESTS / "support" / "node" / "retrying_pusher.py").read_text()
_PUSHERS = 3


def _keep(installed: tidegate_installation.Installation, group: str, value: float) -> None:
    """Run a Job that pushes a group which is kept until the Job, now finished, is deleted."""
    script = _KEPT.format(url=tidegate_installation.GATEWAY, group=group, value=value)
    installed.wait_until_finished(installed.python(group, script, annotations={"tidegate.dev/cleanup": "on-deletion"}))


def _started(installed: tidegate_installation.Installation) -> tuple[str, int]:
    """The uid of the Pod, and the restart count of its gateway."""
    pod = installed.place.get("pods", tidegate_installation.POD, namespace=tidegate_installation.NAMESPACE)
    (gateway,) = (each for each in pod["status"]["containerStatuses"] if each["name"] == "gateway")
    return pod["metadata"]["uid"], gateway["restartCount"]


def _ready_again(installed: tidegate_installation.Installation, before: tuple[str, int]) -> None:
    waiting.eventually(lambda: _started(installed) != before, why="another start", timeout=60.0, retry_on=(ValueError,))
    installed.place.kubectl(
        "wait",
        f"--namespace={tidegate_installation.NAMESPACE}",
        "--for=condition=Ready",
        f"pod/{tidegate_installation.POD}",
        "--timeout=60s",
    )


def test_killed_gateway_restores_every_group(installed: tidegate_installation.Installation) -> None:
    if not isinstance(installed.place, target_clusters.OwnNode):
        pytest.skip("only root on the node can kill the first process of a container")
    _keep(installed, "outlives-a-kill", 3.0)
    group, before = installed.groups()["outlives-a-kill"], _started(installed)
    container_processes.kill("tidegate gateway")
    _ready_again(installed, before)
    assert installed.groups()["outlives-a-kill"] == group


def test_rescheduled_pod_restores_every_group(installed: tidegate_installation.Installation) -> None:
    _keep(installed, "outlives-its-pod", 4.0)
    group, before = installed.groups()["outlives-its-pod"], _started(installed)
    installed.place.kubectl(
        "delete", "pod", tidegate_installation.POD, f"--namespace={tidegate_installation.NAMESPACE}"
    )
    _ready_again(installed, before)
    assert installed.groups()["outlives-its-pod"] == group
    installed.place.kubectl("delete", "job", "outlives-its-pod", f"--namespace={installed.namespace}")
    installed.wait_until_deleted("outlives-its-pod")


def test_rolling_update_loses_no_push_and_stops_both_containers_cleanly(
    installed: tidegate_installation.Installation,
) -> None:
    (old, _), place = _started(installed), installed.place
    keep = {"tidegate.dev/cleanup": "on-deletion"}
    script = _PATIENT.replace("GATEWAY", tidegate_installation.GATEWAY)
    job = installed.python("pushes-through", script, annotations=keep, pods=_PUSHERS)
    waiting.eventually(
        lambda: len(installed.values("e2e_through", by="instance")) == _PUSHERS, why="all to push", timeout=60.0
    )
    with exit_codes.recorded(place) as codes:
        place.kubectl("rollout", "restart", f"--namespace={tidegate_installation.NAMESPACE}", "statefulset/tidegate")
        place.kubectl(
            "rollout",
            "status",
            f"--namespace={tidegate_installation.NAMESPACE}",
            "statefulset/tidegate",
            "--timeout=240s",
        )
        printed = installed.wait_until_finished(job, timeout=300.0)
    # Each line begins with the name of the pod that printed it.
    pushers = [json.loads(line[line.index("{") :]) for line in printed.splitlines() if "{" in line]
    assert codes[old] == {"gateway": 0, "operator": 0}
    assert _statuses(pushers) <= {"503"}
    assert len(pushers) == _PUSHERS
    assert {each["pod"]: each["last"] for each in pushers} == installed.values("e2e_through", by="instance")


def _statuses(pushers: list[dict[str, Any]]) -> set[str]:
    """The status codes of all failed pushes; a failed connection has none."""
    return {reason for each in pushers for reason in each["failures"] if reason.isdigit()}
