"""A store with a file has its last acknowledged state after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.differential import protobuf_cases
from tests.support.store import persistent_stores, store_builders, templated_bodies
from tidegate.aio import clocks
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.text import parser, repeated_bodies
from tidegate.model import control_api, errors, grouping, lifecycle, owners
from tidegate.store import group_store

_PUSHES = st.tuples(
    st.just("push"),
    st.sampled_from(templated_bodies.KEYS),
    st.builds(
        templated_bodies.spell,
        st.sampled_from(templated_bodies.TEMPLATES),
        st.lists(
            st.sampled_from(templated_bodies.NUMBERS[:4]) | st.sampled_from(templated_bodies.NUMBERS),
            min_size=9,
            max_size=9,
        ),
    ),
    st.booleans(),
    st.sampled_from([None, None, 30.0]),
    st.sampled_from([None, *(f"10.0.0.{number}" for number in range(6))]),
)
_OTHERS = st.tuples(
    st.sampled_from(["delete", "claim", "release", "retire", "sweep", "scrape", "kill"]),
    st.sampled_from(templated_bodies.KEYS),
    st.sampled_from(persistent_stores.OWNERS),
)


class World:
    """One file, and the store that has it open now."""

    def __init__(self, store: group_store.GroupStore, clock: clocks.MovableClock) -> None:
        self.store = store
        self.clock = clock

    async def do(self, action: str, key: grouping.GroupingKey, *rest: Any) -> None:
        self.clock.advance(1.0)
        await getattr(self, action)(key, *rest)

    async def push(
        self,
        key: grouping.GroupingKey,
        pushed: bytes,
        replace: bool,
        ttl: float | None,
        pusher: str | None = None,
    ) -> None:
        split_body = repeated_bodies.split(pushed)
        assert split_body is not None
        try:
            if not await self.store.repeat(key, split_body, replace=replace, ttl=ttl, pusher=pusher):
                families = parser.parse(pushed)
                await self.store.push(key, families, replace=replace, ttl=ttl, split_body=split_body, pusher=pusher)
        except (errors.BadExpositionError, errors.InconsistentPushError):
            return

    async def delete(self, key: grouping.GroupingKey, _: owners.Owner) -> None:
        await self.store.delete(key)

    async def claim(self, key: grouping.GroupingKey, owner: owners.Owner) -> None:
        await self.store.apply([control_api.ClaimGroup(key=key, claim=persistent_stores.claim(owner))])

    async def release(self, key: grouping.GroupingKey, owner: owners.Owner) -> None:
        await self.store.apply([control_api.ReleaseGroup(key=key, uid=owner.uid)])

    async def retire(self, key: grouping.GroupingKey, _: owners.Owner) -> None:
        view = self.store.group(key)
        pushed = 0 if view is None else view.life.pushed_revision
        over = tuple(owner.uid for owner in persistent_stores.OWNERS)
        await self.store.apply(
            [control_api.StartDrain(key=key, finished=over, pushed_revision=pushed, drain_timeout=9.0)]
        )

    async def sweep(self, _: grouping.GroupingKey, owner: owners.Owner) -> None:
        read = self.store.revision if owner is persistent_stores.OWNERS[0] else None
        await self.store.sweep(read_revision=read, now=self.clock.monotonic())

    async def scrape(self, *_: object) -> None:
        await self.store.snapshot()


@settings(max_examples=150)
@given(st.lists(_PUSHES | _OTHERS, max_size=25))
def test_every_change_survives_a_kill(actions: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_live_through(Path(folder), actions))


async def _live_through(folder: Path, actions: Sequence[tuple[Any, ...]]) -> None:
    """Do all this, and at each kill go on with what a killed process leaves."""
    clock, path, left = clocks.MovableClock(), folder / "groups", list(actions)
    while True:
        async with persistent_stores.opened(path, clock=clock) as store:
            world = World(store, clock)
            while left and left[0][0] != "kill":
                await world.do(*left.pop(0))
            before = await persistent_stores.shown(store)
            path = persistent_stores.killed(path)
        async with persistent_stores.opened(path, clock=clock) as again:
            assert await persistent_stores.shown(again) == before
            assert again.revision >= store.revision
            assert again.epoch != store.epoch
        if not left:
            return
        del left[0]


@pytest.mark.parametrize("pushed", protobuf_cases.BODIES.values(), ids=protobuf_cases.BODIES)
async def test_protobuf_only_values_survive_a_restart(pushed: bytes, tmp_path: Path) -> None:
    path, key = tmp_path / "groups", store_builders.key(job="a", **{"not plain": "x"})
    async with persistent_stores.opened(path) as store:
        with contextlib.suppress(errors.BadRequestError):
            await store.push(key, decoder.parse(pushed, utf8_names=True), replace=True)
        before = await persistent_stores.shown(store)
    async with persistent_stores.opened(path) as store:
        assert await persistent_stores.shown(store) == before


async def test_draining_group_is_deleted_after_a_restart_at_its_deadline(tmp_path: Path) -> None:
    clock, key = clocks.MovableClock(), store_builders.key(job="a")
    async with persistent_stores.opened(tmp_path / "groups", clock=clock) as store:
        world = World(store, clock)
        await world.push(key, templated_bodies.spell(templated_bodies.TEMPLATES[1], ["1"]), True, None)
        await world.claim(key, persistent_stores.OWNERS[0])
        await world.retire(key, persistent_stores.OWNERS[0])
    clock.advance(8.0)
    async with persistent_stores.opened(tmp_path / "groups", clock=clock) as store:
        assert (await store.sweep(read_revision=None, now=clock.monotonic())).deleted == []
        clock.advance(1.0)
        (deleted,) = (await store.sweep(read_revision=None, now=clock.monotonic())).deleted
    assert deleted.reason is lifecycle.DeletionReason.TIMEOUT
    assert deleted.claims.keys() == {persistent_stores.OWNERS[0].uid}
    async with persistent_stores.opened(tmp_path / "groups", clock=clock) as store:
        assert store.grouping_keys() == []


async def test_concurrent_pushes_share_a_transaction(tmp_path: Path) -> None:
    counting = persistent_stores.Counting()
    async with persistent_stores.opened(tmp_path / "groups", observer=counting) as store:
        pushes = [
            store.push(
                store_builders.key(job=str(number)),
                store_builders.family("g", store_builders.number(1.0)),
                replace=True,
            )
            for number in range(100)
        ]
        await asyncio.gather(*pushes)
    assert counting.commits <= 3
    async with persistent_stores.opened(tmp_path / "groups") as store:
        assert len(store.grouping_keys()) == 100


async def test_cancelled_push_does_not_affect_the_acknowledgement_of_others(tmp_path: Path) -> None:
    async with persistent_stores.opened(tmp_path / "groups") as store:
        pushes = [
            asyncio.ensure_future(
                store.push(
                    store_builders.key(job=name), store_builders.family("g", store_builders.number(1.0)), replace=True
                )
            )
            for name in "ab"
        ]
        await asyncio.sleep(0)
        pushes[0].cancel()
        await pushes[1]
        assert pushes[0].cancelled()


async def test_concurrent_deletions_of_a_group_are_acknowledged_together(tmp_path: Path) -> None:
    async with persistent_stores.opened(tmp_path / "groups") as store:
        await store.push(
            store_builders.key(job="a"), store_builders.family("g", store_builders.number(1.0)), replace=True
        )
        deletes = [asyncio.ensure_future(store.delete(store_builders.key(job="a"))) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        deletes.append(asyncio.ensure_future(store.delete(store_builders.key(job="a"))))
        await asyncio.wait(deletes, return_when=asyncio.FIRST_COMPLETED)
        assert [delete.done() for delete in deletes] == [True] * 4
        assert sorted(delete.result() for delete in deletes) == [False, False, False, True]
        assert await persistent_stores.shown_of_file(
            persistent_stores.killed(tmp_path / "groups")
        ) == await persistent_stores.shown(store)


async def test_failure_of_the_journal_writer_fails_all_waiting_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with persistent_stores.opened(tmp_path / "groups") as store:
        monkeypatch.setattr(persistent_stores.journal(store)._database, "write", lambda _: 1 / 0)
        pushes = [
            store.push(
                store_builders.key(job=name), store_builders.family("g", store_builders.number(1.0)), replace=True
            )
            for name in "abc"
        ]
        outcomes = await asyncio.gather(*pushes, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {errors.StorageError}
        for name in ("a", "not there"):
            with pytest.raises(errors.StorageError, match="restart the gateway"):
                await store.delete(store_builders.key(job=name))
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("fsync", [False, True])
async def test_file_and_log_stay_small_after_many_changes(tmp_path: Path, fsync: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr("tidegate.store.sqlite.database.CHECKPOINT_BYTES", 64 * 1024)
    path = tmp_path / "groups"
    async with persistent_stores.opened(path, fsync=fsync) as store:
        for number in range(200):
            pushed = store_builders.family("g", store_builders.number(float(number)))
            await store.push(store_builders.key(job="a"), pushed, replace=True)
        log = path.with_name("groups-wal").stat().st_size
    assert log < 2 * 64 * 1024
    assert os.listdir(tmp_path) == ["groups"]


async def test_same_help_text_is_shown_after_a_restart(tmp_path: Path) -> None:
    async with persistent_stores.opened(tmp_path / "groups") as store:
        for job, words in (("a", "Late."), ("b", "Early."), ("a", "Middle.")):
            await store.push(
                store_builders.key(job=job), parser.parse(f"# HELP x {words}\nx 1\n".encode()), replace=True
            )
        assert await _help(store, "x") == "Early."
    async with persistent_stores.opened(tmp_path / "groups") as store:
        assert await _help(store, "x") == "Early."


async def _help(store: group_store.GroupStore, name: str) -> str | None:
    (found,) = [family.help for family in (await store.snapshot()).families if family.name == name]
    return found
