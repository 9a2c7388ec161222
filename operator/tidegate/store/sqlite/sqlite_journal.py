"""The journal in a SQLite file. It writes changes in batches and acknowledges them once they are in the file.

Changes that arrive while a batch is written form the next batch, so that concurrent pushes share a transaction.
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
from tidegate.model import durations, errors, scrapers
from tidegate.store import journals, rows
from tidegate.store.sqlite import database, database_file, write_batches

_logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")

RETRY_SECONDS = 1.0
"""Interval between two attempts to write a file that cannot be written."""

_GATHERING_TURNS = 3
"""Turns of the event loop during which ready pushes join a batch. Each transaction costs two thread switches, so with
eight clients this makes a quarter more pushes a second, and no push waits for a client."""


class Observer(Protocol):
    """Receives the results of transactions, for metrics."""

    def committed(self, seconds: float) -> None:
        """A transaction took this number of seconds."""
        ...

    def failed(self) -> None:
        """A transaction or a checkpoint failed."""
        ...


class SqliteJournal:
    """A journal in a SQLite file; see :class:`tidegate.store.journals.Journal`.

    If a batch cannot be written, the journal rolls back the batch and everything recorded since. It then rejects
    changes, and tries to write the progress of readers and the rolled-back groups until that works.

    It is fenced by the exclusive lock of SQLite on the file, which it holds from :meth:`open` to :meth:`close`.

    :param path: of the file.
    :param fsync: whether a change waits until the disk has it; see :class:`database.Database`.
    :param observer: receives the results of transactions.
    :param retry_seconds: interval between two attempts to write a file that cannot be written.
    :ivar set_aside: the new name of a damaged file; ``None`` if the file was not damaged.
    """

    is_persistent = True

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
        self._connected: database.Database | None = None
        self._recorded_store: journals.RecordedStore | None = None
        self._batch = write_batches.Batch()
        self._writing_batch = write_batches.Batch()
        self._work = asyncio.Event()
        self._closing = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._failure = ""
        self._checkpoint_after = 0.0
        self.set_aside: Path | None = None

    @property
    def writable(self) -> bool:
        """Whether changes are accepted."""
        return not self._failure

    def size(self) -> int:
        """Return the size of the file and its write-ahead log in bytes, 0 if there is no file."""
        return database_file.size(self._path)

    async def open(self) -> None:
        """Open the file, or create it. A damaged file is set aside.

        :raises database_file.BadFileError: it cannot be used.
        """
        self._opened = worker_threads.Worker("journal")
        try:
            self._connected = await self._worker.do(self._connect)
        except BaseException:
            await self._opened.stop()
            raise

    async def restore(
        self, load: Callable[[journals.JournalContents], _Result], *, store: journals.RecordedStore
    ) -> _Result:
        """See :meth:`journals.Journal.restore`; ``load`` runs in a thread.

        :raises database_file.BadFileError: the file cannot be read although it is not damaged.
        """
        result: _Result = await self._worker.do(self._load, load)
        self._recorded_store = store
        self._writer = asyncio.create_task(self._write(), name="write the journal")
        self._writer.add_done_callback(self._writer_stopped)
        return result

    async def close(self) -> None:
        """Write the remaining changes and close the file."""
        self._closing.set()
        self._work.set()
        if self._writer is not None:
            await asyncio.wait({self._writer})
        await self._worker.do(self._database.close)
        await self._worker.stop()

    def check_writable(self) -> None:
        if self._failure:
            raise errors.StorageError(self._failure)

    def record_families(self, row: rows.GroupRow) -> None:
        self._batch.groups[row.id] = row
        self._work.set()

    def record_push(self, row: rows.PushRow) -> None:
        self._batch.pushes[row.id] = row
        self._work.set()

    def record_life(self, row: rows.LifeRow) -> None:
        self._batch.lives[row.id] = row
        self._work.set()

    def record_deletion(self, id: int) -> None:
        self._batch.remove(id)
        self._work.set()

    def record_reader(self, reader: scrapers.Reader, row: rows.ReaderRow | None) -> None:
        self._batch.readers[reader] = row
        self._work.set()

    async def commit(self) -> None:
        self.check_writable()
        batch = self._writing_batch if self._batch.empty else self._batch
        if batch.empty:
            return
        # Each call waits on a future of its own, so that cancelling one does not cancel the others.
        durable = asyncio.get_running_loop().create_future()
        batch.waiting.append(durable)
        await durable

    @property
    def _worker(self) -> worker_threads.Worker:
        assert self._opened is not None, "the journal is open"
        return self._opened

    @property
    def _database(self) -> database.Database:
        assert self._connected is not None, "the journal is open"
        return self._connected

    @property
    def _store(self) -> journals.RecordedStore:
        assert self._recorded_store is not None, "the journal was restored"
        return self._recorded_store

    def _connect(self) -> database.Database:
        connection, aside = database_file.open_file(self._path)
        if aside is not None:
            self._log_set_aside(aside, "it is not a database")
        return database.Database(connection, fsync=self._fsync)

    def _load(self, load: Callable[[journals.JournalContents], _Result]) -> _Result:
        try:
            with database_file.translated_errors(self._path):
                self._database.check()
                return load(self._database.contents())
        except journals.DamagedError as error:
            self._database.close()
            self._log_set_aside(database_file.set_aside(self._path), str(error))
            self._connected = self._connect()
            return load(self._database.contents())

    def _log_set_aside(self, aside: Path, why: str) -> None:
        self.set_aside = aside
        _logger.error(
            "%s is damaged (%s); renamed it to %s and started with an empty store; "
            "the next runs of the jobs push their groups again",
            self._path,
            why,
            aside,
        )

    async def _write(self) -> None:
        while not (self._closing.is_set() and self._batch.empty):
            await self._work.wait()
            self._work.clear()
            for _ in range(_GATHERING_TURNS):
                await time_slices.yield_to_others()
            batch = self._take()
            if batch.empty:
                continue
            try:
                checkpoint_due = await self._write_batch(batch)
            except sqlite3.Error as error:
                await self._recover(batch, error)
                continue
            self._writing_batch = write_batches.Batch()
            batch.finish()
            if checkpoint_due:
                await self._checkpoint()

    async def _write_batch(self, batch: write_batches.Batch) -> bool:
        """Write a batch. Return whether a checkpoint is due."""
        started = time.perf_counter()
        changes = batch.changes(revision=self._store.revision, moment=self._clock.monotonic())
        checkpoint_due = await self._worker.do(self._database.write, changes)
        if self._observer is not None:
            self._observer.committed(time.perf_counter() - started)
        return checkpoint_due

    async def _checkpoint(self) -> None:
        if time.monotonic() < self._checkpoint_after:
            return
        try:
            await self._worker.do(self._database.checkpoint)
        except sqlite3.Error as error:
            self._count_failure()
            self._checkpoint_after = time.monotonic() + self._retry_seconds
            _logger.warning(
                "checkpoint of %s failed: %s; its write-ahead log grows until a checkpoint succeeds", self._path, error
            )

    async def _recover(self, batch: write_batches.Batch, error: sqlite3.Error) -> None:
        """Roll back everything that is not in the file, and return when the file can be written again."""
        self._count_failure()
        self._failure = f"{self._path.name} cannot be written ({error}); nothing was changed, try again later"
        _logger.error(
            "%s cannot be written: %s; rejecting pushes and deletions with 507 until a write succeeds "
            "(retrying every %s)",
            self._path,
            error,
            durations.format(self._retry_seconds),
        )
        batch.add(self._take())
        self._writing_batch = batch
        await self._roll_back(batch)
        while self._failure:
            await self._pause()
            batch = self._take()
            try:
                await self._write_batch(batch)
            except sqlite3.Error as repeated_error:
                self._count_failure()
                _logger.debug("%s still cannot be written: %s", self._path, repeated_error)
                batch.add(self._take())
                self._batch = batch
                if self._closing.is_set():
                    _logger.error("%s could not be written before the gateway stopped", self._path)
                    self._batch = write_batches.Batch()
                    return
            else:
                self._failure = ""
                _logger.warning("%s can be written again", self._path)

    async def _roll_back(self, failed: write_batches.Batch) -> None:
        ids = failed.ids
        while True:
            try:
                stored = await self._worker.do(self._database.select_groups, ids)
                break
            except sqlite3.Error as error:
                _logger.error("%s cannot be read either: %s; retrying", self._path, error)
                if self._closing.is_set():
                    stored, ids = [], set()
                    break
                await self._pause()
        self._store.roll_back(ids, stored)
        # The progress of readers is not rolled back.
        self._batch.readers = {**failed.readers, **self._batch.readers}
        failed.finish(self._failure)

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._retry_seconds):
                await self._closing.wait()

    def _count_failure(self) -> None:
        if self._observer is not None:
            self._observer.failed()

    def _take(self) -> write_batches.Batch:
        self._writing_batch, self._batch = self._batch, write_batches.Batch()
        return self._writing_batch

    def _writer_stopped(self, writing: asyncio.Task[None]) -> None:
        """The writer stopped. If it failed, fail all waiting calls, since nothing will write their changes."""
        if writing.cancelled() or (error := writing.exception()) is None:
            return
        _logger.critical("the journal writer of %s stopped; restart the gateway", self._path, exc_info=error)
        self._failure = f"the journal writer of {self._path.name} stopped ({error!r}); restart the gateway"
        self._writing_batch.finish(self._failure)
        self._batch.finish(self._failure)
