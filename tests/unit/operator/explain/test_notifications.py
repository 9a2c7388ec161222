"""Events about groups: their texts and how often they are sent."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders
from tidegate.model import control_api, lifecycle, owners, reason_texts, reasons
from tidegate.operator.cache import owner_views
from tidegate.operator.explain import notifications
from tidegate.operator.kube import event_recorder
from tidegate.operator.objects import owner_kinds, served_kinds
from tidegate.operator.planning import drain_planner

JOB = object_builders.job("x")


class _Recorder:
    def __init__(self) -> None:
        self.events: list[event_recorder.Event] = []
        self.notifier = notifications.Notifier(self.events.append, grace=None, on_act=lambda *_: None)

    def lines(self) -> list[tuple[str, str]]:
        return [(announcement.reason.value, announcement.note) for announcement in self.events]


def _deleted(text: str, reason: lifecycle.DeletionReason, *claims: owner_views.OwnerView) -> control_api.DeletedRecord:
    claims_by_uid = {view.uid: object_builders.claim(view) for view in claims}
    return control_api.DeletedRecord(key=object_builders.key(text), revision=9, reason=reason, claims=claims_by_uid)


def test_groups_deleted_together_are_one_event() -> None:
    recorder = _Recorder()
    recorder.notifier.deleted(
        [_deleted(f"job=x,n={number}", lifecycle.DeletionReason.DELIVERED, JOB) for number in range(5)]
    )
    keys = [object_builders.key(f"job=x,n={number}") for number in range(5)]
    deleted = reasons.reason(reasons.Code.EVENT_DELETED_DELIVERED, keys=keys)
    assert recorder.lines() == [("GroupsDeleted", reason_texts.text(deleted))]


def test_deletion_of_an_unread_group_is_a_warning() -> None:
    recorder = _Recorder()
    recorder.notifier.deleted(
        [
            _deleted("job=x", lifecycle.DeletionReason.TIMEOUT, JOB),
            _deleted("job=y", lifecycle.DeletionReason.DELIVERED, JOB),
        ]
    )
    assert [announcement.warning for announcement in recorder.events] == [True, False]


@pytest.mark.parametrize("reason", lifecycle.DeletionReason)
def test_every_reason_has_a_text_and_only_a_timeout_is_a_warning(reason: lifecycle.DeletionReason) -> None:
    recorder = _Recorder()
    recorder.notifier.deleted([_deleted("job=x", reason, JOB)])
    [announcement] = recorder.events
    assert announcement.note.startswith('Deleted group {job="x"}')
    assert announcement.warning == (reason is lifecycle.DeletionReason.TIMEOUT)


def test_every_owner_gets_an_event() -> None:
    recorder = _Recorder()
    other = object_builders.job("x", namespace="dev")
    recorder.notifier.deleted([_deleted("job=x", lifecycle.DeletionReason.DELIVERED, JOB, other)])
    assert [announcement.regarding for announcement in recorder.events] == [JOB.owner, other.owner]


def test_deletion_of_an_unowned_group_sends_no_event() -> None:
    recorder = _Recorder()
    recorder.notifier.deleted([_deleted("job=x", lifecycle.DeletionReason.REQUEST)])
    assert recorder.events == []


def test_invalid_annotation_is_reported_once_until_it_changes() -> None:
    recorder = _Recorder()
    for policy in ("often", "often", "rarely", "never", "often"):
        recorder.notifier.object_seen(object_builders.job("x", annotations={"tidegate.dev/cleanup": policy}))
    assert [reason for reason, _ in recorder.lines()] == ["InvalidAnnotation"] * 3
    assert "'rarely'" in recorder.events[1].note


def test_ambiguous_group_is_reported_once_to_each_owner() -> None:
    recorder = _Recorder()
    one, other = object_builders.job("x"), object_builders.job("x", namespace="dev")
    third = object_builders.job("x", namespace="test")
    for objects in ((one, other), (one, other), (one, other, third)):
        recorder.notifier.ambiguous(_decisions(*objects))
    assert [announcement.regarding.namespace for announcement in recorder.events] == ["dev", "prod", "test"]
    assert all(str(third.owner) in announcement.note for announcement in recorder.events[2:])
    assert all(announcement.warning for announcement in recorder.events)


def test_ambiguous_group_is_reported_again_after_it_was_deleted() -> None:
    recorder = _Recorder()
    ambiguous = _decisions(JOB, object_builders.job("x", namespace="dev"))
    recorder.notifier.ambiguous(ambiguous)
    recorder.notifier.deleted([_deleted("job=x", lifecycle.DeletionReason.REQUEST)])
    recorder.notifier.ambiguous(ambiguous)
    assert len(recorder.events) == 4


def _decisions(*objects: owner_views.OwnerView) -> list[drain_planner.Decision]:
    return object_builders.plan(object_builders.cache(*objects, holds=[object_builders.group("job=x")])).decisions


def test_event_has_the_fields_that_the_api_server_requires() -> None:
    announcement = event_recorder.Event(JOB.owner, event_recorder.EventReason.DELETED, "Deleted it", warning=True)
    event = event_recorder.event_body(announcement, kinds=served_kinds.ServedKinds(), now=object_builders.START + 0.25)
    assert event["eventTime"] == "2023-11-14T22:13:20.250000Z"
    assert event["regarding"] == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "namespace": "prod",
        "name": "x",
        "uid": "prod-x-uid",
    }
    assert (event["type"], event["reason"], event["action"]) == ("Warning", "GroupsDeleted", "Delete")


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        pytest.param("Pod", {"apiVersion": "v1", "kind": "Pod"}, id="of the core group"),
        pytest.param("CronJob", {"apiVersion": "batch/v1", "kind": "CronJob"}, id="of Jobs' group"),
        pytest.param(
            "Workflow.argoproj.io", {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}, id="watched by no flag"
        ),
        pytest.param("Run.example.com", {"apiVersion": "example.com/v2", "kind": "Run"}, id="watched"),
        pytest.param("Walk.example.com", {"kind": "Walk"}, id="watched once"),
    ],
)
def test_event_refers_to_an_object_as_kubernetes_does(kind: str, reference: dict[str, str]) -> None:
    run = owner_kinds.parse("example.com/v2/runs:status.conditions.Done")
    table = served_kinds.ServedKinds((*owner_kinds.watched_kinds([]), run))
    table.mark_served(run, name="Run.example.com")
    owner = owners.Owner(kind, "prod", "x", owners.Uid("u"))
    announcement = event_recorder.Event(owner, event_recorder.EventReason.DELETED, "Deleted it")
    regarding = event_recorder.event_body(announcement, kinds=table, now=0.0)["regarding"]
    assert regarding == {"namespace": "prod", "name": "x", "uid": "u"} | reference


def test_note_is_truncated_to_the_limit_of_the_api_server() -> None:
    announcement = event_recorder.Event(JOB.owner, event_recorder.EventReason.DELETED, "ü" * 1_000)
    note = event_recorder.event_body(announcement, kinds=served_kinds.ServedKinds(), now=0.0)["note"]
    assert len(note.encode()) <= 1_024
    assert note.endswith("ü…")
