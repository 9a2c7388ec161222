"""A full disk: pushes are rejected, no acknowledged push is lost, and the store recovers by itself."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.store import persistent_stores, proof_builders, store_builders
from tidegate.aio import clocks
from tidegate.exposition.text import parser, repeated_bodies
from tidegate.model import control_api, errors, grouping, lifecycle, owners
from tidegate.store import group_store

KEY, OTHER = store_builders.key(job="a"), store_builders.key(job="b")
BODY = b"g{n=\"1\"} 1\ng{n=\"2\"} 1\n"  # fmt: skip


def _connection(store: group_store.GroupStore) -> sqlite3.Connection:
    return persistent_stores.journal(store)._database._connection


@contextlib.contextmanager
def _full(store: group_store.GroupStore) -> Iterator[None]:
    """No page more than there is."""
    connection = _connection(store)
    before = connection.execute("PRAGMA max_page_count").fetchone()[0]
    # Only pages of the write-ahead log count, so the free pages must be filled first.
    connection.execute("PRAGMA max_page_count = 1")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA max_page_count = {before}")


@contextlib.contextmanager
def _read_only(store: group_store.GroupStore) -> Iterator[None]:
    _connection(store).execute("PRAGMA query_only = ON")
    try:
        yield
    finally:
        _connection(store).execute("PRAGMA query_only = OFF")


async def _push(store: group_store.GroupStore, key: grouping.GroupingKey, value: int, *, size: int = 0) -> None:
    body = BODY.replace(b" 1\n", f" {value}\n".encode()) + _large(size)
    split_body = repeated_bodies.split(body)
    assert split_body is not None
    pusher = f"10.0.0.{value}"
    if not await store.repeat(key, split_body, replace=True, pusher=pusher):
        await store.push(key, parser.parse(body), replace=True, split_body=split_body, pusher=pusher)


def _large(size: int) -> bytes:
    """A series of so many bytes, or none."""
    labels = ",".join(f'l{at}="{"x" * min(5_000, size - at)}"' for at in range(0, size, 5_000))
    return f"h{{{labels}}} 1\n".encode() if size else b""


CHANGES: dict[str, Callable[[group_store.GroupStore], Awaitable[object]]] = {
    "a push": lambda store: _push(store, KEY, 7, size=20_000),
    "a push of a known shape": lambda store: _push(store, KEY, 7),
    "a first push": lambda store: _push(store, store_builders.key(job="new"), 7, size=20_000),
    "a push that is inconsistent": lambda store: store.push(
        store_builders.key(job="new"),
        store_builders.family("g", store_builders.number(1.0), store_builders.number(1.0)),
        replace=True,
    ),
    "a delete": lambda store: store.delete(KEY),
    "a claim": lambda store: store.apply(
        [control_api.ClaimGroup(key=KEY, claim=owners.Claim(persistent_stores.OWNERS[0], 9.0))]
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_change_that_cannot_be_written_is_rejected_and_rolled_back(
    change: Callable[[group_store.GroupStore], Awaitable[object]], tmp_path: Path
) -> None:
    path, counting = tmp_path / "groups", persistent_stores.Counting()
    async with persistent_stores.opened(path, observer=counting) as store:
        before = await _filled(store)
        with _read_only(store):
            with pytest.raises(errors.StorageError, match=r"cannot be written .*readonly"):
                await change(store)
            assert await _unchanged(store, before)
            with pytest.raises(errors.StorageError, match="cannot be written"):
                await _push(store, OTHER, 9)
            assert await _unchanged(store, before)
            assert _apart_from_revisions(
                await persistent_stores.shown_of_file(persistent_stores.killed(path))
            ) == _apart_from_revisions(before)
        await _recovered(store)
        assert await _unchanged(store, before)
        await _push(store, KEY, 8)
        after = await persistent_stores.shown(store)
    assert counting.failures >= 1
    async with persistent_stores.opened(path) as again:
        assert await persistent_stores.shown(again) == after


@pytest.mark.parametrize("key", [KEY, store_builders.key(job="new")], ids=["a push", "a first push"])
async def test_change_that_does_not_fit_on_a_full_disk_is_rejected(key: grouping.GroupingKey, tmp_path: Path) -> None:
    async with persistent_stores.opened(tmp_path / "groups") as store:
        before = await _filled(store)
        with _full(store):
            with pytest.raises(errors.StorageError, match="database or disk is full"):
                await _push(store, key, 7, size=20_000)
            assert await _unchanged(store, before)
        await _recovered(store)
        await _push(store, key, 7, size=20_000)
        after = await persistent_stores.shown(store)
    assert await persistent_stores.shown_of_file(tmp_path / "groups") == after


async def test_changes_recorded_while_a_batch_fails_fail_with_it(tmp_path: Path) -> None:
    async with persistent_stores.opened(tmp_path / "groups") as store:
        before = await _filled(store)
        with _read_only(store):
            first = asyncio.ensure_future(_push(store, KEY, 7))
            await asyncio.sleep(0)  # It is under way to the file.
            await asyncio.sleep(0)
            others = [asyncio.ensure_future(_push(store, store_builders.key(job=name), 1)) for name in "xyz"]
            others.append(asyncio.ensure_future(_push(store, KEY, 8)))
            outcomes = await asyncio.gather(first, *others, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {errors.StorageError}
            assert await _unchanged(store, before)
        await _recovered(store)


async def test_scraper_that_read_a_rolled_back_change_has_not_read_the_restored_group(tmp_path: Path) -> None:
    clock = clocks.MovableClock()
    async with persistent_stores.opened(tmp_path / "groups", clock=clock) as store:
        await _filled(store)
        await store.apply([control_api.ClaimGroup(key=KEY, claim=owners.Claim(persistent_stores.OWNERS[0], 9.0))])
        with _read_only(store):
            with pytest.raises(errors.StorageError):
                await _push(store, KEY, 7)
            dirty = store.revision - 1
        await _recovered(store)
        view = store.group(KEY)
        assert view is not None
        assert view.life.pushed_revision > dirty
        over, pushed = (persistent_stores.OWNERS[0].uid,), view.life.pushed_revision
        await store.apply([control_api.StartDrain(key=KEY, finished=over, pushed_revision=pushed, drain_timeout=9.0)])
        assert (await store.sweep(proof_builders.delivered(dirty), now=clock.monotonic())).deleted == []
        (deleted,) = (await store.sweep(proof_builders.delivered(pushed), now=clock.monotonic())).deleted
        assert deleted.reason is lifecycle.DeletionReason.DELIVERED


async def test_due_group_is_deleted_once_the_file_can_be_written_again(tmp_path: Path) -> None:
    clock, tracked = clocks.MovableClock(), owners.Claim(persistent_stores.OWNERS[0], 9.0)
    async with persistent_stores.opened(tmp_path / "groups", clock=clock) as store:
        await _filled(store)
        view = store.group(KEY)
        assert view is not None
        pushed = view.life.pushed_revision
        retire = control_api.StartDrain(
            key=KEY, finished=(persistent_stores.OWNERS[0].uid,), pushed_revision=pushed, drain_timeout=9.0
        )
        assert await store.apply([control_api.ClaimGroup(key=KEY, claim=tracked), retire]) == [None, None]
        clock.advance(9.0)
        with _read_only(store), pytest.raises(errors.StorageError):
            await store.sweep(proof_builders.delivered(None), now=clock.monotonic())
        assert KEY in store.grouping_keys()
        await _recovered(store)
        # The group was rolled back and counts as pushed again, so the operator must retire it again.
        again = store.group(KEY)
        assert again is not None
        retire = control_api.StartDrain(
            key=KEY,
            finished=(persistent_stores.OWNERS[0].uid,),
            pushed_revision=again.life.pushed_revision,
            drain_timeout=9.0,
        )
        assert await store.apply([retire]) == [None]
        assert len((await store.sweep(proof_builders.delivered(None), now=clock.monotonic())).deleted) == 1
    async with persistent_stores.opened(tmp_path / "groups") as store:
        assert store.grouping_keys() == [OTHER]


async def test_progress_of_scrapers_is_stored_once_the_file_can_be_written_again(tmp_path: Path) -> None:
    reading = proof_builders.reading("10.0.0.1", 3, last_seen=2.0)
    async with persistent_stores.opened(tmp_path / "groups") as store:
        await _filled(store)
        with _read_only(store):
            store.record_reader(reading)
            with pytest.raises(errors.StorageError):
                await _push(store, KEY, 7)
        await _recovered(store)
    async with persistent_stores.opened(tmp_path / "groups") as store:
        assert store.restored_readers().progress == [reading]


async def test_store_closes_although_its_file_cannot_be_written(tmp_path: Path) -> None:
    async with persistent_stores.opened(tmp_path / "groups") as store:
        before = await _filled(store)
        _connection(store).execute("PRAGMA query_only = ON")
        with pytest.raises(errors.StorageError):
            await _push(store, KEY, 7)
    shown = await persistent_stores.shown_of_file(tmp_path / "groups")
    assert _apart_from_revisions(shown) == _apart_from_revisions(before)


async def _filled(store: group_store.GroupStore) -> dict[str, object]:
    for value in (1, 2, 3):
        await _push(store, KEY, value)
    await _push(store, OTHER, 4)
    return await persistent_stores.shown(store)


async def _unchanged(store: group_store.GroupStore, before: dict[str, object]) -> bool:
    """Return the group without its push: a group that was rolled back counts as pushed again."""
    return _apart_from_revisions(await persistent_stores.shown(store)) == _apart_from_revisions(before)


def _apart_from_revisions(shown: dict[str, object]) -> dict[str, object]:
    found = shown["lives"]
    assert isinstance(found, dict)
    return {**shown, "lives": {key: (life.claims, life.drain, life.expires) for key, life in found.items()}}


async def _recovered(store: group_store.GroupStore) -> None:
    async def writable() -> bool:
        return persistent_stores.journal(store).writable

    await waiting.eventually_async(writable, why="the file to be written again", interval=persistent_stores.SOON)
