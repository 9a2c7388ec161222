"""The journal in a SQLite file: changes are written in batches, and acknowledged once the file has them.

Whatever changes while one batch is written makes up the next one, so that concurrent pushes share a transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from tidegate.aio import clocks, time_slices, worker_threads
from tidegate.model import errors, scrapers
from tidegate.store import journals
from tidegate.store.sqlite import database, database_file, rows, write_batches

_logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")

RETRY_SECONDS = 1.0
"""How often a file that cannot be written is tried again."""

_GATHERING_TURNS = 3
"""Turns of the event loop in which what is ready joins a batch. Each transaction costs its two changes of thread, so
with eight clients that push in turn this makes a quarter more pushes a second, and none waits for anybody."""


class Observer(Protocol):
    """Who is told how the file fares."""

    def committed(self, seconds: float) -> None:
        """A transaction was written in so many seconds."""
        ...

    def failed(self) -> None:
        """A transaction or a checkpoint failed."""
        ...


class SqliteJournal:
    """See :class:`tidegate.store.journals.Journal`.

    If a batch cannot be written, it and everything recorded since are taken back, no change is accepted any more, and
    what is left to be written is tried again until that works.

    :param path: of the file, which no other process may have open.
    :param fsync: whether a change waits until the disk has it; see :class:`database.Ledger`.
    :param observer: is told how the file fares.
    :param retry_seconds: how often a file that cannot be written is tried again.
    :ivar set_aside: the name that a damaged file was given; ``None`` if there was none.
    """

    keeps = True

    def __init__(
        self,
        path: Path,
        *,
        fsync: bool,
        clock: clocks.Clock,
        observer: Observer | None = None,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._path = path
        self._fsync = fsync
        self._clock = clock
        self._observer = observer
        self._retry_seconds = retry_seconds
        self._opened: worker_threads.Worker | None = None
        self._connected: database.Ledger | None = None
        self._restored: journals.Journaled | None = None
        self._open = write_batches.Batch()
        self._under_way = write_batches.Batch()
        self._work = asyncio.Event()
        self._closing = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._trouble = ""
        self._checkpoint_after = 0.0
        self.set_aside: Path | None = None

    @property
    def writable(self) -> bool:
        """Whether changes are taken."""
        return not self._trouble

    def size(self) -> int:
        """Bytes of the file and of its log, 0 where there is none."""
        return database_file.size(self._path)

    async def open(self) -> None:
        """Open the file, or make it where there is none; a damaged one is set aside.

        :raises files.BadFileError: it cannot be used.
        """
        self._opened = worker_threads.Worker("journal")
        try:
            self._connected = await self._worker.do(self._connect)
        except BaseException:
            await self._opened.stop()
            raise

    async def restore(self, load: Callable[[journals.Kept], _Result], *, store: journals.Journaled) -> _Result:
        """See :meth:`journals.Journal.restore`; ``load`` runs in a thread.

        :raises files.BadFileError: the file cannot be read though it is not damaged.
        """
        found: _Result = await self._worker.do(self._load, load)
        self._restored = store
        self._writing = asyncio.create_task(self._write(), name="write the journal")
        self._writing.add_done_callback(self._ended)
        return found

    async def close(self) -> None:
        """Write what is left, and close the file."""
        self._closing.set()
        self._work.set()
        if self._writing is not None:
            await asyncio.wait({self._writing})
        await self._worker.do(self._ledger.close)
        await self._worker.stop()

    def require(self) -> None:
        if self._trouble:
            raise errors.StorageError(self._trouble)

    def put(self, row: rows.GroupRow) -> None:
        self._open.groups[row.id] = row
        self._work.set()

    def pushed(self, row: rows.PushRow) -> None:
        self._open.pushes[row.id] = row
        self._work.set()

    def lived(self, row: rows.LifeRow) -> None:
        self._open.lives[row.id] = row
        self._work.set()

    def removed(self, id: int) -> None:
        self._open.remove(id)
        self._work.set()

    def read(self, scraper: scrapers.Scraper, row: rows.ScraperRow | None) -> None:
        self._open.scrapers[scraper] = row
        self._work.set()

    async def committed(self) -> None:
        self.require()
        batch = self._under_way if self._open.empty else self._open
        if batch.empty:
            return
        # One for each who waits: the end of one's wait must not be that of the others.
        waiting = asyncio.get_running_loop().create_future()
        batch.waiting.append(waiting)
        await waiting

    @property
    def _worker(self) -> worker_threads.Worker:
        assert self._opened is not None, "it was opened"
        return self._opened

    @property
    def _ledger(self) -> database.Ledger:
        assert self._connected is not None, "it was opened"
        return self._connected

    @property
    def _store(self) -> journals.Journaled:
        assert self._restored is not None, "it was restored"
        return self._restored

    def _connect(self) -> database.Ledger:
        connection, aside = database_file.open_file(self._path)
        if aside is not None:
            self._tell_set_aside(aside, "it is no database")
        return database.Ledger(connection, fsync=self._fsync)

    def _load(self, load: Callable[[journals.Kept], _Result]) -> _Result:
        try:
            with database_file.explaining(self._path):
                self._ledger.check()
                return load(self._ledger.kept())
        except journals.DamagedError as error:
            self._ledger.close()
            self._tell_set_aside(database_file.set_aside(self._path), str(error))
            self._connected = self._connect()
            return load(self._ledger.kept())

    def _tell_set_aside(self, aside: Path, why: str) -> None:
        self.set_aside = aside
        _logger.error(
            "%s is damaged (%s): it is now %s, untouched, and the store begins empty; "
            "the groups in it are pushed again by the next runs of their jobs",
            self._path,
            why,
            aside,
        )

    async def _write(self) -> None:
        while not (self._closing.is_set() and self._open.empty):
            await self._work.wait()
            self._work.clear()
            for _ in range(_GATHERING_TURNS):
                await time_slices.others()
            batch = self._take()
            if batch.empty:
                continue
            try:
                is_long = await self._write_batch(batch)
            except sqlite3.Error as error:
                await self._recover(batch, error)
                continue
            self._under_way = write_batches.Batch()
            batch.end()
            if is_long:
                await self._checkpoint()

    async def _write_batch(self, batch: write_batches.Batch) -> bool:
        """Whether the log has grown long."""
        began = time.perf_counter()
        changes = batch.changes(revision=self._store.revision, moment=self._clock.monotonic())
        is_long = await self._worker.do(self._ledger.write, changes)
        if self._observer is not None:
            self._observer.committed(time.perf_counter() - began)
        return is_long

    async def _checkpoint(self) -> None:
        if time.monotonic() < self._checkpoint_after:
            return
        try:
            await self._worker.do(self._ledger.checkpoint)
        except sqlite3.Error as error:
            self._count_failure()
            self._checkpoint_after = time.monotonic() + self._retry_seconds
            _logger.warning("the log of %s grows: it cannot be worked into the file: %s", self._path, error)

    async def _recover(self, batch: write_batches.Batch, error: sqlite3.Error) -> None:
        """Take back all that is not in the file, and return when it can be written again."""
        self._count_failure()
        self._trouble = f"{self._path.name} cannot be written ({error}), so nothing was changed; try again later"
        _logger.error("%s cannot be written: %s; pushes are refused until it can be", self._path, error)
        batch.add(self._take())
        self._under_way = batch
        await self._back_to_file(batch)
        while self._trouble:
            await self._pause()
            batch = self._take()
            try:
                await self._write_batch(batch)
            except sqlite3.Error as again:
                self._count_failure()
                _logger.debug("%s still cannot be written: %s", self._path, again)
                batch.add(self._take())
                self._open = batch
                if self._closing.is_set():
                    _logger.error("%s could not be written until the end", self._path)
                    self._open = write_batches.Batch()
                    return
            else:
                self._trouble = ""
                _logger.warning("%s can be written again", self._path)

    async def _back_to_file(self, lost: write_batches.Batch) -> None:
        ids = lost.ids
        while True:
            try:
                stored = await self._worker.do(self._ledger.groups_of, ids)
                break
            except sqlite3.Error as error:
                _logger.error("%s cannot be read either: %s", self._path, error)
                if self._closing.is_set():
                    stored, ids = [], set()
                    break
                await self._pause()
        self._store.take_back(ids, stored)
        # What was known of scrapers is known still.
        self._open.scrapers = {**lost.scrapers, **self._open.scrapers}
        lost.end(self._trouble)

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._retry_seconds):
                await self._closing.wait()

    def _count_failure(self) -> None:
        if self._observer is not None:
            self._observer.failed()

    def _take(self) -> write_batches.Batch:
        self._under_way, self._open = self._open, write_batches.Batch()
        return self._under_way

    def _ended(self, writing: asyncio.Task[None]) -> None:
        """Nothing is written any more. Where that is by a fault of ours nobody may wait for it."""
        if writing.cancelled() or (error := writing.exception()) is None:
            return
        _logger.critical("%s is written no more: start the gateway anew", self._path, exc_info=error)
        self._trouble = f"{self._path.name} is written no more ({error!r}): the gateway has to be started anew"
        self._under_way.end(self._trouble)
        self._open.end(self._trouble)
