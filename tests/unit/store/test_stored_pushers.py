"""The store remembers the pushers of each group, with and without a file."""

from __future__ import annotations

import contextlib
import tracemalloc
from pathlib import Path

import pytest

from tests.support.store import persistent_stores, store_builders
from tidegate.aio import clocks
from tidegate.exposition.text import parser, repeated_bodies
from tidegate.model import control_api, errors, grouping
from tidegate.store import interface

A, B = store_builders.key(job="a"), store_builders.key(job="b")
ONE, TWO = "10.0.0.1", "10.0.0.2"


async def _push(
    store: interface.Store, pusher: str | None, *, key: grouping.GroupingKey = A, value: int = 1, more: str = ""
) -> bool:
    """Whether the store knew the push by its shape."""
    body = f"g {value}\n{more}".encode()
    split_body = repeated_bodies.split(body)
    assert split_body is not None
    if await store.repeat(key, split_body, replace=True, pusher=pusher):
        return True
    await store.push(key, parser.parse(body), replace=True, split_body=split_body, pusher=pusher)
    return False


async def _known_by_its_shape(store: interface.Store, pusher: str | None) -> None:
    for value in range(3):
        known = await _push(store, pusher, value=value)
    assert known


async def test_record_of_a_group_has_its_pushers_latest_first(store: interface.Store) -> None:
    for number in range(6):
        await _push(store, f"10.0.0.{number}", more=f"h{number} 1\n")
    await _push(store, "10.0.0.4", more="h4 1\n")
    assert store_builders.record(store, A).pushers == ("10.0.0.4", "10.0.0.5", "10.0.0.3", "10.0.0.2")


async def test_pusher_of_a_repeated_push_is_remembered(store: interface.Store) -> None:
    await _known_by_its_shape(store, ONE)
    assert await _push(store, TWO)
    assert store_builders.record(store, A).pushers == (TWO, ONE)


async def test_push_of_the_same_values_by_another_pusher_is_a_change(store: interface.Store) -> None:
    await _known_by_its_shape(store, ONE)
    since = store.revision
    assert await _push(store, TWO, value=2)
    (changed,) = store.changes(epoch=store.epoch, since=since, limit=10).groups
    assert changed.pushers == (TWO, ONE)
    assert changed.revision > since


async def test_each_group_has_its_own_pushers(store: interface.Store) -> None:
    await _push(store, ONE)
    await _push(store, TWO, key=B)
    assert (store_builders.record(store, A).pushers, store_builders.record(store, B).pushers) == ((ONE,), (TWO,))


async def test_push_without_an_address_keeps_the_remembered_pushers(store: interface.Store) -> None:
    await _push(store, None)
    assert store_builders.record(store, A).pushers == ()
    await _push(store, ONE)
    await _push(store, None)
    assert store_builders.record(store, A).pushers == (ONE,)


async def test_pusher_of_a_rejected_push_is_not_remembered(store: interface.Store) -> None:
    await _push(store, ONE)
    for key in (A, B):
        with pytest.raises(errors.InconsistentPushError):
            await store.push(key, parser.parse(b"g 1\ng 2\n"), replace=True, pusher=TWO)
    assert (store_builders.record(store, A).pushers, store_builders.record(store, B).pushers) == ((ONE,), ())


async def test_group_pushed_again_after_its_deletion_starts_from_nothing(store: interface.Store) -> None:
    await _push(store, ONE)
    await store.delete(A)
    await _push(store, TWO)
    assert store_builders.record(store, A).pushers == (TWO,)


async def test_page_of_changes_has_the_time_of_the_clock_of_push_times() -> None:
    clock = clocks.MovableClock()
    store = store_builders.store(clock=clock)
    await _push(store, ONE)
    clock.advance(5.0)
    page = store.changes(epoch=None, since=0, limit=10)
    assert page.now == page.groups[0].push_time + 5.0


async def test_push_from_the_same_address_takes_no_memory(store: interface.Store) -> None:
    await _known_by_its_shape(store, ONE)
    before = store.summary(A)
    for value in range(20):
        # Each connection makes a text of its own.
        assert await _push(store, "".join(["10.0.0", ".1"]), value=value)
    after = store.summary(A)
    assert before is not None
    assert after is not None
    assert after.pushers is before.pushers


async def test_group_pushed_from_many_addresses_does_not_grow() -> None:
    store = store_builders.store()
    sizes = []
    tracemalloc.start()
    try:
        for number in range(12_000):
            await _push(store, f"10.1.{number // 250}.{number % 250}")
            if number in (9_999, 11_999):
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    # From now on each address only replaces another one.
    assert sizes[1] - sizes[0] < 10_000
    assert len(store_builders.record(store, A).pushers) == 4


@pytest.mark.parametrize("ended", ["closed", "killed"])
async def test_pushers_survive_a_restart(path: Path, ended: str) -> None:
    async with persistent_stores.opened(path) as store:
        await _known_by_its_shape(store, ONE)
        assert await _push(store, TWO)
        await _push(store, None, key=B)
        left = persistent_stores.killed(path) if ended == "killed" else path
    async with persistent_stores.opened(left) as again:
        assert (store_builders.record(again, A).pushers, store_builders.record(again, B).pushers) == ((TWO, ONE), ())


async def test_pushers_are_remembered_across_restarts(path: Path) -> None:
    for pusher in (ONE, TWO, ONE, "2001:db8::1"):
        async with persistent_stores.opened(path) as store:
            await _push(store, pusher)
    async with persistent_stores.opened(path) as store:
        assert store_builders.record(store, A).pushers == ("2001:db8::1", ONE, TWO)


async def test_claim_or_rejected_push_keeps_the_pushers_in_the_file(path: Path) -> None:
    async with persistent_stores.opened(path) as store:
        await _push(store, ONE)
        await store.apply([control_api.ClaimGroup(key=A, claim=persistent_stores.claim(persistent_stores.OWNERS[0]))])
        with contextlib.suppress(errors.InconsistentPushError):
            await store.push(A, parser.parse(b"g 1\ng 2\n"), replace=True, pusher=TWO)
    async with persistent_stores.opened(path) as store:
        assert store_builders.record(store, A).pushers == (ONE,)
        assert store_builders.record(store, A).claims.keys() == {persistent_stores.OWNERS[0].uid}
