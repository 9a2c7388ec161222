"""A store with a file has its last acknowledged state after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

from tests.integration.differential import protobuf_cases
from tests.support.store import persistent_stores, store_builders
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.text import parser
from tidegate.model import errors
from tidegate.store import group_store


@pytest.mark.parametrize("pushed", protobuf_cases.BODIES.values(), ids=protobuf_cases.BODIES)
async def test_protobuf_only_values_survive_a_restart(pushed: bytes, tmp_path: Path) -> None:
    path, key = tmp_path / "groups", store_builders.key(job="a", **{"not plain": "x"})
    async with persistent_stores.opened(path) as store:
        with contextlib.suppress(errors.BadRequestError):
            await store.push(key, decoder.parse(pushed, utf8_names=True), replace=True)
        before = await persistent_stores.shown(store)
    async with persistent_stores.opened(path) as store:
        assert await persistent_stores.shown(store) == before


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
