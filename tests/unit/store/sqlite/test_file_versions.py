"""Files of earlier versions are migrated and restored."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.support.store import persistent_stores, store_builders
from tidegate.exposition.text import metric_order
from tidegate.model import families, lifecycle, owners
from tidegate.store import group_store, prepared_pushes
from tidegate.store.sqlite import database_file

VERSION_1 = """
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
    PRAGMA application_id = 0x74696465;
    PRAGMA user_version = 1;
    PRAGMA journal_mode = WAL;
"""
KEY = store_builders.key(job="a")
SERIES = metric_order.series_key(prepared_pushes.with_grouping_labels(KEY, ()))
CLAIMS = '[{"owner": {"kind": "Job", "namespace": "default", "name": "one", "uid": "uid-one"}, "drain_timeout": 9.0}]'


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A file of version 1 with one group, whose last push came as a number alone."""
    path = tmp_path / "groups"
    spelled = SERIES.replace("\0", r"\u0000")
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(VERSION_1)
        connection.execute(
            "INSERT INTO groups VALUES (1, ?, ?, ?, ?)",
            (
                '[["job","a"]]',
                '[[["g","untyped",null,0,1,[[0]],null]]]',
                f'[[1700000000.0,[["{spelled}"]]]]',
                b'g{instance="",job="a"} 2\n',
            ),
        )
        connection.execute("INSERT INTO pushes VALUES (1, 5, 1700000001.0, NULL, ?)", (b"\0\0\0\0\0\0\x08@",))
        connection.execute("INSERT INTO lives VALUES (1, 1700000002.0, ?, '[5, 3.0, 4.0, false]')", (CLAIMS,))
        connection.execute("INSERT INTO scrapers VALUES ('10.0.0.9', 'Prometheus/3', 1.0, 2.0, '[15.0]', 4, 2.0)")
        connection.execute("INSERT INTO totals VALUES (1, 6, 2.0)")
    return path


def _version(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _pushers(store: group_store.GroupStore) -> tuple[str, ...]:
    (group,) = store.changes(epoch=None, since=0, limit=10).groups
    return group.pushers


async def test_file_of_version_1_is_restored_without_pushers(first: Path) -> None:
    async with persistent_stores.opened(first) as store:
        view = store.group(KEY)
        assert view is not None
        assert view.families["g"].page.text == b'g{instance="",job="a"} 3\n'
        assert view.families["g"].type is families.MetricType.UNTYPED
        assert (view.push_time, view.push_failure_time) == (1700000001.0, 1700000002.0)
        claim = owners.Claim(persistent_stores.OWNERS[0], drain_timeout=9.0)
        assert view.life == lifecycle.Life(5, {claim.owner.uid: claim}, lifecycle.Drain(5, since=3.0, deadline=4.0))
        assert _pushers(store) == ()
        (reading,) = store.restored_readers().progress
        assert reading.reader.scraper.address == "10.0.0.9"
        assert (reading.delivered_revision, reading.ingested_revision) == (4, 0)
        assert persistent_stores.journal(store).set_aside is None
    assert _version(first) == len(database_file.MIGRATIONS) == 4


async def test_pushers_are_stored_in_a_file_migrated_from_version_1(first: Path) -> None:
    async with persistent_stores.opened(first) as store:
        await store.push(KEY, store_builders.family("g", store_builders.number(1.0)), replace=True, pusher="10.0.0.1")
    async with persistent_stores.opened(first) as store:
        assert _pushers(store) == ("10.0.0.1",)


async def test_file_of_version_2_has_the_address_of_the_last_push_and_no_times_of_earlier_ones(first: Path) -> None:
    with contextlib.closing(sqlite3.connect(first)) as connection, connection:
        connection.execute("ALTER TABLE pushes ADD COLUMN pushers TEXT")
        connection.execute("UPDATE pushes SET pushers = '10.0.0.1,10.0.0.2'")
        connection.execute("PRAGMA user_version = 2")
    async with persistent_stores.opened(first) as store:
        (group,) = store.changes(epoch=None, since=0, limit=10).groups
        assert group.sources == (("10.0.0.1", 1700000001.0),)
        summary = store.summary(KEY)
        assert summary is not None
        assert summary.pushers == ("10.0.0.1", "10.0.0.2")
    assert _version(first) == len(database_file.MIGRATIONS)


async def test_kill_right_after_a_migration_loses_nothing(first: Path) -> None:
    async with persistent_stores.opened(first) as store:
        before, copy = await persistent_stores.shown(store), persistent_stores.killed(first)
    assert await persistent_stores.shown_of_file(copy) == before


async def test_invalid_pushers_make_a_file_damaged(tmp_path: Path) -> None:
    path = tmp_path / "groups"
    async with persistent_stores.opened(path) as store:
        await store.push(KEY, store_builders.family("g", store_builders.number(1.0)), replace=True, pusher="10.0.0.1")
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE pushes SET pushers = x'00ff'")
    async with persistent_stores.opened(path) as store:
        assert store.grouping_keys() == []
        assert persistent_stores.journal(store).set_aside is not None
