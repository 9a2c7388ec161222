"""How objects other than Jobs finish: the status that Argo, Tekton, the kubelet and others write."""

from __future__ import annotations

from typing import Any

import pytest

from tidegate.operator.objects import completion, owner_kinds

_CREATED = "2026-01-31T08:00:00Z"
_STARTED = 1769846400.0


def _object(status: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "x", "namespace": "prod", "creationTimestamp": _CREATED}, "status": status}


def _workflow(phase: str, *, finished: str | None = "2026-01-31T08:01:00Z") -> dict[str, Any]:
    """Build a status as the workflow controller writes it, with conditions next to its phase."""
    return _object(
        {
            "phase": phase,
            "startedAt": _CREATED,
            "finishedAt": finished,
            "progress": "1/1",
            "conditions": [{"status": "False", "type": "PodRunning"}, {"status": "True", "type": "Completed"}],
            "nodes": {"x": {"id": "x", "type": "Steps", "phase": phase, "finishedAt": finished}},
        }
    )


@pytest.mark.parametrize(
    ("data", "finish"),
    [
        pytest.param(_object({}), None, id="new"),
        pytest.param(_workflow("Pending", finished=None), None, id="pending"),
        pytest.param(_workflow("Running", finished=None), None, id="running"),
        pytest.param(_workflow("Succeeded"), completion.Finish(succeeded=True, at=_STARTED + 60), id="succeeded"),
        pytest.param(_workflow("Failed"), completion.Finish(succeeded=False, at=_STARTED + 60), id="failed"),
        pytest.param(_workflow("Error"), completion.Finish(succeeded=False, at=_STARTED + 60), id="error"),
    ],
)
def test_argo_workflow_finishes_with_its_phase(data: dict[str, Any], finish: completion.Finish | None) -> None:
    assert owner_kinds.WORKFLOW.finish(data) == finish


def _taskrun(status: str, reason: str) -> dict[str, Any]:
    """Build a status as the pipelines controller writes it: one condition, "Unknown" while the TaskRun is running."""
    condition = {
        "type": "Succeeded",
        "status": status,
        "reason": reason,
        "message": "…",
        "lastTransitionTime": "2026-01-31T08:02:00Z",
    }
    return _object({"podName": "x-pod", "startTime": _CREATED, "conditions": [condition]})


@pytest.mark.parametrize(
    ("data", "finish"),
    [
        pytest.param(_object({}), None, id="new"),
        pytest.param(_taskrun("Unknown", "Running"), None, id="running"),
        pytest.param(
            _taskrun("True", "Succeeded"), completion.Finish(succeeded=True, at=_STARTED + 120), id="succeeded"
        ),
        pytest.param(
            _taskrun("False", "TaskRunTimeout"), completion.Finish(succeeded=False, at=_STARTED + 120), id="timed out"
        ),
        pytest.param(
            _taskrun("False", "TaskRunCancelled"), completion.Finish(succeeded=False, at=_STARTED + 120), id="cancelled"
        ),
    ],
)
def test_tekton_taskrun_finishes_with_its_condition(data: dict[str, Any], finish: completion.Finish | None) -> None:
    assert owner_kinds.TASKRUN.finish(data) == finish


def _pod(phase: str, *finished: str | None) -> dict[str, Any]:
    statuses: list[dict[str, Any]] = [
        {"name": "a", "state": {"terminated": {"finishedAt": at}} if at else {"running": {}}} for at in finished
    ]
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-31T08:09:00Z"}
    return _object({"phase": phase, "containerStatuses": statuses, "conditions": [ready]})


@pytest.mark.parametrize(
    ("data", "finish"),
    [
        pytest.param(_pod("Pending"), None, id="pending"),
        pytest.param(_pod("Running", "2026-01-31T08:01:00Z", None), None, id="one of two containers ended"),
        pytest.param(
            _pod("Succeeded", "2026-01-31T08:02:00Z", "2026-01-31T08:01:00Z"),
            completion.Finish(succeeded=True, at=_STARTED + 120),
            id="both ended",
        ),
        pytest.param(
            _pod("Failed", "2026-01-31T08:01:00Z"), completion.Finish(succeeded=False, at=_STARTED + 60), id="failed"
        ),
        pytest.param(_pod("Failed"), completion.Finish(succeeded=False, at=_STARTED + 540), id="evicted before it ran"),
    ],
)
def test_pod_finishes_with_the_last_of_its_containers(data: dict[str, Any], finish: completion.Finish | None) -> None:
    assert owner_kinds.POD.finish(data) == finish


@pytest.mark.parametrize(
    ("text", "status", "succeeded"),
    [
        pytest.param("status.done", {"done": True}, True, id="a field that is true"),
        pytest.param("status.done", {"done": False}, None, id="a field that is false"),
        pytest.param("status.done", {"done": "true"}, True, id="a field that says so"),
        pytest.param("status.state.phase=Completed/Failed", {"state": {"phase": "Failed"}}, False, id="a deep word"),
        pytest.param("status.conditions=Good/Bad", {"conditions": [{"type": "Bad", "status": "True"}]}, False, id="of"),
        pytest.param("status.conditions=Good/Bad", {"conditions": [{"type": "Bad", "status": "False"}]}, None, id="un"),
        pytest.param("status.conditions.Done", {"conditions": "none"}, None, id="no list"),
        pytest.param("status.conditions.Done", {"conditions": ["Done"]}, None, id="a list of words"),
        pytest.param("status.code=0/1", {"code": 0}, True, id="a number"),
    ],
)
def test_finish_is_read_from_the_configured_path(text: str, status: dict[str, Any], succeeded: bool | None) -> None:
    finish = completion.parse(text)(_object(status))
    assert (None if finish is None else finish.succeeded) is succeeded


def test_finish_time_is_the_creation_time_if_unknown() -> None:
    assert completion.parse("status.done")(_object({"done": True})) == completion.Finish(succeeded=True, at=_STARTED)
