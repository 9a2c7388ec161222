"""Guarantees of the store's interface that HTTP clients do not see."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.store import store_builders
from tidegate.aio import clocks
from tidegate.model import errors, families, lifecycle
from tidegate.store import interface

A = store_builders.key(job="a")
LARGE = store_builders.family("x", *(store_builders.number(number, n=str(number)) for number in range(5_000)))


async def test_large_push_does_not_block_others_and_is_applied_at_once_with_its_time() -> None:
    clock = clocks.MovableClock()
    store = store_builders.store(clock=clock)
    large = asyncio.create_task(store.push(A, LARGE, replace=True))
    await asyncio.sleep(0)
    await store.push(A, store_builders.family("y", store_builders.number(1)), replace=True)
    assert not large.done()
    clock.advance(5)
    await large
    view = store.group(A)
    assert view is not None
    assert set(view.families) == {"x", *interface.TIMES}
    assert view.families["x"].page.text.count(b"\n") == 5_000
    assert view.push_time == clock.wall()


async def test_one_of_two_large_pushes_of_the_same_series_is_rejected() -> None:
    store = store_builders.store()
    keys = (A, store_builders.key(job="a", instance=""))
    landed = await asyncio.gather(*(store.push(key, LARGE, replace=True) for key in keys), return_exceptions=True)
    assert [type(result) for result in landed if result is not None] == [errors.InconsistentPushError]


async def test_later_changes_do_not_alter_a_view() -> None:
    store = store_builders.store()
    await store.push(A, store_builders.family("x", store_builders.number(1)), replace=True)
    view, snapshot = store.group(A), store_builders.done(store.snapshot())
    assert view is not None
    shown = (view.families["x"].page.text, snapshot.revision, snapshot.families[-1].pages[0].text)
    await store.push(A, store_builders.family("x", store_builders.number(2)), replace=True)
    await store.delete(A)
    assert (view.families["x"].page.text, snapshot.revision, snapshot.families[-1].pages[0].text) == shown


async def test_every_change_is_one_revision_and_sets_the_event() -> None:
    store = store_builders.store()
    for number in range(3):
        changed = store.next_change()
        assert not changed.is_set()
        match number:
            case 0 | 1:
                await store.push(A, store_builders.family("x", store_builders.number(number)), replace=number == 0)
            case _:
                await store.delete(A)
        assert changed.is_set()
        assert store.revision == number + 1


async def test_deletion_of_a_missing_group_changes_nothing() -> None:
    store = store_builders.store()
    changed = store.next_change()
    assert await store.delete(A) is False
    assert store.revision == 0
    assert not changed.is_set()


async def test_two_stores_have_different_epochs() -> None:
    assert store_builders.store().epoch != store_builders.store().epoch


async def test_iteration_leaves_out_groups_deleted_meanwhile() -> None:
    store = store_builders.store()
    keys = [store_builders.key(job=name) for name in "abc"]
    for key in keys:
        await store.push(key, {}, replace=True)
    walk = interface.iterate(store)
    assert next(walk).key == keys[0]
    await store.delete(keys[1])
    assert [view.key for view in walk] == [keys[2]]


async def test_rejected_push_keeps_the_group_unchanged() -> None:
    store = store_builders.store()
    await store.push(A, store_builders.family("x", store_builders.number(1)), replace=True)
    before = store.group(A)
    timed = families.Metric((), 2.0, timestamp_ms=1)
    with pytest.raises(errors.InconsistentPushError, match="timestamps"):
        await store.push(A, store_builders.family("x", timed), replace=True)
    after = store.group(A)
    assert before is not None
    assert after is not None
    assert after.families["x"] == before.families["x"]
    assert after.life == before.life
    assert after.push_time == before.push_time
    assert after.push_failure_time > 0


async def test_groups_are_counted_by_state() -> None:
    store = store_builders.store()
    await store.push(A, {}, replace=True)
    assert store.states() == {lifecycle.State.LIVE: 1, lifecycle.State.DRAINING: 0}
    await store.delete(A)
    assert store.states() == {lifecycle.State.LIVE: 0, lifecycle.State.DRAINING: 0}
