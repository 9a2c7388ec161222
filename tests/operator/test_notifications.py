"""Which sentences people read about their groups, and how often."""

from __future__ import annotations

import pytest

from tests.operator import object_builders
from tidegate.model import control_api, lifecycle, owners
from tidegate.operator.cache import owner_views
from tidegate.operator.explain import notifications
from tidegate.operator.kube import event_recorder
from tidegate.operator.objects import owner_kinds, served_kinds
from tidegate.operator.planning import planner

JOB = object_builders.job("x")


class _Board:
    def __init__(self) -> None:
        self.said: list[event_recorder.Event] = []
        self.notices = notifications.Notifier(self.said.append, grace=None, on_act=lambda *_: None)

    def lines(self) -> list[tuple[str, str]]:
        return [(announcement.reason.value, announcement.note) for announcement in self.said]


def _deleted(text: str, reason: lifecycle.DeletionReason, *claims: owner_views.OwnerView) -> control_api.DeletedRecord:
    held = {view.uid: object_builders.claim(view) for view in claims}
    return control_api.DeletedRecord(key=object_builders.key(text), revision=9, reason=reason, claims=held)


def test_groups_deleted_together_are_one_event() -> None:
    board = _Board()
    board.notices.deleted([_deleted(f"job=x,n={number}", lifecycle.DeletionReason.DRAINED, JOB) for number in range(5)])
    (line,) = board.lines()
    assert line == (
        "GroupsDeleted",
        'Deleted 5 groups: {job="x",n="0"}, {job="x",n="1"}, {job="x",n="2"} and 2 more '
        "after every active Prometheus had scraped the final values",
    )


def test_a_group_deleted_unread_is_a_warning() -> None:
    board = _Board()
    board.notices.deleted(
        [
            _deleted("job=x", lifecycle.DeletionReason.TIMEOUT, JOB),
            _deleted("job=y", lifecycle.DeletionReason.DRAINED, JOB),
        ]
    )
    assert [announcement.warning for announcement in board.said] == [True, False]


@pytest.mark.parametrize("reason", lifecycle.DeletionReason)
def test_every_reason_has_its_words_and_only_a_timeout_warns(reason: lifecycle.DeletionReason) -> None:
    board = _Board()
    board.notices.deleted([_deleted("job=x", reason, JOB)])
    [announcement] = board.said
    assert announcement.note.startswith('Deleted group {job="x"}')
    assert announcement.warning == (reason is lifecycle.DeletionReason.TIMEOUT)


def test_every_owner_is_told() -> None:
    board = _Board()
    other = object_builders.job("x", namespace="dev")
    board.notices.deleted([_deleted("job=x", lifecycle.DeletionReason.DRAINED, JOB, other)])
    assert [announcement.regarding for announcement in board.said] == [JOB.owner, other.owner]


def test_the_deletion_of_a_group_that_nobody_owned_is_nobodys_news() -> None:
    board = _Board()
    board.notices.deleted([_deleted("job=x", lifecycle.DeletionReason.REQUEST)])
    assert board.said == []


def test_an_annotation_that_cannot_be_read_is_said_once_until_it_changes() -> None:
    board = _Board()
    for policy in ("often", "often", "rarely", "never", "often"):
        board.notices.object_seen(object_builders.job("x", annotations={"tidegate.dev/cleanup": policy}))
    assert [reason for reason, _ in board.lines()] == ["InvalidAnnotation"] * 3
    assert "'rarely'" in board.said[1].note


def test_an_ambiguous_group_is_said_once_to_each_of_its_owners() -> None:
    board = _Board()
    one, other = object_builders.job("x"), object_builders.job("x", namespace="dev")
    third = object_builders.job("x", namespace="test")
    for objects in ((one, other), (one, other), (one, other, third)):
        board.notices.ambiguous(_decisions(*objects))
    assert [announcement.regarding.namespace for announcement in board.said] == ["dev", "prod", "test"]
    assert all(str(third.owner) in announcement.note for announcement in board.said[2:])
    assert all(announcement.warning for announcement in board.said)


def test_an_ambiguity_is_said_again_of_a_group_that_was_deleted_meanwhile() -> None:
    board = _Board()
    ambiguous = _decisions(JOB, object_builders.job("x", namespace="dev"))
    board.notices.ambiguous(ambiguous)
    board.notices.deleted([_deleted("job=x", lifecycle.DeletionReason.REQUEST)])
    board.notices.ambiguous(ambiguous)
    assert len(board.said) == 4


def _decisions(*objects: owner_views.OwnerView) -> list[planner.Decision]:
    return object_builders.plan(object_builders.cache(*objects, holds=[object_builders.group("job=x")])).decisions


def test_an_event_has_what_the_api_server_asks_for() -> None:
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
def test_an_event_refers_to_an_object_as_kubernetes_does(kind: str, reference: dict[str, str]) -> None:
    run = owner_kinds.parse("example.com/v2/runs:status.conditions.Done")
    table = served_kinds.ServedKinds((*owner_kinds.watched_kinds([]), run))
    table.mark_served(run, name="Run.example.com")
    owner = owners.Owner(kind, "prod", "x", owners.Uid("u"))
    announcement = event_recorder.Event(owner, event_recorder.EventReason.DELETED, "Deleted it")
    said = event_recorder.event_body(announcement, kinds=table, now=0.0)["regarding"]
    assert said == {"namespace": "prod", "name": "x", "uid": "u"} | reference


def test_a_note_is_cut_to_what_the_api_server_takes() -> None:
    announcement = event_recorder.Event(JOB.owner, event_recorder.EventReason.DELETED, "ü" * 1_000)
    note = event_recorder.event_body(announcement, kinds=served_kinds.ServedKinds(), now=0.0)["note"]
    assert len(note.encode()) <= 1_024
    assert note.endswith("ü…")
