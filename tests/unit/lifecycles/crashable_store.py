"""A store whose process can be killed at any moment, without waiting for a thread or a disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.support.store import store_builders
from tests.unit.lifecycles import cluster_model
from tidegate.aio import clocks
from tidegate.model import scrapers
from tidegate.store import group_store, journals, rows
from tidegate.store.sqlite import database, database_file, write_batches

_Result = TypeVar("_Result")


class Disk:
    """The journal of a store: SQLite in memory. Uncommitted changes are lost with the process."""

    is_persistent = True

    def __init__(self, clock: clocks.Clock) -> None:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        database_file.prepare(connection, Path("memory"))
        self._database = database.Database(connection, fsync=False)
        self._clock = clock
        self._batch = write_batches.Batch()
        self._store: journals.RecordedStore | None = None

    def killed(self) -> None:
        """Drop the changes of a killed process."""
        self._batch = write_batches.Batch()

    async def open(self) -> None:
        """The database is always open."""

    async def restore(
        self, load: Callable[[journals.JournalContents], _Result], *, store: journals.RecordedStore
    ) -> _Result:
        self._store = store
        return load(self._database.contents())

    async def close(self) -> None:
        """Close the database."""
        self._database.close()

    def check_writable(self) -> None:
        """The disk is never full."""

    def record_families(self, row: rows.GroupRow) -> None:
        self._batch.groups[row.id] = row

    def record_push(self, row: rows.PushRow) -> None:
        self._batch.pushes[row.id] = row

    def record_life(self, row: rows.LifeRow) -> None:
        self._batch.lives[row.id] = row

    def record_deletion(self, id: int) -> None:
        self._batch.remove(id)

    def record_reader(self, reader: scrapers.Reader, row: rows.ReaderRow | None) -> None:
        self._batch.readers[reader] = row

    async def commit(self) -> None:
        assert self._store is not None
        batch, self._batch = self._batch, write_batches.Batch()
        if not batch.empty:
            self._database.write(batch.changes(revision=self._store.revision, moment=self._clock.monotonic()))


def restarted(disk: Disk, *, clock: clocks.Clock) -> group_store.GroupStore:
    """Return the store of a new process with this disk."""
    store = store_builders.store(journal=disk, clock=clock, ttl_drain_timeout=cluster_model.TTL_DRAIN_TIMEOUT)
    store_builders.done(store.restore())
    return store
