"""A store whose process can be killed at any moment, without waiting for a thread or a disk."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.properties import worlds
from tidegate.aiokits import clocks
from tidegate.model import groups, scrapers
from tidegate.store import archives, batches, durable, files, ledgers, memory, rows


class Disk:
    """The journal of a store: real SQLite, in memory. What was told and not committed is lost with the process."""

    keeps = True

    def __init__(self, clock: clocks.Clock) -> None:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        files.prepare(connection, Path("memory"))
        self.ledger = ledgers.Ledger(connection, fsync=False)
        self.revision = 0
        self._clock = clock
        self._batch = batches.Batch()

    def killed(self) -> None:
        """The process that told it is gone."""
        self._batch = batches.Batch()

    def require(self) -> None:
        """There is always room."""

    def put(self, id: int, key: groups.GroupingKey, spelled: archives.Spelled) -> None:
        self._batch.groups[id] = rows.GroupRow(id, archives.spell_key(key), *spelled)

    def pushed(self, row: rows.PushRow) -> None:
        self.revision = max(row.revision, self.revision)
        self._batch.pushes[row.id] = row

    def lived(self, row: rows.LifeRow) -> None:
        self._batch.lives[row.id] = row

    def removed(self, id: int) -> None:
        self._batch.remove(id)

    def read(self, scraper: scrapers.Scraper, reading: scrapers.Reading | None) -> None:
        self._batch.scrapers[scraper] = None if reading is None else archives.scraper_row(reading)

    async def committed(self) -> None:
        batch, self._batch = self._batch, batches.Batch()
        if not batch.empty:
            self.ledger.write(batch.changes(revision=self.revision, moment=self._clock.steady()))


class RestartableStore(durable.DurableStore):
    """The store of one process on such a disk."""

    def __init__(self, disk: Disk, *, clock: clocks.Clock) -> None:
        memory.MemoryStore.__init__(
            self, clock=clock, own_types={}, ttl_drain_timeout=worlds.TTL_DRAIN_TIMEOUT, journal=disk
        )
        self._own_types = {}
        self._adopt(self._load(disk.ledger))
        disk.revision = self.revision
