"""The file: SQLite, one transaction after the other. For one thread at a time; nothing here knows what rows mean."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from tidegate.store import journals
from tidegate.store.sqlite import rows

_ROWS_AT_ONCE = 32
"""Rows a statement: the interpreter's lock is let go and taken again for each statement, and taking it may last."""

CHECKPOINT_BYTES = 32 * 1024 * 1024
"""Bytes of the log from which it is worked into the file. Each checkpoint waits for the disk."""

_REVISIONS_APART = 1_000_000
"""By how much the revisions of a process begin above those in the file. More changes than that are never unacknowledged
at a time, so no revision that anybody has seen comes again with another meaning."""

_PAGE_BYTES = 4096
"""What a row that has changed adds to the log, at least."""

_Statement: TypeAlias = tuple[str, Sequence[object]]


class _Insertion(NamedTuple):
    """How rows are put into a table: the statement up to the first of them, and the places of one."""

    head: str
    row: str


_GROUP = _Insertion("REPLACE INTO groups VALUES ", "(?,?,?,?,?,?)")
_PUSH = _Insertion("REPLACE INTO pushes VALUES ", "(?,?,?,?,?,?,?)")
_LIFE = _Insertion("REPLACE INTO lives VALUES ", "(?,?,?,?)")
_SCRAPER = _Insertion("REPLACE INTO scrapers VALUES ", "(?,?,?,?,?,?,?)")
_REMOVE = ("DELETE FROM groups WHERE id = ?", "DELETE FROM pushes WHERE id = ?", "DELETE FROM lives WHERE id = ?")


class Ledger:
    """An open file.

    :param fsync: whether each transaction waits until the disk has it. Without, those of the last seconds before a
        power loss may be missing, and the file is sound; the end of the process loses nothing either way.
    """

    def __init__(self, connection: sqlite3.Connection, *, fsync: bool) -> None:
        self._connection = connection
        self._logged = 0
        connection.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'NORMAL'}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")

    def close(self) -> None:
        """Work the log into the file, and close it."""
        self._connection.close()

    def check(self) -> None:
        """Look at every page.

        :raises journals.DamagedError: one cannot be right.
        """
        found = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise journals.DamagedError(found)

    def write(self, changes: rows.Changes) -> bool:
        """Write all of this or nothing; whether the log is long enough for a :meth:`checkpoint`.

        :raises sqlite3.Error: nothing has been written.
        """
        statements = list(self._statements(changes))
        if len(statements) == 1:
            # A transaction by itself. Pushes alone come as one, and each statement may wait for the interpreter's lock.
            self._connection.execute(*statements[0])
        else:
            with self._transaction():
                for statement, parameters in statements:
                    self._connection.execute(statement, parameters)
        self._logged += _PAGE_BYTES * (len(changes.pushes) + len(changes.lives)) + sum(
            len(row.families) + len(row.keys) + len(row.lines) for row in changes.groups.values()
        )
        return self._logged >= CHECKPOINT_BYTES

    def checkpoint(self) -> None:
        """Work the log into the file, and begin it anew.

        :raises sqlite3.Error: the log is as long as it was.
        """
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._logged = 0

    def kept(self) -> journals.Kept:
        """All rows; those of groups are read while they are iterated."""
        (pushed,) = self._connection.execute("SELECT max(revision) FROM pushes").fetchone()
        revision, moment = self._connection.execute("SELECT revision, moment FROM totals").fetchone() or (0, 0.0)
        scrapers = [rows.ScraperRow(*row) for row in self._connection.execute("SELECT * FROM scrapers")]
        last = max(revision, pushed or 0)
        return journals.Kept(self._select_groups(""), scrapers, revision=last + _REVISIONS_APART, moment=moment)

    def groups_of(self, ids: Collection[int]) -> list[rows.StoredGroup]:
        """Those of these groups that there are."""
        return list(itertools.chain.from_iterable(self._select_groups("WHERE groups.id = ?", (id,)) for id in ids))

    def _select_groups(self, condition: str, parameters: Sequence[int] = ()) -> Iterator[rows.StoredGroup]:
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
            # Some errors, a full disk among them, have rolled it back already.
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
        for scraper, row in changes.scrapers.items():
            if row is None:
                yield "DELETE FROM scrapers WHERE address = ? AND user_agent = ?", scraper
        yield from _replace(_SCRAPER, [row for row in changes.scrapers.values() if row is not None])
        # A push says its revision itself.
        if changes.removed or changes.lives or changes.scrapers:
            yield "REPLACE INTO totals VALUES (1, ?, ?)", (changes.revision, changes.moment)


def _replace(insertion: _Insertion, wanted: Collection[tuple[object, ...]]) -> Iterator[_Statement]:
    left = iter(wanted)
    while several := list(itertools.islice(left, _ROWS_AT_ONCE)):
        values = list(itertools.chain.from_iterable(several))
        yield insertion.head + ",".join([insertion.row] * len(several)), values
