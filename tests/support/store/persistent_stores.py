"""Stores with a file, and comparable values of their state."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from tests.support.store import store_builders
from tidegate import settings
from tidegate.aio import clocks
from tidegate.model import owners
from tidegate.store import group_store, interface
from tidegate.store.sqlite import sqlite_journal

SOON = 0.01
"""Seconds between two tries of a file that cannot be written, where a test waits for them."""


OWNERS = [owners.Owner("Job", "default", name, owners.Uid(f"uid-{name}")) for name in ("one", "two")]


def claim(owner: owners.Owner) -> owners.Claim:
    return owners.Claim(owner, drain_timeout=9.0)


class Counting:
    """Counts transactions; see :class:`sqlite_journal.Observer`."""

    def __init__(self) -> None:
        self.commits = 0
        self.failures = 0

    def committed(self, seconds: float) -> None:  # noqa: ARG002 - sqlite_journal.Observer
        self.commits += 1

    def failed(self) -> None:
        self.failures += 1


def new_journal(
    path: Path,
    *,
    clock: clocks.Clock | None = None,
    fsync: bool = False,
    observer: sqlite_journal.Observer | None = None,
) -> sqlite_journal.SqliteJournal:
    """A journal in this file that soon tries again what it could not write."""
    clock = clock or clocks.MovableClock()
    return sqlite_journal.SqliteJournal(path, fsync=fsync, clock=clock, observer=observer, retry_seconds=SOON)


@contextlib.asynccontextmanager
async def opened(
    path: Path,
    *,
    clock: clocks.Clock | None = None,
    fsync: bool = False,
    observer: sqlite_journal.Observer | None = None,
    limits: settings.LimitSettings | None = None,
) -> AsyncIterator[group_store.GroupStore]:
    """The store that a file keeps, restored; it is closed with the block."""
    clock = clock or clocks.MovableClock()
    journal = new_journal(path, clock=clock, fsync=fsync, observer=observer)
    store = store_builders.store(journal=journal, limits=limits, clock=clock)
    await store.open()
    await store.restore()
    try:
        yield store
    finally:
        await store.close()


def journal(store: group_store.GroupStore) -> sqlite_journal.SqliteJournal:
    """The journal of a store that has a file."""
    found = store._journal
    assert isinstance(found, sqlite_journal.SqliteJournal)
    return found


def killed(path: Path) -> Path:
    """The file as it would be if the process that has it open were killed now."""
    copy = path.with_name(f"{path.name}-killed-{len(list(path.parent.iterdir()))}")
    shutil.copy(path, copy)
    for side in path.parent.glob(f"{path.name}-wal"):
        shutil.copy(side, copy.with_name(f"{copy.name}-wal"))
    return copy


async def shown_of_file(path: Path) -> dict[str, object]:
    """Return the state of the store of a file."""
    async with opened(path) as store:
        return await shown(store)


async def shown(store: interface.Store) -> dict[str, object]:
    """Return the persistent state of a store, as comparable text."""
    snapshot = await store.snapshot()
    exposition = [
        (family.name, family.type, family.help, b"".join(page.text for page in family.pages), repr(family.pages))
        for family in snapshot.families
    ]
    views = {key: view for key in store.grouping_keys() if (view := store.group(key)) is not None}
    return {
        "exposition": exposition,
        # Not-a-number is not equal to itself.
        "groups": {key: repr((view.push_time, view.push_failure_time, view.families)) for key, view in views.items()},
        "lives": {key: view.life for key, view in views.items()},
        "pushers": {group.key: group.pushers for group in store.changes(epoch=None, since=0, limit=len(views)).groups},
    }
