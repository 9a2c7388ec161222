"""The store: all groups in memory, and each change told to a journal before it counts as made."""

from __future__ import annotations

import asyncio
import collections
import uuid
from collections.abc import Callable, Mapping, Sequence

from tidegate import settings
from tidegate.aiokits import clocks, pulses, turns
from tidegate.exposition import shapes
from tidegate.model import changelogs, errors, families, groups, lives, pushers, records, scrapers, tempos
from tidegate.store import (
    archives,
    bounds,
    censuses,
    contents,
    holdings,
    interface,
    journals,
    pushes,
    rows,
    schedules,
)

_LARGE_PUSH = 500
"""Series from which a push is prepared in a thread: about where it would hold the event loop for a few milliseconds."""

_SETTLED_AT_ONCE = 10
"""Groups whose lines are written without a pause: with 10 series each, in a page each, that takes a millisecond."""

_VALUES_AT_ONCE = 100
"""Of those groups, where they have more series than others."""

_SWEPT_AT_ONCE = 50
"""Groups that one sweep ends: with 10 series each that takes two milliseconds."""


class MemoryStore:
    """See :class:`tidegate.store.interface.Store`. By itself it is forgotten with its process.

    :param own_types: types of the families that the gateway itself exposes, which pushes must not contradict.
    :param limits: what may be pushed.
    :param is_memory_short: see :class:`tidegate.store.bounds.Bounds`.
    :param ttl_drain_timeout: seconds that a group whose time to live is over may wait for its scrapers.
    """

    def __init__(
        self,
        *,
        clock: clocks.Clock,
        own_types: Mapping[str, families.MetricType],
        ttl_drain_timeout: float = 300.0,
        limits: settings.LimitSettings | None = None,
        is_memory_short: Callable[[], bool] = lambda: False,
        journal: journals.Journal | None = None,
    ) -> None:
        self._clock = clock
        self._ttl_drain_timeout = ttl_drain_timeout
        self._epoch = uuid.uuid4().hex
        self._revision = 0
        self._groups: dict[groups.GroupingKey, holdings.Group] = {}
        self._draining: set[groups.GroupingKey] = set()
        self._schedule = schedules.Schedule()
        self._contents = contents.Contents(own_types=own_types)
        self._log = changelogs.ChangeLog()
        self._departures: collections.deque[interface.Departure] = collections.deque(maxlen=interface.KEPT_DEPARTURES)
        self._pulse = pulses.Pulse()
        self._journal: journals.Journal = journal or journals.Nowhere()
        self._last_id = 0
        self._bounds = bounds.Bounds(limits or settings.LimitSettings(), is_memory_short=is_memory_short)

    async def open(self) -> None:
        """There is nothing to be opened."""

    async def restore(self) -> None:
        """There is nothing to be restored."""

    async def close(self) -> None:
        """There is nothing to be closed."""

    @property
    def epoch(self) -> str:
        return self._epoch

    @property
    def revision(self) -> int:
        return self._revision

    async def push(
        self,
        key: groups.GroupingKey,
        pushed: Mapping[str, families.Family],
        *,
        replace: bool,
        ttl: float | None = None,
        spelling: shapes.Spelling | None = None,
        pusher: str | None = None,
    ) -> None:
        try:
            prepared = await _prepare(key, pushed, chosen=self._bounds.chosen)
            group = self._groups.get(key)
            self._check_bounds(key, group, prepared, replace=replace)
            if group is None:
                self._contents.check_times(key)
            self._contents.check(group, prepared, replace=replace)
        except errors.InconsistentPushError:
            await self.note_failure(key)
            raise
        self._journal.require()
        if group is None:
            group = self._add_group(key)
        now = self._clock.wall()
        self._contents.put(group, prepared, replace=replace, at=now, spelling=spelling)
        self._pushed(group, at=now, ttl=ttl, pusher=pusher)
        if self._journal.keeps:
            self._tell_families(group, known=prepared)
        await self._journal.committed()

    async def repeat(
        self,
        key: groups.GroupingKey,
        spelling: shapes.Spelling,
        *,
        replace: bool,
        ttl: float | None = None,
        pusher: str | None = None,
    ) -> bool:
        self._journal.require()
        group = self._groups.get(key)
        now = self._clock.wall()
        if group is None or not self._contents.repeat(group, spelling, replace=replace, at=now):
            return False
        self._pushed(group, at=now, ttl=ttl, pusher=pusher)
        await self._journal.committed()
        return True

    async def delete(self, key: groups.GroupingKey) -> bool:
        group = self._groups.get(key)
        if group is None:
            # Somebody else's deletion may be under way.
            await self._journal.committed()
            return False
        self._journal.require()
        self._remove(group, lives.Reason.REQUEST)
        await self._journal.committed()
        return True

    async def act(self, actions: Sequence[records.Action]) -> list[lives.Refusal | None]:
        self._journal.require()
        now = self._clock.steady()
        results = [self._act(action, now) for action in actions]
        await self._journal.committed()
        return results

    async def sweep(self, *, read_revision: int | None, now: float) -> interface.Swept:
        expiring = self._schedule.expiring(now=now, most=_SWEPT_AT_ONCE)
        if expiring:
            self._journal.require()
        for key in expiring:
            group = self._groups[key]
            self._changed(group, lives.expired(group.life, drain_timeout=self._ttl_drain_timeout, now=now))
        ending = self._schedule.ending(read_revision=read_revision, now=now, most=_SWEPT_AT_ONCE)
        if ending:
            self._journal.require()
        deleted = []
        for key in ending:
            group = self._groups[key]
            reason = lives.ended(group.life, read_revision=read_revision, now=now)
            if reason is not None:
                deleted.append(self._remove(group, reason))
        await self._journal.committed()
        return interface.Swept(deleted, len(expiring), more=_SWEPT_AT_ONCE in (len(expiring), len(ending)))

    def next_deadline(self) -> float | None:
        return self._schedule.next_deadline()

    async def snapshot(self) -> interface.Snapshot:
        # Only what waits now, however many pushes come meanwhile: they are newer than this revision.
        revision, left, turn = self._revision, self._contents.unsettled, turns.Turn()
        while left > 0 and self._contents.unsettled:
            left -= self._contents.settle(most=min(left, _SETTLED_AT_ONCE), values=_VALUES_AT_ONCE)
            if left > 0:
                await turn.step()
        if not self._contents.unsettled:
            revision = self._revision
        return interface.Snapshot(revision, self._contents.render())

    def keep_reading(self, reading: scrapers.Reading) -> None:
        self._journal.read(reading.scraper, reading)

    def forget_scraper(self, scraper: scrapers.Scraper) -> None:
        self._journal.read(scraper, None)

    def kept_readings(self) -> interface.KeptReadings:
        return interface.KeptReadings((), 0.0)

    def group(self, key: groups.GroupingKey) -> interface.GroupView | None:
        group = self._groups.get(key)
        return None if group is None else self._contents.view(group)

    def outline(self, key: groups.GroupingKey) -> interface.GroupOutline | None:
        group = self._groups.get(key)
        return None if group is None else holdings.outline(group)

    def tempo(self, key: groups.GroupingKey, *, now: float) -> list[int]:
        group = self._groups.get(key)
        if group is not None and group.tempo is not None:
            return group.tempo.counts(now=now)
        return tempos.of_one(group.push_time if group is not None else 0.0, now=now)

    def draining_keys(self) -> list[groups.GroupingKey]:
        return list(self._draining)

    def departures(self) -> list[interface.Departure]:
        return list(reversed(self._departures))

    def grouping_keys(self) -> list[groups.GroupingKey]:
        return list(self._groups)

    def series(self) -> int:
        return self._contents.size

    def states(self) -> Mapping[lives.State, int]:
        draining = len(self._draining)
        return {lives.State.LIVE: len(self._groups) - draining, lives.State.DRAINING: draining}

    async def idle(self, *, longer_than: Sequence[float]) -> list[int]:
        return await censuses.idle(list(self._groups.values()), now=self._clock.wall(), longer_than=longer_than)

    def changes(self, *, epoch: str | None, since: int, limit: int, began: int = 0) -> records.Changes:
        if since and epoch != self._epoch:
            raise changelogs.HistoryLostError
        page = self._log.page(since=since, began=began, limit=limit, revision=self._revision)
        return records.Changes(
            epoch=self._epoch,
            revision=page.revision,
            more=page.more,
            began=page.began,
            groups=tuple(self._record(self._groups[key]) for key in page.keys),
            deleted=tuple(page.deleted),
            now=self._clock.wall(),
        )

    def next_change(self) -> asyncio.Event:
        return self._pulse.next()

    def _check_bounds(
        self,
        key: groups.GroupingKey,
        group: holdings.Group | None,
        pushed: Mapping[str, pushes.PreparedFamily],
        *,
        replace: bool,
    ) -> None:
        series = self._contents.size
        if group is None:
            self._bounds.check_new(key, groups=len(self._groups), series=series)
        before, after = self._contents.sizes(group, pushed, replace=replace)
        self._bounds.check_size(before=before, after=after, series=series)

    def _act(self, action: records.Action, now: float) -> lives.Refusal | None:
        group = self._groups.get(action.key)
        if group is None:
            return lives.Refusal.GONE
        match action:
            case records.ClaimGroup():
                life: lives.Life | lives.Refusal = lives.claimed(group.life, action.claim)
            case records.ReleaseGroup():
                life = lives.released(group.life, action.uid)
            case records.RetireGroup():
                life = lives.retired(
                    group.life,
                    over=action.over,
                    pushed_revision=action.pushed_revision,
                    drain_timeout=action.drain_timeout,
                    now=now,
                )
        if isinstance(life, lives.Refusal):
            return life
        if life != group.life:
            self._changed(group, life)
        return None

    def _pushed(self, group: holdings.Group, *, at: float, ttl: float | None, pusher: str | None) -> None:
        if group.tempo is not None:
            group.tempo.note(at)
        elif group.push_time:
            group.tempo = tempos.begun(group.push_time, at)
        group.push_time = at
        group.pushers = pushers.after(group.pushers, pusher)
        self._contents.stamp(group)
        expires = None if ttl is None else self._clock.steady() + ttl
        self._changed(group, lives.pushed(group.life, revision=self._revision + 1, expires=expires))
        if self._journal.keeps:
            self._tell_push(group)

    async def note_failure(self, key: groups.GroupingKey) -> None:
        """A push to this group was refused now."""
        self._journal.require()
        group = self._groups.get(key)
        if group is None:
            try:
                self._contents.check_times(key)
            except errors.InconsistentPushError:
                return  # There is no place to note it: the series is another group's.
            self._bounds.check_new(key, groups=len(self._groups), series=self._contents.size)
            group = self._add_group(key)
            self._tell_families(group, known={})
            self._tell_push(group)
        group.push_failure_time = self._clock.wall()
        self._contents.stamp(group)
        self._changed(group, group.life)
        self._tell_life(group)
        await self._journal.committed()

    def _add_group(self, key: groups.GroupingKey) -> holdings.Group:
        self._last_id += 1
        life = lives.Life(pushed_revision=self._revision + 1)
        group = self._groups[key] = holdings.Group(key=key, life=life, id=self._last_id)
        return group

    def _changed(self, group: holdings.Group, life: lives.Life) -> None:
        before, group.life = group.life, life
        self._revision += 1
        self._log.changed(group.key, self._revision, before=group.revision)
        group.revision = self._revision
        if lives.waits(before) or lives.waits(life):
            self._schedule.note(group.key, life)
            if life.state is lives.State.DRAINING:
                self._draining.add(group.key)
            else:
                self._draining.discard(group.key)
        if life.claims is not before.claims or life.drain is not before.drain:
            self._tell_life(group)
        self._pulse.fire()

    def _tell_push(self, group: holdings.Group) -> None:
        values = group.values
        numbers = None if values is None else archives.pack_numbers(values)
        known = archives.spell_pushers(group.pushers)
        life = group.life
        row = rows.PushRow(group.id, life.pushed_revision, group.push_time, life.expires, numbers, known)
        self._journal.pushed(row)

    def _tell_life(self, group: holdings.Group) -> None:
        if self._journal.keeps:
            self._journal.lived(archives.life_row(group.id, group.life, failure_time=group.push_failure_time))

    def _tell_families(self, group: holdings.Group, *, known: Mapping[str, pushes.PreparedFamily]) -> None:
        """:param known: those that it has just got."""
        self._journal.put(group.id, group.key, archives.spell_parts(self._contents.parts(group, known)))

    def _remove(self, group: holdings.Group, reason: lives.Reason) -> records.DeletedRecord:
        self._contents.remove(group)
        self._journal.removed(group.id)
        return self._gone(group, reason)

    def _gone(self, group: holdings.Group, reason: lives.Reason) -> records.DeletedRecord:
        """Forget a group that has no series any more."""
        del self._groups[group.key]
        self._schedule.note(group.key, None)
        self._draining.discard(group.key)
        self._revision += 1
        lasted = lives.drained_for(group.life, now=self._clock.steady())
        record = records.DeletedRecord(group.key, self._revision, reason, dict(group.life.claims), lasted)
        self._log.deleted(record, before=group.revision)
        self._departures.append(interface.Departure(self._clock.wall(), record))
        self._pulse.fire()
        return record

    @staticmethod
    def _record(group: holdings.Group) -> records.GroupRecord:
        drain = group.life.drain
        return records.GroupRecord(
            key=group.key,
            revision=group.revision,
            pushed_revision=group.life.pushed_revision,
            push_time=group.push_time,
            claims=dict(group.life.claims),
            drain_pushed_revision=None if drain is None else drain.pushed_revision,
            pushers=group.pushers,
        )


async def _prepare(
    key: groups.GroupingKey, pushed: Mapping[str, families.Family], *, chosen: settings.LimitSettings
) -> Mapping[str, pushes.PreparedFamily]:
    if sum(len(family.metrics) for family in pushed.values()) < _LARGE_PUSH:
        return pushes.prepare(key, pushed, chosen=chosen)
    return await asyncio.to_thread(pushes.prepare, key, pushed, chosen=chosen)
