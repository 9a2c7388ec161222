"""Summaries of groups, push rates and recent deletions."""

from __future__ import annotations

from tests.support.store import proof_builders, store_builders
from tidegate.aio import clocks
from tidegate.model import control_api, lifecycle, owners
from tidegate.store import group_store, interface

A, B = store_builders.key(job="a"), store_builders.key(job="b")
OWNER = owners.Owner("Job", "default", "a", owners.Uid("u"))


async def _push(store: group_store.GroupStore, *, value: float = 1, pusher: str | None = None) -> None:
    two = {
        **store_builders.family("x", store_builders.number(value)),
        **store_builders.family("y", store_builders.number(1, n="1")),
    }
    await store.push(A, two, replace=True, pusher=pusher)


async def test_summary_has_everything_of_a_group_but_its_metrics() -> None:
    clock = clocks.MovableClock()
    store = store_builders.store(clock=clock)
    await _push(store, pusher="10.0.0.1")
    summary = store.summary(A)
    assert summary is not None
    assert (summary.key, summary.push_time, summary.push_failure_time) == (A, clock.wall(), 0.0)
    assert (summary.families, summary.series, summary.pushers) == (2, 2, ("10.0.0.1",))
    assert summary.life.state is lifecycle.State.LIVE


async def test_missing_group_has_no_summary() -> None:
    assert store_builders.store().summary(A) is None


async def test_pushes_are_counted_in_half_hours_from_the_first_push() -> None:
    clock = clocks.MovableClock()
    store = store_builders.store(clock=clock)
    await _push(store)
    assert sum(store.push_rate(A, now=clock.wall())) == 1
    clock.advance(3600)
    await _push(store)
    await _push(store)
    assert store.push_rate(A, now=clock.wall())[-3:] == [1, 0, 2]


async def test_missing_group_has_no_pushes() -> None:
    assert not any(store_builders.store().push_rate(A, now=0.0))


async def test_recent_deletions_are_newest_first_with_time_reason_and_owners() -> None:
    clock = clocks.MovableClock()
    store = store_builders.store(clock=clock)
    for key in (A, B):
        await store.push(key, store_builders.family("x", store_builders.number(1)), replace=True)
    await store.apply([control_api.ClaimGroup(A, owners.Claim(OWNER, drain_timeout=0.0))])
    await store.apply([control_api.StartDrain(A, (OWNER.uid,), pushed_revision=1, drain_timeout=0.0)])
    assert store.draining_keys() == [A]
    await store.sweep(proof_builders.delivered(None), now=clock.monotonic())
    clock.advance(1)
    await store.delete(B)
    last, first = store.recent_deletions()
    assert (last.at, last.record.key, last.record.reason) == (clock.wall(), B, lifecycle.DeletionReason.REQUEST)
    assert (first.at, first.record.key, first.record.reason) == (clock.wall() - 1, A, lifecycle.DeletionReason.TIMEOUT)
    assert [claim.owner for claim in first.record.claims.values()] == [OWNER]
    assert store.draining_keys() == []


async def test_only_a_limited_number_of_deletions_is_remembered() -> None:
    store = store_builders.store()
    for number in range(interface.RECENT_DELETIONS + 1):
        key = store_builders.key(job=str(number))
        await store.push(key, store_builders.family("x", store_builders.number(1)), replace=True)
        await store.delete(key)
    told = store.recent_deletions()
    assert len(told) == interface.RECENT_DELETIONS
    assert told[-1].record.key == store_builders.key(job="1")
