"""The store: all groups in memory, and each change recorded in a journal before it is acknowledged."""

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
from tidegate.exposition.text import body_templates
from tidegate.model import (
    change_log,
    control_api,
    errors,
    families,
    grouping,
    lifecycle,
    plurals,
    push_rates,
    pushers,
    scrapers,
)
from tidegate.store import (
    due_groups,
    group_counts,
    group_states,
    interface,
    journals,
    operator_actions,
    prepared_pushes,
    push_limits,
    recovery,
)
from tidegate.store.series import series_index
from tidegate.store.sqlite import row_codec, rows

_logger = logging.getLogger(__name__)

_SETTLED_AT_ONCE = 10
"""Groups whose lines are written without a pause: with 10 series each, in a page each, that takes a millisecond."""

_VALUES_AT_ONCE = 100
"""Of those groups, where they have more series than others."""

_SWEPT_AT_ONCE = 50
"""Groups that one sweep ends: with 10 series each that takes two milliseconds."""


class GroupStore:
    """See :class:`tidegate.store.interface.Store`.

    :param journal: decides what the groups survive.
    :param limits: what may be pushed. Groups that a journal has kept are restored whatever the limits are now.
    :param own_types: types of the families that the gateway itself exposes, which pushes must not contradict.
    :param is_memory_short: see :class:`tidegate.store.push_limits.Bounds`.
    :param ttl_drain_timeout: seconds that a group whose time to live is over may wait for its scrapers.
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
        self._bounds = push_limits.Bounds(limits, is_memory_short=is_memory_short)
        self._clock = clock
        self._load = functools.partial(recovery.load, own_types=own_types)
        self._ttl_drain_timeout = ttl_drain_timeout
        self._epoch = uuid.uuid4().hex
        self._revision = 0
        self._last_id = 0
        self._groups: dict[grouping.GroupingKey, group_states.Group] = {}
        self._draining: set[grouping.GroupingKey] = set()
        self._schedule = due_groups.Schedule()
        self._contents = series_index.Contents(own_types=own_types)
        self._log = change_log.ChangeLog()
        self._recent_deletions: collections.deque[interface.RecentDeletion] = collections.deque(
            maxlen=interface.RECENT_DELETIONS
        )
        self._pulse = broadcasts.Pulse()
        self._readings = interface.RestoredScrapers((), 0.0)

    async def open(self) -> None:
        await self._journal.open()

    async def restore(self) -> None:
        began = time.perf_counter()
        self._adopt(await self._journal.restore(self._load, store=self))
        if self._journal.keeps:
            count = plurals.counted(len(self._groups), "group")
            _logger.info("restored %s in %.2f s", count, time.perf_counter() - began)

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
        split_body: body_templates.SplitBody | None = None,
        pusher: str | None = None,
    ) -> None:
        try:
            prepared = await prepared_pushes.prepare_in_turn(key, pushed, chosen=self._bounds.chosen)
            group = self._groups.get(key)
            self._check_bounds(key, group, prepared, replace=replace)
            if group is None:
                self._contents.check_times(key)
            self._contents.check(group, prepared, replace=replace, known=self._groups)
        except errors.InconsistentPushError:
            await self.record_failed_push(key)
            raise
        self._journal.require()
        if group is None:
            group = self._add_group(key)
        now = self._clock.wall()
        self._contents.put(group, prepared, replace=replace, at=now, pusher=pusher, split_body=split_body)
        self._pushed(group, at=now, ttl=ttl, pusher=pusher)
        self._record_families(group, known=prepared)
        await self._journal.committed()

    async def repeat(
        self,
        key: grouping.GroupingKey,
        split_body: body_templates.SplitBody,
        *,
        replace: bool,
        ttl: float | None = None,
        pusher: str | None = None,
    ) -> bool:
        self._journal.require()
        group = self._groups.get(key)
        now = self._clock.wall()
        if group is None or not self._contents.repeat(group, split_body, replace=replace, at=now, pusher=pusher):
            return False
        self._pushed(group, at=now, ttl=ttl, pusher=pusher)
        await self._journal.committed()
        return True

    async def delete(self, key: grouping.GroupingKey) -> bool:
        group = self._groups.get(key)
        if group is None:
            # Somebody else's deletion may be under way.
            await self._journal.committed()
            return False
        self._journal.require()
        self._remove(group, lifecycle.Reason.REQUEST)
        await self._journal.committed()
        return True

    async def apply(self, wanted: Sequence[control_api.Action]) -> list[lifecycle.Rejection | None]:
        self._journal.require()
        now = self._clock.monotonic()
        results = [self._apply(action, now=now) for action in wanted]
        await self._journal.committed()
        return results

    async def sweep(self, *, read_revision: int | None, now: float) -> interface.SweepResult:
        expiring = self._schedule.expiring(now=now, most=_SWEPT_AT_ONCE)
        if expiring:
            self._journal.require()
        for key in expiring:
            group = self._groups[key]
            self._changed(group, lifecycle.expired(group.life, drain_timeout=self._ttl_drain_timeout, now=now))
        ending = self._schedule.ending(read_revision=read_revision, now=now, most=_SWEPT_AT_ONCE)
        if ending:
            self._journal.require()
        deleted = []
        for key in ending:
            group = self._groups[key]
            reason = lifecycle.deletion_reason(group.life, read_revision=read_revision, now=now)
            if reason is not None:
                deleted.append(self._remove(group, reason))
        await self._journal.committed()
        return interface.SweepResult(deleted, len(expiring), more=_SWEPT_AT_ONCE in (len(expiring), len(ending)))

    def next_deadline(self) -> float | None:
        return self._schedule.next_deadline()

    async def snapshot(self) -> interface.Snapshot:
        # Only what waits now, however many pushes come meanwhile: they are newer than this revision.
        revision, left, turn = self._revision, self._contents.unsettled, time_slices.Turn()
        while left > 0 and self._contents.unsettled:
            left -= self._contents.settle(most=min(left, _SETTLED_AT_ONCE), values=_VALUES_AT_ONCE)
            if left > 0:
                await turn.step()
        if not self._contents.unsettled:
            revision = self._revision
        return interface.Snapshot(revision, self._contents.render())

    def record_scraper(self, reading: scrapers.ScraperProgress) -> None:
        if self._journal.keeps:
            self._journal.read(reading.scraper, row_codec.scraper_row(reading))

    def forget_scraper(self, scraper: scrapers.Scraper) -> None:
        self._journal.read(scraper, None)

    def restored_scrapers(self) -> interface.RestoredScrapers:
        return self._readings

    def group(self, key: grouping.GroupingKey) -> interface.GroupView | None:
        group = self._groups.get(key)
        return None if group is None else self._contents.view(group)

    def summary(self, key: grouping.GroupingKey) -> interface.GroupSummary | None:
        group = self._groups.get(key)
        return None if group is None else group_states.summary(group)

    def push_rate(self, key: grouping.GroupingKey, *, now: float) -> list[int]:
        group = self._groups.get(key)
        if group is not None and group.push_rate is not None:
            return group.push_rate.counts(now=now)
        return push_rates.single_push(group.push_time if group is not None else 0.0, now=now)

    def draining_keys(self) -> list[grouping.GroupingKey]:
        return list(self._draining)

    def recent_deletions(self) -> list[interface.RecentDeletion]:
        return list(reversed(self._recent_deletions))

    def grouping_keys(self) -> list[grouping.GroupingKey]:
        return list(self._groups)

    def series(self) -> int:
        return self._contents.size

    def states(self) -> Mapping[lifecycle.State, int]:
        draining = len(self._draining)
        return {lifecycle.State.LIVE: len(self._groups) - draining, lifecycle.State.DRAINING: draining}

    async def count_unowned(self, *, longer_than: Sequence[float]) -> list[int]:
        return await group_counts.count_unowned(
            list(self._groups.values()), now=self._clock.wall(), longer_than=longer_than
        )

    def changes(self, *, epoch: str | None, since: int, limit: int, began: int = 0) -> control_api.Changes:
        if since and epoch != self._epoch:
            raise change_log.HistoryLostError
        page = self._log.page(since=since, began=began, limit=limit, revision=self._revision)
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
        return self._pulse.next()

    def take_back(self, ids: Collection[int], stored: Sequence[rows.StoredGroup]) -> None:
        """See :class:`tidegate.store.journals.Journaled`."""
        changed = [group for group in self._groups.values() if group.id in ids]
        for group in changed:
            self._contents.remove(group)
        before = {group.id: group for group in changed}
        for id in before.keys() - {row.group.id for row in stored}:
            self._gone(before[id], lifecycle.Reason.REQUEST)
        for row in stored:
            self._put_back(row, before=before.get(row.group.id))

    def _put_back(self, row: rows.StoredGroup, *, before: group_states.Group | None) -> None:
        """Replace a group by what the journal has of it.

        It counts as pushed anew: whoever has read what was taken back has not read this.
        """
        group, parts = row_codec.read_group(row)
        life = dataclasses.replace(group.life, pushed_revision=self._revision + 1)
        if before is not None:
            group.revision, group.life = before.revision, before.life
        self._groups[group.key] = group
        self._contents.insert(group, parts)
        self._changed(group, life)
        self._journal.pushed(row.push._replace(revision=life.pushed_revision))

    def _adopt(self, recovered: recovery.Recovered) -> None:
        self._contents = recovered.contents
        self._readings = recovered.readings
        self._revision = recovered.revision
        self._groups.update(recovered.groups)
        for group in recovered.groups.values():
            self._last_id = max(self._last_id, group.id)
            self._log.changed(group.key, group.revision, before=0)
            if lifecycle.has_deadline(group.life):
                self._schedule.note(group.key, group.life)
                if group.life.state is lifecycle.State.DRAINING:
                    self._draining.add(group.key)

    def _check_bounds(
        self,
        key: grouping.GroupingKey,
        group: group_states.Group | None,
        pushed: prepared_pushes.Prepared,
        *,
        replace: bool,
    ) -> None:
        series = self._contents.size
        if group is None:
            self._bounds.check_new(key, groups=len(self._groups), series=series)
        before, after = self._contents.sizes(group, pushed, replace=replace)
        self._bounds.check_size(before=before, after=after, series=series)

    def _apply(self, action: control_api.Action, *, now: float) -> lifecycle.Rejection | None:
        group = self._groups.get(action.key)
        if group is None:
            return lifecycle.Rejection.GONE
        life = operator_actions.applied(action, group.life, now=now)
        if isinstance(life, lifecycle.Rejection):
            return life
        if life != group.life:
            self._changed(group, life)
        return None

    def _pushed(self, group: group_states.Group, *, at: float, ttl: float | None, pusher: str | None) -> None:
        if group.push_rate is not None:
            group.push_rate.note(at)
        elif group.push_time:
            group.push_rate = push_rates.with_pushes(group.push_time, at)
        group.pushers = pushers.with_push(group.pushers, pusher, push_time=group.push_time)
        group.push_time = at
        self._contents.stamp(group)
        expires = None if ttl is None else self._clock.monotonic() + ttl
        self._changed(group, lifecycle.pushed(group.life, revision=self._revision + 1, expires=expires))
        self._record_push(group)

    async def record_failed_push(self, key: grouping.GroupingKey) -> None:
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
            self._record_families(group, known={})
            self._record_push(group)
        group.push_failure_time = self._clock.wall()
        self._contents.stamp(group)
        self._changed(group, group.life)
        self._record_life(group)
        await self._journal.committed()

    def _add_group(self, key: grouping.GroupingKey) -> group_states.Group:
        self._last_id += 1
        life = lifecycle.Life(pushed_revision=self._revision + 1)
        group = self._groups[key] = group_states.Group(key=key, life=life, id=self._last_id)
        return group

    def _changed(self, group: group_states.Group, life: lifecycle.Life) -> None:
        before, group.life = group.life, life
        self._revision += 1
        self._log.changed(group.key, self._revision, before=group.revision)
        group.revision = self._revision
        if lifecycle.has_deadline(before) or lifecycle.has_deadline(life):
            self._schedule.note(group.key, life)
            if life.state is lifecycle.State.DRAINING:
                self._draining.add(group.key)
            else:
                self._draining.discard(group.key)
        if life.claims is not before.claims or life.drain is not before.drain:
            self._record_life(group)
        self._pulse.fire()

    def _record_life(self, group: group_states.Group) -> None:
        if self._journal.keeps:
            self._journal.lived(row_codec.life_row(group))

    def _record_families(self, group: group_states.Group, *, known: prepared_pushes.Prepared) -> None:
        """:param known: those that it has just got."""
        if self._journal.keeps:
            self._journal.put(row_codec.group_row(group, self._contents.parts(group, known)))

    def _record_push(self, group: group_states.Group) -> None:
        if self._journal.keeps:
            self._journal.pushed(row_codec.push_row(group))

    def _remove(self, group: group_states.Group, reason: lifecycle.Reason) -> control_api.DeletedRecord:
        self._contents.remove(group)
        self._journal.removed(group.id)
        return self._gone(group, reason)

    def _gone(self, group: group_states.Group, reason: lifecycle.Reason) -> control_api.DeletedRecord:
        """Forget a group that has no series any more."""
        del self._groups[group.key]
        self._schedule.note(group.key, None)
        self._draining.discard(group.key)
        self._revision += 1
        lasted = lifecycle.drained_for(group.life, now=self._clock.monotonic())
        record = control_api.DeletedRecord(group.key, self._revision, reason, dict(group.life.claims), lasted)
        self._log.deleted(record, before=group.revision)
        self._recent_deletions.append(interface.RecentDeletion(self._clock.wall(), record))
        self._pulse.fire()
        return record
