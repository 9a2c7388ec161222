"""A store opens its own file, rejects foreign files, and sets a damaged file aside."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.support.store import persistent_stores, store_builders
from tidegate.store.sqlite import database, database_file

KEY = store_builders.key(job="a")
GOB = (
    b"\x12\xff\x83\x04\x01\x02\xff\x84\x00\x01\x0c\x01\xff\x82\x00\x00k\xff\x81\x03\x01\x01\x0bMetricGroup\x01\xff\x82"
)
"""How a file of Pushgateway's begins."""


async def _made(path: Path, *, groups: int = 1) -> None:
    async with persistent_stores.opened(path) as store:
        for number in range(groups):
            pushed = store_builders.family("g", store_builders.number(1.0), help="x" * 200)
            await store.push(store_builders.key(job="a", instance=str(number)), pushed, replace=True)


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


async def _refused(path: Path) -> str:
    """Return why the file is rejected; check that it is unchanged."""
    before = _bytes(path)
    with pytest.raises(database_file.BadFileError) as refusal:
        async with persistent_stores.opened(path):
            pass
    assert _bytes(path) == before
    assert [name for name in os.listdir(path.parent) if "damaged" in name] == []
    return str(refusal.value)


async def test_file_of_pushgateway_is_rejected_with_a_hint_how_to_copy_its_groups(tmp_path: Path) -> None:
    (tmp_path / "groups").write_bytes(GOB)
    assert "tidegate import --from" in await _refused(tmp_path / "groups")


async def test_database_of_another_program_is_rejected(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "groups") as other:
        other.execute("PRAGMA application_id = 7")
        other.execute("CREATE TABLE groups (id INTEGER)")
    other.close()
    assert "another program" in await _refused(tmp_path / "groups")


async def test_file_of_a_newer_version_is_rejected(tmp_path: Path) -> None:
    await _made(tmp_path / "groups")
    with sqlite3.connect(tmp_path / "groups") as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    assert "newer tidegate (file version 99" in await _refused(tmp_path / "groups")


async def test_file_that_another_process_has_open_is_rejected(tmp_path: Path) -> None:
    async with persistent_stores.opened(tmp_path / "groups") as store:
        with pytest.raises(database_file.BadFileError, match=r"another process has .* open"):
            async with persistent_stores.opened(tmp_path / "groups"):
                pass
        await store.push(KEY, store_builders.family("g", store_builders.number(1.0)), replace=True)


@pytest.mark.parametrize("name", ["missing/groups", ".", "plain/groups"])
async def test_file_that_cannot_be_opened_is_rejected(name: str, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no folder")
    with pytest.raises(database_file.BadFileError, match=r"cannot (open|read|use) "):
        async with persistent_stores.opened(tmp_path / name):
            pass


@pytest.mark.parametrize(
    ("damage", "groups"),
    [
        pytest.param(lambda data: b"rubbish" + data[7:], 1, id="no head"),
        pytest.param(lambda data: data[:10_000], 200, id="cut"),
        pytest.param(lambda data: data[:4096] + b"\xff" * 4096 + data[8192:], 200, id="a page of rubbish"),
        pytest.param(lambda data: data.replace(b'[["instance"', b'[{"instance"'), 1, id="a row of rubbish"),
        pytest.param(lambda data: data.replace(b'"gauge"', b'"gouge"'), 1, id="a type that is none"),
        pytest.param(lambda data: b"\0" * len(data), 1, id="zeros"),
    ],
)
async def test_damaged_file_is_renamed_unchanged(
    damage: object, groups: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "groups"
    await _made(path, groups=groups)
    assert callable(damage)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)

    async with persistent_stores.opened(path) as store:
        assert store.grouping_keys() == []
        aside = persistent_stores.journal(store).set_aside
        assert aside is not None
        assert aside.read_bytes() == damaged
        await store.push(KEY, store_builders.family("g", store_builders.number(1.0)), replace=True)

    assert "is damaged" in caplog.text
    assert str(aside) in caplog.text
    async with persistent_stores.opened(path) as store:
        assert store.grouping_keys() == [KEY]


async def test_damaged_file_does_not_replace_an_earlier_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "groups"
    asides = []
    for number in range(3):
        path.write_text(f"rubbish {number}")
        path.with_name("groups-wal").write_text(f"more {number}")
        asides.append(database_file.set_aside(path))
    assert [aside.read_text() for aside in asides] == ["rubbish 0", "rubbish 1", "rubbish 2"]
    assert [aside.with_name(f"{aside.name}-wal").read_text() for aside in asides] == ["more 0", "more 1", "more 2"]


async def test_file_of_an_older_version_is_migrated_with_all_its_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "groups"
    await _made(path)
    newer = (
        *database_file.MIGRATIONS,
        "CREATE TABLE more (id INTEGER PRIMARY KEY); INSERT INTO more SELECT id FROM groups;",
    )
    monkeypatch.setattr(database_file, "MIGRATIONS", newer)

    async with persistent_stores.opened(path) as store:
        assert len(store.grouping_keys()) == 1

    connection, _ = database_file.open_file(path)
    assert connection.execute("SELECT count(*) FROM more").fetchone() == (1,)
    connection.close()
    monkeypatch.undo()
    assert f"version {len(newer)}" in await _refused(path)


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "groups"
    await _made(path)
    half = "CREATE TABLE more (id INTEGER PRIMARY KEY); CREATE TABLE groups (id INTEGER);"
    monkeypatch.setattr(database_file, "MIGRATIONS", (*database_file.MIGRATIONS, half))
    with pytest.raises(database_file.BadFileError, match="table groups already exists"):
        database_file.open_file(path)
    monkeypatch.undo()

    async with persistent_stores.opened(path) as store:
        assert len(store.grouping_keys()) == 1
    connection, _ = database_file.open_file(path)
    database.Database(connection, fsync=False).check()
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'more'").fetchall() == []
    connection.close()


async def test_new_file_is_readable_by_its_owner_only_and_an_existing_one_keeps_its_mode(tmp_path: Path) -> None:
    async with persistent_stores.opened(tmp_path / "groups") as store:
        await store.push(KEY, store_builders.family("g", store_builders.number(1.0)), replace=True)
        assert {name: os.stat(tmp_path / name).st_mode & 0o777 for name in os.listdir(tmp_path)} == {
            "groups": 0o600,
            "groups-wal": 0o600,
        }
    os.chmod(tmp_path / "groups", 0o640)
    async with persistent_stores.opened(tmp_path / "groups"):
        assert os.stat(tmp_path / "groups").st_mode & 0o777 == 0o640


async def test_empty_file_is_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "groups").touch()
    async with persistent_stores.opened(tmp_path / "groups") as store:
        assert persistent_stores.journal(store).set_aside is None
        await store.push(KEY, store_builders.family("g", store_builders.number(1.0)), replace=True)


async def test_a_copy_of_file_and_log_is_a_backup(tmp_path: Path) -> None:
    async with persistent_stores.opened(tmp_path / "groups") as store:
        await store.push(KEY, store_builders.family("g", store_builders.number(1.0)), replace=True)
        copy = persistent_stores.killed(tmp_path / "groups")
    shutil.move(copy, tmp_path / "again")
    shutil.move(copy.with_name(f"{copy.name}-wal"), tmp_path / "again-wal")
    async with persistent_stores.opened(tmp_path / "again") as store:
        assert store.grouping_keys() == [KEY]
