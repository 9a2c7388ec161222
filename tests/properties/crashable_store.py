"""A store whose process can be killed at any moment, without waiting for a thread or a disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.properties import cluster_model
from tests.store import store_builders
from tidegate.aio import clocks
from tidegate.model import scrapers
from tidegate.store import group_store, journals
from tidegate.store.sqlite import database, database_file, rows, write_batches

_Result = TypeVar("_Result")


class Disk:
    """The journal of a store: real SQLite, in memory. What was recorded and not committed is lost with the process."""

    keeps = True

    def __init__(self, clock: clocks.Clock) -> None:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        database_file.prepare(connection, Path("memory"))
        self._ledger = database.Ledger(connection, fsync=False)
        self._clock = clock
        self._batch = write_batches.Batch()
        self._store: journals.Journaled | None = None

    def killed(self) -> None:
        """The process that told it is gone."""
        self._batch = write_batches.Batch()

    async def open(self) -> None:
        """It is always there."""

    async def restore(self, load: Callable[[journals.Kept], _Result], *, store: journals.Journaled) -> _Result:
        self._store = store
        return load(self._ledger.kept())

    async def close(self) -> None:
        """Nothing is read from it any more."""
        self._ledger.close()

    def require(self) -> None:
        """There is always room."""

    def put(self, row: rows.GroupRow) -> None:
        self._batch.groups[row.id] = row

    def pushed(self, row: rows.PushRow) -> None:
        self._batch.pushes[row.id] = row

    def lived(self, row: rows.LifeRow) -> None:
        self._batch.lives[row.id] = row

    def removed(self, id: int) -> None:
        self._batch.remove(id)

    def read(self, scraper: scrapers.Scraper, row: rows.ScraperRow | None) -> None:
        self._batch.scrapers[scraper] = row

    async def committed(self) -> None:
        assert self._store is not None
        batch, self._batch = self._batch, write_batches.Batch()
        if not batch.empty:
            self._ledger.write(batch.changes(revision=self._store.revision, moment=self._clock.monotonic()))


def restarted(disk: Disk, *, clock: clocks.Clock) -> group_store.GroupStore:
    """The store of another process on this disk."""
    store = store_builders.store(journal=disk, clock=clock, ttl_drain_timeout=cluster_model.TTL_DRAIN_TIMEOUT)
    store_builders.done(store.restore())
    return store
