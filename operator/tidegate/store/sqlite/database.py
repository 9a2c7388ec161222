"""The open SQLite database: transactions, checkpoints, and reading rows. For one thread at a time."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from tidegate.store import journals, rows

_ROWS_AT_ONCE = 32
"""Maximum number of rows of a statement. Each statement releases the interpreter lock, and may wait to get it again."""

CHECKPOINT_BYTES = 32 * 1024 * 1024
"""Size of the write-ahead log from which a checkpoint moves it into the file. Each checkpoint waits for the disk."""

_REVISIONS_APART = 1_000_000
"""Distance between the last revision in the file and the first revision of the next process. A process never has so
many changes that are not durable yet, so a revision that a reader has seen is never used again for another change."""

_PAGE_BYTES = 4096
"""Minimum growth of the write-ahead log for each changed row."""

_Statement: TypeAlias = tuple[str, Sequence[object]]


class _Insertion(NamedTuple):
    """A statement that inserts rows: the text before the first row, and the placeholders of one row."""

    head: str
    row: str


_GROUP = _Insertion("REPLACE INTO groups VALUES ", "(?,?,?,?,?,?)")
_PUSH = _Insertion("REPLACE INTO pushes VALUES ", "(?,?,?,?,?,?,?)")
_LIFE = _Insertion("REPLACE INTO lives VALUES ", "(?,?,?,?)")
_READER = _Insertion("REPLACE INTO readers VALUES ", "(?,?,?,?,?,?,?,?,?,?,?)")
_REMOVE_READER = "DELETE FROM readers WHERE address = ? AND user_agent = ? AND name = ? AND number = ?"
_REMOVE = ("DELETE FROM groups WHERE id = ?", "DELETE FROM pushes WHERE id = ?", "DELETE FROM lives WHERE id = ?")


class Database:
    """An open database.

    :param fsync: whether each transaction waits until the disk has it. If not, a power loss may lose the transactions
        of the last seconds, but does not damage the file. The end of the process never loses a transaction.
    """

    def __init__(self, connection: sqlite3.Connection, *, fsync: bool) -> None:
        self._connection = connection
        self._log_bytes = 0
        connection.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'NORMAL'}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")

    def close(self) -> None:
        """Move the write-ahead log into the file, and close it."""
        self._connection.close()

    def check(self) -> None:
        """Check every page of the file.

        :raises journals.DamagedError: a page is damaged.
        """
        result = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if result != "ok":
            raise journals.DamagedError(result)

    def write(self, changes: rows.Changes) -> bool:
        """Write all changes in one transaction. Return whether a :meth:`checkpoint` is due.

        :raises sqlite3.Error: nothing has been written.
        """
        statements = list(self._statements(changes))
        if len(statements) == 1:
            # A single statement is a transaction by itself, and saves two waits for the interpreter lock.
            self._connection.execute(*statements[0])
        else:
            with self._transaction():
                for statement, parameters in statements:
                    self._connection.execute(statement, parameters)
        self._log_bytes += _PAGE_BYTES * (len(changes.pushes) + len(changes.lives)) + sum(
            len(row.families) + len(row.keys) + len(row.lines) for row in changes.groups.values()
        )
        return self._log_bytes >= CHECKPOINT_BYTES

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file and truncate it.

        :raises sqlite3.Error: the log is unchanged.
        """
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._log_bytes = 0

    def contents(self) -> journals.JournalContents:
        """Return all rows. The rows of groups are read while they are iterated."""
        (pushed,) = self._connection.execute("SELECT max(revision) FROM pushes").fetchone()
        revision, moment = self._connection.execute("SELECT revision, moment FROM totals").fetchone() or (0, 0.0)
        readers = [rows.ReaderRow(*row) for row in self._connection.execute("SELECT * FROM readers")]
        last = max(revision, pushed or 0)
        return journals.JournalContents(
            self._iterate_groups(""), readers, revision=last + _REVISIONS_APART, last_alive=moment
        )

    def select_groups(self, ids: Collection[int]) -> list[rows.StoredGroup]:
        """Return the groups with these ids; ids that do not exist are left out."""
        return list(itertools.chain.from_iterable(self._iterate_groups("WHERE groups.id = ?", (id,)) for id in ids))

    def _iterate_groups(self, condition: str, parameters: Sequence[int] = ()) -> Iterator[rows.StoredGroup]:
        query = (
            "SELECT groups.id, labels, families, keys, lines, groups.pushers, "
            "revision, push_time, expires, numbers, pushes.pushers, until, failure_time, claims, drain "
            "FROM groups JOIN pushes USING (id) LEFT JOIN lives USING (id) " + condition + " ORDER BY groups.id"
        )
        for id, labels, families, keys, lines, pushers, *rest in self._connection.execute(query, parameters):
            push, (failure_time, claims, drain) = rows.PushRow(id, *rest[:6]), rest[6:]
            life = rows.LifeRow(id, failure_time or 0.0, claims, drain)
            yield rows.StoredGroup(rows.GroupRow(id, labels, families, keys, lines, pushers), push, life)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite itself rolls back after some errors, such as a full disk.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @staticmethod
    def _statements(changes: rows.Changes) -> Iterator[_Statement]:
        for id in changes.removed:
            for statement in _REMOVE:
                yield statement, (id,)
        yield from _replace(_GROUP, changes.groups.values())
        yield from _replace(_PUSH, changes.pushes.values())
        yield from _replace(_LIFE, changes.lives.values())
        for (scraper, number), row in changes.readers.items():
            if row is None:
                yield _REMOVE_READER, (*scraper, number)
        yield from _replace(_READER, [row for row in changes.readers.values() if row is not None])
        # The row of a push has its revision.
        if changes.removed or changes.lives or changes.readers:
            yield "REPLACE INTO totals VALUES (1, ?, ?)", (changes.revision, changes.moment)


def _replace(insertion: _Insertion, changed: Collection[tuple[object, ...]]) -> Iterator[_Statement]:
    remaining = iter(changed)
    while several := list(itertools.islice(remaining, _ROWS_AT_ONCE)):
        values = list(itertools.chain.from_iterable(several))
        yield insertion.head + ",".join([insertion.row] * len(several)), values
