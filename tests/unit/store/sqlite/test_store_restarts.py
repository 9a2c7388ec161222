"""A store has its last acknowledged state after a kill, whatever was done to it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.store import persistent_stores, proof_builders, store_builders, templated_bodies
from tidegate.aio import clocks
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


class Steps:
    """Steps in the life of a store, each a second after the one before."""

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
        await self.store.sweep(proof_builders.delivered(read), now=self.clock.monotonic())

    async def scrape(self, *_: object) -> None:
        await self.store.snapshot()


@settings(max_examples=40)
@given(st.lists(_PUSHES | _OTHERS, max_size=25))
def test_every_change_survives_a_kill(actions: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_live_through(Path(folder), actions))


@pytest.mark.long
@pytest.mark.timeout(1_800)
@settings(max_examples=1_000)
@given(st.lists(_PUSHES | _OTHERS, max_size=25))
def test_every_change_survives_a_kill_in_many_lives(actions: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_live_through(Path(folder), actions))


async def _live_through(folder: Path, actions: Sequence[tuple[Any, ...]]) -> None:
    """Do all this, and at each kill go on with what a killed process leaves."""
    clock, path, left = clocks.MovableClock(), folder / "groups", list(actions)
    while True:
        async with persistent_stores.opened(path, clock=clock) as store:
            steps = Steps(store, clock)
            while left and left[0][0] != "kill":
                await steps.do(*left.pop(0))
            before = await persistent_stores.shown(store)
            path = persistent_stores.killed(path)
        async with persistent_stores.opened(path, clock=clock) as again:
            assert await persistent_stores.shown(again) == before
            assert again.revision >= store.revision
            assert again.epoch != store.epoch
        if not left:
            return
        del left[0]


async def test_draining_group_is_deleted_after_a_restart_at_its_deadline(tmp_path: Path) -> None:
    clock, key = clocks.MovableClock(), store_builders.key(job="a")
    async with persistent_stores.opened(tmp_path / "groups", clock=clock) as store:
        steps = Steps(store, clock)
        await steps.push(key, templated_bodies.spell(templated_bodies.TEMPLATES[1], ["1"]), True, None)
        await steps.claim(key, persistent_stores.OWNERS[0])
        await steps.retire(key, persistent_stores.OWNERS[0])
    clock.advance(8.0)
    async with persistent_stores.opened(tmp_path / "groups", clock=clock) as store:
        assert (await store.sweep(proof_builders.delivered(None), now=clock.monotonic())).deleted == []
        clock.advance(1.0)
        (deleted,) = (await store.sweep(proof_builders.delivered(None), now=clock.monotonic())).deleted
    assert deleted.reason is lifecycle.DeletionReason.TIMEOUT
    assert deleted.claims.keys() == {persistent_stores.OWNERS[0].uid}
    async with persistent_stores.opened(tmp_path / "groups", clock=clock) as store:
        assert store.grouping_keys() == []
