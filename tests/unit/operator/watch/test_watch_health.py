"""Log lines and metrics about the watch: each reason is logged once, until the whole watch works again."""

from __future__ import annotations

import logging

import prometheus_client
import pytest

from tidegate.aio import clocks
from tidegate.operator import operator_metrics, outage_log
from tidegate.operator.kube import kube_api
from tidegate.operator.watch import kopf_session, watch_health

JOBS, CRONJOBS = "/apis/batch/v1/jobs", "/apis/batch/v1/cronjobs"


class _Scene:
    def __init__(self) -> None:
        self.registry = prometheus_client.CollectorRegistry()
        outage = outage_log.OutageLog("the watch", consequence="so what", clock=clocks.MovableClock())
        self.state = watch_health.WatchHealth(outage=outage, metrics=operator_metrics.OperatorMetrics(self.registry))
        self.state.watch_started([JOBS, CRONJOBS])

    def fails(self, path: str, reason: str) -> kube_api.ApiError:
        error = kube_api.ApiError(f"{reason} at {path}", reason=reason)
        self.state.call_finished(kopf_session.ApiCall(path, is_watch=True, error=error))
        return error

    def works(self, *paths: str) -> None:
        for path in paths:
            self.state.call_finished(kopf_session.ApiCall(path, is_watch=True))

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"tidegate_operator_{name}", labels)


@pytest.fixture
def scene(caplog: pytest.LogCaptureFixture) -> _Scene:
    caplog.set_level(logging.INFO)
    return _Scene()


def test_watch_is_up_when_every_kind_is_watched(scene: _Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.works(JOBS)
    assert scene.metric("watch_up") == 0
    scene.works(CRONJOBS)
    assert scene.metric("watch_up") == 1
    assert caplog.messages == []


def test_reason_is_logged_once_for_all_kinds_and_counted_each_time(
    scene: _Scene, caplog: pytest.LogCaptureFixture
) -> None:
    for path in (JOBS, CRONJOBS, JOBS):
        scene.fails(path, "server")
    assert caplog.messages == [f"the watch failed: server at {JOBS}; so what"]
    assert scene.metric("api_errors_total", reason="server") == 3


def test_missing_permission_is_logged_for_each_kind(scene: _Scene, caplog: pytest.LogCaptureFixture) -> None:
    for path in (JOBS, CRONJOBS, JOBS, CRONJOBS):
        scene.fails(path, "forbidden")
    assert len(caplog.messages) == 2


def test_alternating_reasons_are_logged_once_each(scene: _Scene, caplog: pytest.LogCaptureFixture) -> None:
    for reason in ("server", "unreachable", "server", "unreachable"):
        scene.fails(JOBS, reason)
    assert len(caplog.messages) == 2


def test_watch_works_again_when_every_kind_works(scene: _Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.fails(JOBS, "server")
    scene.fails(CRONJOBS, "server")
    scene.works(JOBS)
    assert len(caplog.messages) == 1
    scene.works(CRONJOBS)
    assert caplog.messages[1:] == ["the watch succeeded again after 0 s"]
    scene.fails(JOBS, "server")
    assert len(caplog.messages) == 3


def test_reason_for_the_end_of_the_watch_is_logged_and_counted_once(
    scene: _Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.state.watch_ended(scene.fails(JOBS, "not-found"))
    assert len(caplog.messages) == 1
    assert scene.metric("api_errors_total", reason="not-found") == 1


def test_restarted_watch_works_again_only_after_it_is_stable(scene: _Scene, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        scene.works(JOBS, CRONJOBS)
        scene.state.watch_ended(kube_api.ApiError("garbled", reason="garbled"))
        scene.state.watch_started([JOBS, CRONJOBS])
    assert caplog.messages == ["the watch failed: garbled; so what"]
    scene.works(JOBS, CRONJOBS)
    scene.state.watch_stable()
    assert caplog.messages[1:] == ["the watch succeeded again after 0 s"]


def test_unexpected_end_of_the_watch_asks_for_a_bug_report(scene: _Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.state.watch_ended(ZeroDivisionError("x"))
    assert caplog.messages == [
        "the watch failed: kopf stopped (ZeroDivisionError: x); this is a bug, please report it; so what"
    ]
    assert scene.metric("api_errors_total", reason="kopf") == 1


def test_missing_resource_that_is_not_watched_is_ignored(scene: _Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.fails("/apis/example.com/v1", "not-found")
    scene.works(JOBS, CRONJOBS)
    assert (caplog.messages, scene.metric("watch_up")) == ([], 1)
