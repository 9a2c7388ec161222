"""The running time of a pod by the clock of the API server, with any clock of its kubelet."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from tidegate.operator.objects import pod_addresses

CREATED = 1_700_000_000.0


def _time(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(CREATED + seconds, tz=datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _pod(
    *,
    started: float | None = 1.0,
    ended: float | None = None,
    reported: float | None = 2.0,
    scheduled: float = 0.0,
    phase: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Build a pod as in a response of the API server; times are seconds after its creation.

    :param reported: when the kubelet reported its status; ``None`` if the API server does not know.
    """
    fields = [] if reported is None else [{"time": _time(reported), "fieldsV1": {"f:status": {"f:startTime": {}}}}]
    fields.append({"time": _time(500.0), "fieldsV1": {"f:status": {"f:conditions": {}}}})
    state = {} if ended is None else {"terminated": {"finishedAt": _time(ended)}}
    return {
        "metadata": {
            "namespace": "prod",
            "name": "x",
            "uid": "u",
            "creationTimestamp": _time(0.0),
            "managedFields": fields,
            **(metadata or {}),
        },
        "status": {
            "phase": phase or ("Running" if ended is None else "Succeeded"),
            "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": _time(scheduled)}],
            **({} if started is None else {"startTime": _time(started)}),
            "containerStatuses": [{"state": state}],
        },
    }


def _read(data: dict[str, Any], *, now: float = 1_000.0) -> pod_addresses.AddressPod:
    return pod_addresses.address_pod(data, now=CREATED + now)


@pytest.mark.parametrize("ahead", [-3600.0, -30.0, -7.0, 0.0, 7.0, 30.0, 3600.0])
@pytest.mark.parametrize("pending", [0.0, 7200.0], ids=["scheduled-at-once", "scheduled-hours-later"])
def test_times_of_a_pod_are_corrected_for_the_clock_of_its_kubelet(ahead: float, pending: float) -> None:
    running = _read(_pod(started=pending + 1 + ahead, reported=pending + 2, scheduled=pending), now=pending + 500)
    assert running.started_at == pytest.approx(CREATED + pending + 1, abs=2.0)
    assert running.ended_at is None
    ended = _pod(started=pending + 1 + ahead, ended=pending + 60 + ahead, reported=pending + 61, scheduled=pending)
    assert _read(ended, now=pending + 500).ended_at == pytest.approx(CREATED + pending + 60, abs=2.0)


@pytest.mark.parametrize("ahead", [7.0, 30.0, 3600.0])
def test_clock_of_the_kubelet_is_corrected_by_the_latest_time_of_the_status(ahead: float) -> None:
    data = _pod(started=1 + ahead, reported=41)
    data["status"]["conditions"].append({"type": "Ready", "status": "True", "lastTransitionTime": _time(40 + ahead)})
    assert _read(data).started_at == pytest.approx(CREATED + 1, abs=2.0)


@pytest.mark.parametrize("ahead", [7.0, 30.0, 3600.0])
def test_times_are_not_in_the_future_if_the_time_of_the_report_is_unknown(ahead: float) -> None:
    read = _read(_pod(started=1 + ahead, reported=None), now=2.5)
    assert read.started_at == pytest.approx(CREATED + 1, abs=2.0)


def test_plausible_clock_is_not_corrected() -> None:
    read = _read(_pod(started=1.0, ended=60.0, reported=90.0))
    assert (read.started_at, read.ended_at) == (CREATED + 1.0, CREATED + 60.0)


def test_pod_evicted_before_it_started_has_not_pushed() -> None:
    read = _read(_pod(started=1.0, phase="Failed"))
    assert read.ended_at == 0.0
    assert not read.may_have_pushed(CREATED + 2.0, tolerance=5.0)


def test_pod_that_has_not_started_has_not_pushed() -> None:
    read = _read(_pod(started=None, phase="Pending"))
    assert read.started_at is None
    assert not read.may_have_pushed(CREATED + 2.0, tolerance=5.0)


def test_owner_of_a_pod_is_its_controller() -> None:
    owners = [{"kind": "Foo", "uid": "other"}, {"kind": "Job", "uid": "job", "controller": True}]
    assert _read(_pod(metadata={"ownerReferences": owners})).owner == "job"
    assert _read(_pod()).owner == "u"
