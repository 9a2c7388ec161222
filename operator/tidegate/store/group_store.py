"""The store: it holds all groups in memory, and records each change in a journal before it acknowledges it."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import functools
import logging
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence

from tidegate import settings
from tidegate.aio import broadcasts, clocks, time_slices
from tidegate.exposition.text import repeated_bodies
from tidegate.model import (
    change_log,
    control_api,
    errors,
    families,
    grouping,
    lifecycle,
    plurals,
    proofs,
    push_rates,
    pushers,
    scrapers,
)
from tidegate.store import (
    due_groups,
    group_states,
    interface,
    journals,
    prepared_pushes,
    push_limits,
    recovery,
    row_codec,
    rows,
)
from tidegate.store.series import series_index

_logger = logging.getLogger(__name__)

_SETTLED_AT_ONCE = 10
"""Groups that a snapshot renders between two pauses: with 10 series each, on a page each, that takes a millisecond."""

_VALUES_AT_ONCE = 100
"""Values that a snapshot renders between two pauses, since some groups have more series than others."""

_SWEPT_AT_ONCE = 50
"""Groups that one sweep handles: with 10 series each that takes two milliseconds."""


class GroupStore:
    """The store of one gateway; see :class:`tidegate.store.interface.Store`.

    :param journal: makes changes durable.
    :param limits: limits of pushes. Groups in the journal are restored even if they are over a limit.
    :param own_types: types of the families that the gateway itself exposes; pushes must not contradict them.
    :param is_memory_short: see :class:`tidegate.store.push_limits.PushLimits`.
    :param ttl_drain_timeout: seconds that a group whose TTL has expired waits for its scrapers.
    """

    def __init__(
        self,
        *,
        journal: journals.Journal,
        limits: settings.LimitSettings,
        clock: clocks.Clock,
        own_types: Mapping[str, families.MetricType],
        is_memory_short: Callable[[], bool],
        ttl_drain_timeout: float,
    ) -> None:
        self._journal = journal
        self._limits = push_limits.PushLimits(limits, is_memory_short=is_memory_short)
        self._clock = clock
        self._load = functools.partial(recovery.load, own_types=own_types)
        self._ttl_drain_timeout = ttl_drain_timeout
        self._epoch = uuid.uuid4().hex
        self._revision = 0
        self._last_id = 0
        self._groups: dict[grouping.GroupingKey, group_states.Group] = {}
        self._draining: set[grouping.GroupingKey] = set()
        self._due = due_groups.DueGroups()
        self._index = series_index.SeriesIndex(own_types=own_types)
        self._change_log = change_log.ChangeLog()
        self._recent_deletions: collections.deque[interface.RecentDeletion] = collections.deque(
            maxlen=interface.RECENT_DELETIONS
        )
        self._broadcast = broadcasts.Broadcast()
        self._last_push_time = 0.0
        self._restored_readers = interface.RestoredReaders((), 0.0)

    async def open(self) -> None:
        await self._journal.open()

    async def restore(self) -> None:
        started = time.perf_counter()
        self._take_over(await self._journal.restore(self._load, store=self))
        if self._journal.is_persistent:
            count = plurals.counted(len(self._groups), "group")
            _logger.info("restored %s in %.2f s", count, time.perf_counter() - started)

    async def close(self) -> None:
        await self._journal.close()

    @property
    def epoch(self) -> str:
        return self._epoch

    @property
    def revision(self) -> int:
        return self._revision

    async def push(
        self,
        key: grouping.GroupingKey,
        pushed: Mapping[str, families.Family],
        *,
        replace: bool,
        ttl: float | None = None,
        split_body: repeated_bodies.SplitBody | None = None,
        pusher: str | None = None,
    ) -> None:
        try:
            prepared = await prepared_pushes.prepare_off_loop(key, pushed, limit_settings=self._limits.settings)
            group = self._groups.get(key)
            self._check_limits(key, group, prepared, replace=replace)
            if group is None:
                self._index.check_times(key)
            self._index.check(group, prepared, replace=replace, groups=self._groups)
        except errors.InconsistentPushError:
            await self.record_failed_push(key)
            raise
        self._journal.check_writable()
        if group is None:
            group = self._add_group(key)
        now = self._next_push_time(group)
        self._index.put(group, prepared, replace=replace, at=now, pusher=pusher, split_body=split_body)
        self._pushed(group, at=now, ttl=ttl, pusher=pusher)
        self._record_families(group, known=prepared)
        await self._journal.commit()

    async def repeat(
        self,
        key: grouping.GroupingKey,
        split_body: repeated_bodies.SplitBody,
        *,
        replace: bool,
        ttl: float | None = None,
        pusher: str | None = None,
    ) -> bool:
        self._journal.check_writable()
        group = self._groups.get(key)
        if group is None:
            return False
        now = self._next_push_time(group)
        if not self._index.repeat(group, split_body, replace=replace, at=now, pusher=pusher):
            return False
        self._pushed(group, at=now, ttl=ttl, pusher=pusher)
        await self._journal.commit()
        return True

    async def delete(self, key: grouping.GroupingKey) -> bool:
        group = self._groups.get(key)
        if group is None:
            # The deletion by another request may not be durable yet.
            await self._journal.commit()
            return False
        self._journal.check_writable()
        self._remove(group, lifecycle.DeletionReason.REQUEST)
        await self._journal.commit()
        return True

    async def apply(self, actions: Sequence[control_api.Action]) -> list[lifecycle.Rejection | None]:
        self._journal.check_writable()
        now = self._clock.monotonic()
        results = [self._apply(action, now=now) for action in actions]
        await self._journal.commit()
        return results

    async def sweep(self, proof: proofs.Proof, *, now: float) -> interface.SweepResult:
        expired = self._due.expired(now=now, most=_SWEPT_AT_ONCE)
        if expired:
            self._journal.check_writable()
        for key in expired:
            group = self._groups[key]
            self._changed(group, lifecycle.expired(group.life, drain_timeout=self._ttl_drain_timeout, now=now))
        deletable = self._due.deletable(proof, now=now, most=_SWEPT_AT_ONCE)
        if deletable:
            self._journal.check_writable()
        deleted = []
        for key in deletable:
            group = self._groups[key]
            reason = lifecycle.deletion_reason(key, group.life, proof=proof, now=now)
            if reason is not None:
                deleted.append(self._remove(group, reason))
        await self._journal.commit()
        return interface.SweepResult(deleted, len(expired), more=_SWEPT_AT_ONCE in (len(expired), len(deletable)))

    def next_deadline(self) -> float | None:
        return self._due.next_deadline()

    async def snapshot(self) -> interface.Snapshot:
        # Pushes that arrive during the pauses are newer than this revision and are not waited for.
        revision, remaining, time_slice = self._revision, self._index.unsettled, time_slices.TimeSlice()
        while remaining > 0 and self._index.unsettled:
            remaining -= self._index.settle(most=min(remaining, _SETTLED_AT_ONCE), values=_VALUES_AT_ONCE)
            if remaining > 0:
                await time_slice.step()
        if not self._index.unsettled:
            revision = self._revision
        return interface.Snapshot(revision, self._index.render())

    def record_reader(self, progress: scrapers.ReaderProgress) -> None:
        if self._journal.is_persistent:
            self._journal.record_reader(progress.reader, row_codec.reader_row(progress))

    def forget_reader(self, reader: scrapers.Reader) -> None:
        self._journal.record_reader(reader, None)

    def restored_readers(self) -> interface.RestoredReaders:
        return self._restored_readers

    def group(self, key: grouping.GroupingKey) -> interface.GroupView | None:
        group = self._groups.get(key)
        return None if group is None else self._index.view(group)

    def summary(self, key: grouping.GroupingKey) -> interface.GroupSummary | None:
        group = self._groups.get(key)
        return None if group is None else group_states.summary(group)

    def push_rate(self, key: grouping.GroupingKey, *, now: float) -> list[int]:
        group = self._groups.get(key)
        if group is not None and group.push_rate is not None:
            return group.push_rate.counts(now=now)
        return push_rates.single_push(group.push_time if group is not None else 0.0, now=now)

    def confirmed_drains(self) -> Mapping[grouping.GroupingKey, int]:
        return self._due.confirmed_drains()

    def draining_keys(self) -> list[grouping.GroupingKey]:
        return list(self._draining)

    def recent_deletions(self) -> list[interface.RecentDeletion]:
        return list(reversed(self._recent_deletions))

    def grouping_keys(self) -> list[grouping.GroupingKey]:
        return list(self._groups)

    def series(self) -> int:
        return self._index.size

    def states(self) -> Mapping[lifecycle.State, int]:
        draining = len(self._draining)
        return {lifecycle.State.LIVE: len(self._groups) - draining, lifecycle.State.DRAINING: draining}

    async def count_unowned(self, *, longer_than: Sequence[float]) -> list[int]:
        return await group_states.count_unowned(
            list(self._groups.values()), now=self._clock.wall(), longer_than=longer_than
        )

    def changes(self, *, epoch: str | None, since: int, limit: int, began: int = 0) -> control_api.Changes:
        if since and epoch != self._epoch:
            raise change_log.HistoryLostError
        page = self._change_log.page(since=since, began=began, limit=limit, revision=self._revision)
        return control_api.Changes(
            epoch=self._epoch,
            revision=page.revision,
            more=page.more,
            began=page.began,
            groups=tuple(group_states.record(self._groups[key]) for key in page.keys),
            deleted=tuple(page.deleted),
            now=self._clock.wall(),
        )

    def next_change(self) -> asyncio.Event:
        return self._broadcast.next()

    def roll_back(self, ids: Collection[int], stored: Sequence[rows.StoredGroup]) -> None:
        """See :class:`tidegate.store.journals.RecordedStore`."""
        before = {group.id: group for group in self._groups.values() if group.id in ids}
        for group in before.values():
            self._index.remove(group)
        for id in before.keys() - {row.group.id for row in stored}:
            self._forget(before[id], lifecycle.DeletionReason.REQUEST)
        for row in stored:
            self._restore_group(row, before=before.get(row.group.id))

    def _restore_group(self, row: rows.StoredGroup, *, before: group_states.Group | None) -> None:
        """Replace a group by its state in the journal.

        It counts as pushed again: a scraper that has read the state that was rolled back has not read this one.
        """
        group, pushes = row_codec.read_group(row)
        life = dataclasses.replace(group.life, pushed_revision=self._revision + 1)
        if before is not None:
            group.revision, group.life = before.revision, before.life
        self._groups[group.key] = group
        self._index.insert(group, pushes)
        self._changed(group, life)
        self._journal.record_push(row.push._replace(revision=life.pushed_revision))

    def _take_over(self, restored: recovery.RestoredState) -> None:
        self._index = restored.series
        self._restored_readers = restored.readers
        self._revision = restored.revision
        self._groups.update(restored.groups)
        for group in restored.groups.values():
            self._last_id = max(self._last_id, group.id)
            self._change_log.changed(group.key, group.revision, before=0)
            if lifecycle.has_deadline(group.life):
                self._due.update(group.key, group.life)
                if group.life.state is lifecycle.State.DRAINING:
                    self._draining.add(group.key)

    def _check_limits(
        self,
        key: grouping.GroupingKey,
        group: group_states.Group | None,
        pushed: prepared_pushes.PreparedPush,
        *,
        replace: bool,
    ) -> None:
        series = self._index.size
        if group is None:
            self._limits.check_new(key, groups=len(self._groups), series=series)
        before, after = self._index.sizes(group, pushed, replace=replace)
        self._limits.check_size(before=before, after=after, series=series)

    def _apply(self, action: control_api.Action, *, now: float) -> lifecycle.Rejection | None:
        group = self._groups.get(action.key)
        if group is None:
            return lifecycle.Rejection.GONE
        life = group_states.applied(action, group.life, now=now)
        if isinstance(life, lifecycle.Rejection):
            return life
        if life != group.life:
            self._changed(group, life)
        return None

    def _next_push_time(self, group: group_states.Group) -> float:
        """The time of a push to this group now. After a restart, the times of other groups are not considered."""
        last = max(self._last_push_time, group.push_time)
        return group_states.push_time(last=last, now=self._clock.wall())

    def _pushed(self, group: group_states.Group, *, at: float, ttl: float | None, pusher: str | None) -> None:
        if group.push_rate is not None:
            group.push_rate.add(at)
        elif group.push_time:
            group.push_rate = push_rates.with_pushes(group.push_time, at)
        group.pushers = pushers.with_push(group.pushers, pusher, push_time=group.push_time)
        group.push_time = self._last_push_time = at
        self._index.stamp(group)
        expires = None if ttl is None else self._clock.monotonic() + ttl
        self._changed(group, lifecycle.pushed(group.life, revision=self._revision + 1, expires=expires))
        self._record_push(group)

    async def record_failed_push(self, key: grouping.GroupingKey) -> None:
        """Record that a push to this group was rejected now."""
        self._journal.check_writable()
        group = self._groups.get(key)
        if group is None:
            try:
                self._index.check_times(key)
            except errors.InconsistentPushError:
                return  # The time cannot be shown: its series belongs to another group.
            self._limits.check_new(key, groups=len(self._groups), series=self._index.size)
            group = self._add_group(key)
            self._record_families(group, known={})
            self._record_push(group)
        group.push_failure_time = self._clock.wall()
        self._index.stamp(group)
        self._changed(group, group.life)
        self._record_life(group)
        await self._journal.commit()

    def _add_group(self, key: grouping.GroupingKey) -> group_states.Group:
        self._last_id += 1
        life = lifecycle.Life(pushed_revision=self._revision + 1)
        group = self._groups[key] = group_states.Group(key=key, life=life, id=self._last_id)
        return group

    def _changed(self, group: group_states.Group, life: lifecycle.Life) -> None:
        before, group.life = group.life, life
        self._revision += 1
        self._change_log.changed(group.key, self._revision, before=group.revision)
        group.revision = self._revision
        if lifecycle.has_deadline(before) or lifecycle.has_deadline(life):
            self._due.update(group.key, life)
            if life.state is lifecycle.State.DRAINING:
                self._draining.add(group.key)
            else:
                self._draining.discard(group.key)
        if life.claims is not before.claims or life.drain is not before.drain:
            self._record_life(group)
        self._broadcast.fire()

    def _record_life(self, group: group_states.Group) -> None:
        if self._journal.is_persistent:
            self._journal.record_life(row_codec.life_row(group))

    def _record_families(self, group: group_states.Group, *, known: prepared_pushes.PreparedPush) -> None:
        """:param known: the families of the push that is being recorded."""
        if self._journal.is_persistent:
            self._journal.record_families(row_codec.group_row(group, self._index.stored_pushes(group, known)))

    def _record_push(self, group: group_states.Group) -> None:
        if self._journal.is_persistent:
            self._journal.record_push(row_codec.push_row(group))

    def _remove(self, group: group_states.Group, reason: lifecycle.DeletionReason) -> control_api.DeletedRecord:
        self._index.remove(group)
        self._journal.record_deletion(group.id)
        return self._forget(group, reason)

    def _forget(self, group: group_states.Group, reason: lifecycle.DeletionReason) -> control_api.DeletedRecord:
        """Remove a group that has no series left in the index."""
        del self._groups[group.key]
        self._due.update(group.key, None)
        self._draining.discard(group.key)
        self._revision += 1
        drained_for = lifecycle.drained_for(group.life, now=self._clock.monotonic())
        record = control_api.DeletedRecord(group.key, self._revision, reason, dict(group.life.claims), drained_for)
        self._change_log.deleted(record, before=group.revision)
        self._recent_deletions.append(interface.RecentDeletion(self._clock.wall(), record))
        self._broadcast.fire()
        return record
