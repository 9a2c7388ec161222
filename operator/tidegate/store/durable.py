"""The store that outlives its process: what is in memory is in a file, too, before any change is acknowledged."""

from __future__ import annotations

import dataclasses
import gc
import logging
import struct
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tidegate import settings
from tidegate.aiokits import clocks
from tidegate.model import families, groups, lives
from tidegate.store import archives, contents, filejournals, files, holdings, interface, ledgers, memory, pushes, rows

_logger = logging.getLogger(__name__)

_REVISIONS_APART = 1_000_000
"""By how much the revisions of a process begin above those that the file tells of. More changes than that are never
unacknowledged at a time, so no revision that anybody was ever told of comes again with another meaning."""

_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, struct.error)
"""What comes of reading a row that says what none of ours says."""


class _Loaded(NamedTuple):
    contents: contents.Contents
    groups: Mapping[groups.GroupingKey, holdings.Group]
    kept: interface.KeptReadings
    revision: int


class DurableStore(memory.MemoryStore):
    """See :class:`tidegate.store.interface.Store`.

    Each start begins another epoch: whoever follows the changes lists all groups once.

    :param path: of the file, which no other process may have open.
    :param fsync: whether a change waits until the disk has it; see :class:`ledgers.Ledger`.
    :param observer: is told how the file fares.
    :param retry_seconds: how often a file that cannot be written is tried again.
    :ivar journal: for whoever looks after it.
    """

    def __init__(
        self,
        path: Path,
        *,
        fsync: bool,
        clock: clocks.Clock,
        own_types: Mapping[str, families.MetricType],
        ttl_drain_timeout: float = 300.0,
        limits: settings.LimitSettings | None = None,
        is_memory_short: Callable[[], bool] = lambda: False,
        observer: filejournals.Observer | None = None,
        retry_seconds: float = filejournals.RETRY_SECONDS,
    ) -> None:
        self.journal = filejournals.FileJournal(
            path,
            fsync=fsync,
            clock=clock,
            revision=lambda: self._revision,
            take_back=self._take_back,
            observer=observer,
            retry_seconds=retry_seconds,
        )
        super().__init__(clock=clock, own_types=own_types, ttl_drain_timeout=ttl_drain_timeout, journal=self.journal)
        self._own_types = own_types
        self._kept = interface.KeptReadings((), 0.0)

    async def open(self) -> None:
        await self.journal.open()

    async def restore(self) -> None:
        began = time.perf_counter()
        self._adopt(await self.journal.restore(self._load))
        _logger.info("restored %d groups in %.2f s", len(self._groups), time.perf_counter() - began)

    async def close(self) -> None:
        await self.journal.close()

    def kept_readings(self) -> interface.KeptReadings:
        return self._kept

    def _adopt(self, loaded: _Loaded) -> None:
        self._contents = loaded.contents
        self._kept = loaded.kept
        self._revision = loaded.revision
        self._groups.update(loaded.groups)
        for group in loaded.groups.values():
            self._last_id = max(self._last_id, group.id)
            self._log.changed(group.key, group.revision, before=0)
            if lives.waits(group.life):
                self._schedule.note(group.key, group.life)
                if group.life.state is lives.State.DRAINING:
                    self._draining.add(group.key)

    def _load(self, ledger: ledgers.Ledger) -> _Loaded:
        """All that the file has. In another thread, so it touches nothing of the store."""
        # What is made here stays, and to look for garbage in it again and again would take as long as making it.
        gc.disable()
        try:
            totals = ledger.totals()
            loaded = contents.Contents(own_types=self._own_types)
            found: dict[groups.GroupingKey, holdings.Group] = {}
            revision = totals.revision + _REVISIONS_APART
            loaded.load(_restored(ledger.groups(), found, revision=revision))
            readings = [archives.read_scraper(row) for row in ledger.scrapers()]
        finally:
            gc.enable()
        kept = interface.KeptReadings(readings, totals.moment)
        return _Loaded(loaded, found, kept, revision + len(found))

    def _take_back(self, ids: Collection[int], stored: Sequence[rows.StoredGroup]) -> None:
        changed = [group for group in self._groups.values() if group.id in ids]
        for group in changed:
            self._contents.remove(group)
        before = {group.id: group for group in changed}
        for id in before.keys() - {row.group.id for row in stored}:
            self._gone(before[id], lives.Reason.REQUEST)
        for row in stored:
            self._put_back(row, before=before.get(row.group.id))

    def _put_back(self, row: rows.StoredGroup, *, before: holdings.Group | None) -> None:
        """Have a group as the file has it.

        It counts as pushed anew: whoever has read what was taken back has not read this.
        """
        group, parts = _read_group(row)
        life = dataclasses.replace(group.life, pushed_revision=self._revision + 1)
        if before is not None:
            group.revision, group.life = before.revision, before.life
        self._groups[group.key] = group
        self._contents.insert(group, parts)
        self._changed(group, life)
        self._journal.pushed(row.push._replace(revision=life.pushed_revision))


def _restored(
    stored: Iterable[rows.StoredGroup], found: dict[groups.GroupingKey, holdings.Group], *, revision: int
) -> Iterator[tuple[holdings.Group, list[pushes.Part]]]:
    """The groups of these rows, each also put where they are ``found`` by their keys."""
    for number, row in enumerate(stored, 1):
        group, parts = _read_group(row)
        group.revision = revision + number
        found[group.key] = group
        yield group, parts


def _read_group(row: rows.StoredGroup) -> tuple[holdings.Group, list[pushes.Part]]:
    push = row.push
    try:
        key = archives.read_key(row.group.labels)
        parts = archives.read_parts(row.group, push)
        life = archives.read_life(push, row.life)
        pushers = archives.read_pushers(push.pushers)
    except _UNREADABLE as error:
        raise files.DamagedFileError(f"group {row.group.id} cannot be read: {error!r}") from error
    group = holdings.Group(key=key, life=life, id=push.id)
    group.push_time, group.push_failure_time = push.push_time, row.life.failure_time
    group.pushers = pushers
    return group, parts
