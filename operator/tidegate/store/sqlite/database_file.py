"""Open the SQLite file: reject foreign files, take the exclusive lock, migrate to the newest version."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tidegate.store import journals

_MAGIC = b"SQLite format 3\0"
_GOB_WORD = b"MetricGroup"
"""The name of a Go type near the start of every file that Pushgateway writes."""

_HEAD_BYTES = 4096
_APPLICATION_ID = 0x74696465
"""SQLite application id of tidegate: ``tide``."""

MIGRATIONS = (
    """
    CREATE TABLE totals (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL, moment REAL NOT NULL);
    CREATE TABLE groups (
        id INTEGER PRIMARY KEY, labels TEXT NOT NULL, families TEXT NOT NULL, keys TEXT NOT NULL, lines BLOB NOT NULL
    );
    CREATE TABLE pushes (
        id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, push_time REAL NOT NULL, expires REAL, numbers BLOB
    );
    CREATE TABLE lives (id INTEGER PRIMARY KEY, failure_time REAL NOT NULL, claims TEXT, drain TEXT);
    CREATE TABLE scrapers (
        address TEXT NOT NULL, user_agent TEXT NOT NULL, first_seen REAL NOT NULL, last_seen REAL NOT NULL,
        gaps TEXT NOT NULL, read_revision INTEGER NOT NULL, last_read REAL, PRIMARY KEY (address, user_agent)
    ) WITHOUT ROWID;
    """,
    "ALTER TABLE pushes ADD COLUMN pushers TEXT;",
    "ALTER TABLE groups ADD COLUMN pushers TEXT; ALTER TABLE pushes ADD COLUMN until BLOB;",
    """
    CREATE TABLE readers (
        address TEXT NOT NULL, user_agent TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
        first_seen REAL NOT NULL, last_seen REAL NOT NULL, gaps TEXT NOT NULL, delivered_revision INTEGER NOT NULL,
        ingested_revision INTEGER NOT NULL, new_connections INTEGER NOT NULL, last_read REAL,
        PRIMARY KEY (address, user_agent, name, number)
    ) WITHOUT ROWID;
    INSERT INTO readers SELECT address, user_agent, '', 1, first_seen, last_seen, gaps, read_revision, 0, 0, last_read
        FROM scrapers;
    DROP TABLE scrapers;
    """,
)
"""The statements that migrate the file from each version to the next. Never change a released migration: add one."""

_MODE = 0o600
"""Permissions of a new file, as in Pushgateway."""

_SUFFIXES = ("-wal", "-shm")
"""Suffixes of the files that SQLite keeps beside a database."""

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY_CODE = 0xFF


class BadFileError(OSError):
    """A file that cannot be used and must not be moved. The message names the next step."""


def open_file(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """Open the file with an exclusive lock, in the newest version; create it if it does not exist.

    A damaged file is renamed, and a new file is created in its place.

    :returns: the connection, and the new name of a damaged file.
    :raises BadFileError: the file belongs to another program, is in use, has a newer version, or cannot be opened.
    """
    reject_foreign_file(path)
    try:
        return _open(path), None
    except journals.DamagedError:
        aside = set_aside(path)
    return _open(path), aside


@contextlib.contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Translate errors of SQLite into :class:`journals.DamagedError` or :class:`BadFileError`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code in _DAMAGED:
            raise journals.DamagedError(str(error)) from error
        if code in _BUSY:
            raise BadFileError(f"another process has {path} open; each gateway needs a file of its own") from error
        raise BadFileError(f"cannot use {path}: {error}") from error


def reject_foreign_file(path: Path) -> None:
    """Raise :class:`BadFileError` if another program has written the file."""
    try:
        with path.open("rb") as opened:
            head = opened.read(_HEAD_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise BadFileError(f"cannot read {path}: {error.strerror}") from error
    if _GOB_WORD in head and not head.startswith(_MAGIC):
        raise BadFileError(
            f"{path} is a file of Pushgateway, which tidegate cannot read; set --persistence.file to another path, "
            f"and copy the groups from a running Pushgateway with `tidegate import --from=URL`"
        )
    application_id = int.from_bytes(head[68:72])
    if head.startswith(_MAGIC) and application_id not in (0, _APPLICATION_ID):
        raise BadFileError(f"{path} is a database of another program; set --persistence.file to another path")


def size(path: Path) -> int:
    """Return the size of the file and its write-ahead log in bytes; a file that cannot be read counts as 0."""
    total = 0
    for file in (path, path.with_name(f"{path.name}-wal")):
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total


def set_aside(path: Path) -> Path:
    """Rename a database with its log files to an unused name. Return that name."""
    stamp = datetime.datetime.now(tz=datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    names = (path.with_name(f"{path.name}.damaged-{stamp}{more}") for more in _numbered())
    aside = next(name for name in names if not name.exists())
    for suffix in _SUFFIXES:
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    path.rename(aside)
    return aside


def _numbered() -> itertools.chain[str]:
    return itertools.chain([""], (f"-{number}" for number in itertools.count(2)))


def _open(path: Path) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        with translated_errors(path):
            prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    try:
        # SECURITY: pushed metrics are not for every user of this machine. SQLite gives the files beside the database
        # the same permissions.
        path.touch(mode=_MODE)
    except OSError as error:
        raise BadFileError(f"cannot open {path}: {error.strerror}") from error
    try:
        return sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False, cached_statements=512)
    except sqlite3.Error as error:
        raise BadFileError(f"cannot open {path}: {error}; check that its directory exists and is writable") from error


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Lock the file for this connection, and migrate it to the newest version.

    :raises BadFileError: the file has a newer version.
    """
    # SQLite then holds its lock until the connection is closed, and needs no file for shared memory.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise BadFileError(
            f"{path} was written by a newer tidegate (file version {version}, this tidegate supports up to "
            f"{len(MIGRATIONS)}); start the newer tidegate, or set --persistence.file to another path"
        )
    # Takes the lock; fails if another process holds it.
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")
    for number in range(version, len(MIGRATIONS)):
        _migrate(connection, number + 1)


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Migrate the file to this version from the previous one, in one transaction."""
    connection.execute("BEGIN EXCLUSIVE")
    for statement in MIGRATIONS[version - 1].split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute("COMMIT")
