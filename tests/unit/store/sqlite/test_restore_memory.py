"""Restoring a store takes little more memory than the store, so that a gateway can restart within its limit."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from tests.support.store import persistent_stores, store_builders
from tidegate.aio import clocks
from tidegate.exposition.text import parser
from tidegate.model import lifecycle
from tidegate.store.sqlite import sqlite_journal

_GROUPS = 500
_MARGIN = 1.15
"""Beside the store itself, at most the lines of one family of several are there twice."""


@pytest.fixture
async def filled(tmp_path: Path) -> Path:
    body = "".join(f'work_{number}{{step="load",part="a"}} {number}\n' for number in range(20)).encode()
    path = tmp_path / "groups"
    async with persistent_stores.opened(path) as store:
        for number in range(_GROUPS):
            await store.push(
                store_builders.key(job="backup", instance=f"db-{number:04}"), parser.parse(body), replace=True
            )
    return path


async def test_restoring_a_store_takes_little_more_memory_than_the_store(filled: Path) -> None:
    clock = clocks.MovableClock()
    store = store_builders.store(journal=sqlite_journal.SqliteJournal(filled, fsync=False, clock=clock), clock=clock)
    await store.open()
    tracemalloc.start()
    try:
        await store.restore()
        having, restoring = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await store.close()
    assert store.states()[lifecycle.State.LIVE] == _GROUPS
    assert restoring <= _MARGIN * having
