"""A broadcast wakes the tasks that wait at that moment, and no later ones."""

from __future__ import annotations

from tidegate.aio import broadcasts


def test_all_waiting_tasks_are_woken_once() -> None:
    broadcast = broadcasts.Broadcast()
    one, two = broadcast.next(), broadcast.next()
    broadcast.fire()
    assert one.is_set()
    assert two.is_set()
    assert not broadcast.next().is_set()


def test_broadcast_without_waiting_tasks_has_no_effect() -> None:
    broadcast = broadcasts.Broadcast()
    broadcast.fire()
    assert not broadcast.next().is_set()
