"""The queue of groups to plan: without duplicates, and "all groups" replaces single ones."""

from __future__ import annotations

from tests.support.operator import object_builders
from tidegate.operator.planning import work_queue

A, B = object_builders.key("job=a"), object_builders.key("job=b")


def test_new_queue_is_empty() -> None:
    queue = work_queue.WorkQueue()
    assert not queue.not_empty.is_set()
    assert queue.size(group_count=5) == 0
    assert queue.take() == set()


def test_queue_holds_each_group_once() -> None:
    queue = work_queue.WorkQueue()
    queue.add([A])
    queue.add([A, B])
    assert queue.not_empty.is_set()
    assert queue.size(group_count=5) == 2
    assert queue.take() == {A, B}


def test_taken_groups_are_no_longer_queued() -> None:
    queue = work_queue.WorkQueue()
    queue.add([A])
    queue.add_all()
    queue.take()
    assert not queue.not_empty.is_set()
    assert queue.size(group_count=5) == 0
    assert queue.take() == set()


def test_adding_no_groups_does_not_wake_the_planner() -> None:
    queue = work_queue.WorkQueue()
    queue.add([])
    assert not queue.not_empty.is_set()


def test_all_groups_are_planned_after_a_request_for_all() -> None:
    queue = work_queue.WorkQueue()
    queue.add([A])
    queue.add_all()
    assert queue.not_empty.is_set()
    assert queue.size(group_count=5) == 5
    assert queue.take() is None
