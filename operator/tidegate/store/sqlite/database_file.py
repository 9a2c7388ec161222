"""Opening the file: whose it is, of which version, whether it is sound, and that nobody else has it open."""

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
"""Stands near the start of the files that Pushgateway writes, as the name of a Go type."""

_HEAD_BYTES = 4096
_APPLICATION_ID = 0x74696465
"""How SQLite tells our files from those of others: ``tide``."""

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
)
"""What makes each version of the file from the one before it. Never change one that was released: add another."""

_MODE = 0o600
"""Of a new file; as Pushgateway has it."""

_SIDES = ("-wal", "-shm")
"""What SQLite keeps beside a file, by the ends of their names."""

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY_CODE = 0xFF


class BadFileError(OSError):
    """A file that cannot be used for the store and that is none of ours to move; the message says what to do."""


def open_file(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """A connection to the file in its newest version, with nobody else's beside it.

    A damaged file is renamed, and a new one made in its place.

    :returns: the connection, and the name that a damaged file has now.
    :raises BadFileError: somebody else's file, one in use, of a newer version, or one that cannot be opened.
    """
    refuse_foreign(path)
    try:
        return _open(path), None
    except journals.DamagedError:
        aside = set_aside(path)
    return _open(path), aside


@contextlib.contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Turn the errors of opening and reading a file into :class:`journals.DamagedError` or :class:`BadFileError`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code in _DAMAGED:
            raise journals.DamagedError(str(error)) from error
        if code in _BUSY:
            raise BadFileError(f"another process has {path} open: each gateway needs a file of its own") from error
        raise BadFileError(f"cannot use {path}: {error}") from error


def refuse_foreign(path: Path) -> None:
    """Raise :class:`BadFileError` where there is a file that another program has written."""
    try:
        with path.open("rb") as opened:
            head = opened.read(_HEAD_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise BadFileError(f"cannot read {path}: {error.strerror}") from error
    if _GOB_WORD in head and not head.startswith(_MAGIC):
        raise BadFileError(
            f"{path} is a file of Pushgateway's own, which tidegate does not read: give --persistence.file another "
            f"name, and copy the groups of a Pushgateway that runs with `tidegate import --from=URL`"
        )
    owner = int.from_bytes(head[68:72])
    if head.startswith(_MAGIC) and owner not in (0, _APPLICATION_ID):
        raise BadFileError(f"{path} is a database of another program: give --persistence.file another name")


def size(path: Path) -> int:
    """Bytes that the file and its log have on the disk, 0 for what is not there or cannot be looked at."""
    found = 0
    for each in (path, path.with_name(f"{path.name}-wal")):
        with contextlib.suppress(OSError):
            found += each.stat().st_size
    return found


def set_aside(path: Path) -> Path:
    """Give a file, and what belongs to it, a name that no other has; the name."""
    stamp = datetime.datetime.now(tz=datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    names = (path.with_name(f"{path.name}.damaged-{stamp}{more}") for more in _numbered())
    aside = next(name for name in names if not name.exists())
    for side in _SIDES:
        beside = path.with_name(path.name + side)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + side))
    path.rename(aside)
    return aside


def _numbered() -> itertools.chain[str]:
    return itertools.chain([""], (f"-{number}" for number in itertools.count(2)))


def _open(path: Path) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        with explaining(path):
            prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    try:
        # SECURITY: what is pushed is for whoever may scrape, and not for everybody on this machine. What SQLite keeps
        # beside a file is for those that the file is for.
        path.touch(mode=_MODE)
    except OSError as error:
        raise BadFileError(f"cannot open {path}: {error.strerror}") from error
    try:
        return sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False, cached_statements=512)
    except sqlite3.Error as error:
        raise BadFileError(f"cannot open {path}: {error}; is its folder there, and may it be written to?") from error


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Have the file for this connection alone, and in its newest version.

    :raises BadFileError: it is of a newer one.
    """
    # One process alone, told by the lock that SQLite then keeps; it needs no shared memory beside the file either.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise BadFileError(
            f"{path} was written by a newer tidegate (version {version} of the file, this one knows "
            f"{len(MIGRATIONS)}): start that one, or give --persistence.file another name"
        )
    # Takes the lock, and says where it is another's.
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")
    for number in range(version, len(MIGRATIONS)):
        _migrate(connection, number + 1)


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Make this version of the version before it, in one transaction."""
    connection.execute("BEGIN EXCLUSIVE")
    for statement in MIGRATIONS[version - 1].split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute("COMMIT")
