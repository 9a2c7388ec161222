"""The store that keeps everything in memory, and forgets it with the process."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Mapping, Sequence

from tidegate.aiokits import clocks, pulses
from tidegate.model import errors, families, groups, lives, records
from tidegate.store import changelogs, contents, expiries, interface, pushes

_LARGE_PUSH = 500
"""Series from which a push is prepared in a thread: about where it would hold the event loop for a few milliseconds."""


class MemoryStore:
    """See :class:`tidegate.store.interface.Store`.

    :param own_types: types of the families that the gateway itself exposes, which pushes must not contradict.
    :param ttl_drain_timeout: seconds that a group whose time to live is over may wait for its scrapers.
    """

    def __init__(
        self,
        *,
        clock: clocks.Clock,
        own_types: Mapping[str, families.MetricType],
        ttl_drain_timeout: float = 300.0,
    ) -> None:
        self._clock = clock
        self._ttl_drain_timeout = ttl_drain_timeout
        self._expiries = expiries.Expiries(self._expires)
        self._epoch = uuid.uuid4().hex
        self._revision = 0
        self._groups: dict[groups.GroupingKey, contents.Group] = {}
        self._draining: dict[groups.GroupingKey, contents.Group] = {}
        self._contents = contents.Contents(own_types=own_types)
        self._log = changelogs.ChangeLog()
        self._pulse = pulses.Pulse()

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
    ) -> None:
        try:
            prepared = await _prepare(key, pushed)
            group = self._groups.get(key)
            if group is None:
                self._contents.check_times(key)
            self._contents.check(group, prepared, replace=replace)
        except errors.InconsistentPushError:
            self._note_failure(key)
            raise
        if group is None:
            group = self._add_group(key)
        now = group.push_time = self._clock.wall()
        self._contents.put(group, prepared, replace=replace, pushed_at=now)
        self._contents.stamp(group, pushed_at=now)
        expires = None if ttl is None else self._clock.steady() + ttl
        self._changed(group, lives.pushed(group.life, revision=self._revision + 1, expires=expires))
        if expires is not None:
            self._expiries.add(key, expires)

    async def delete(self, key: groups.GroupingKey) -> bool:
        group = self._groups.get(key)
        if group is None:
            return False
        self._remove(group, lives.Reason.REQUEST)
        return True

    async def act(self, actions: Sequence[records.Action]) -> list[lives.Refusal | None]:
        now = self._clock.steady()
        return [self._act(action, now) for action in actions]

    async def sweep(self, *, read_revision: int | None, now: float) -> list[records.DeletedRecord]:
        for key in self._expiries.due(now):
            self._expire(self._groups[key], now)
        ended = [
            (group, reason)
            for group in self._draining.values()
            if (reason := lives.ended(group.life, read_revision=read_revision, now=now)) is not None
        ]
        return [self._remove(group, reason) for group, reason in ended]

    def next_deadline(self) -> float | None:
        deadlines = [
            group.life.drain.deadline
            for group in self._draining.values()
            if group.life.drain is not None and group.life.drain.pushed_revision == group.life.pushed_revision
        ]
        expires = self._expiries.next()
        return min(deadlines if expires is None else [*deadlines, expires], default=None)

    def snapshot(self) -> interface.Snapshot:
        return interface.Snapshot(self._revision, self._contents.render())

    def group(self, key: groups.GroupingKey) -> interface.GroupView | None:
        group = self._groups.get(key)
        return None if group is None else self._contents.view(group)

    def grouping_keys(self) -> list[groups.GroupingKey]:
        return list(self._groups)

    def states(self) -> Mapping[lives.State, int]:
        draining = len(self._draining)
        return {lives.State.LIVE: len(self._groups) - draining, lives.State.DRAINING: draining}

    def changes(self, *, epoch: str | None, since: int, limit: int, began: int = 0) -> records.Changes:
        if since and epoch != self._epoch:
            raise changelogs.HistoryLostError
        began = began if since else self._revision
        found = list(itertools.islice(self._log.since(since, live=self._groups), limit + 1))
        more = len(found) > limit
        through = found[limit - 1][0] if more else self._revision
        return records.Changes(
            epoch=self._epoch,
            revision=through,
            more=more,
            began=began,
            groups=tuple(self._record(self._groups[key]) for _, key in found[:limit]),
            deleted=tuple(self._log.deletions(after=max(since, began), through=through)),
        )

    def next_change(self) -> asyncio.Event:
        return self._pulse.next()

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
            if life.expires is not None and life.state is lives.State.LIVE and not life.claims:
                # While it had owners its moment may have passed unheeded.
                self._expiries.add(group.key, life.expires)
        return None

    def _expires(self, key: groups.GroupingKey) -> float | None:
        group = self._groups.get(key)
        return None if group is None else group.life.expires

    def _expire(self, group: contents.Group, now: float) -> None:
        life = lives.expired(group.life, drain_timeout=self._ttl_drain_timeout, now=now)
        if life != group.life:
            self._changed(group, life)

    def _note_failure(self, key: groups.GroupingKey) -> None:
        group = self._groups.get(key)
        if group is None:
            try:
                self._contents.check_times(key)
            except errors.InconsistentPushError:
                return  # There is no place to note it: the series is another group's.
            group = self._add_group(key)
        now = group.push_failure_time = self._clock.wall()
        self._contents.stamp(group, pushed_at=now)
        self._changed(group, group.life)

    def _add_group(self, key: groups.GroupingKey) -> contents.Group:
        group = self._groups[key] = contents.Group(key=key, life=lives.Life(pushed_revision=self._revision + 1))
        return group

    def _changed(self, group: contents.Group, life: lives.Life) -> None:
        group.life = life
        self._revision += 1
        group.revision = self._revision
        if life.state is lives.State.DRAINING:
            self._draining[group.key] = group
        else:
            self._draining.pop(group.key, None)
        self._log.changed(group.key, self._revision, live=self._groups)
        self._pulse.fire()

    def _remove(self, group: contents.Group, reason: lives.Reason) -> records.DeletedRecord:
        self._contents.remove(group)
        del self._groups[group.key]
        self._draining.pop(group.key, None)
        self._revision += 1
        record = records.DeletedRecord(
            key=group.key, revision=self._revision, reason=reason, claims=dict(group.life.claims)
        )
        self._log.deleted(record)
        self._pulse.fire()
        return record

    @staticmethod
    def _record(group: contents.Group) -> records.GroupRecord:
        drain = group.life.drain
        return records.GroupRecord(
            key=group.key,
            revision=group.revision,
            pushed_revision=group.life.pushed_revision,
            push_time=group.push_time,
            claims=dict(group.life.claims),
            drain_pushed_revision=None if drain is None else drain.pushed_revision,
        )


async def _prepare(
    key: groups.GroupingKey, pushed: Mapping[str, families.Family]
) -> Mapping[str, pushes.PreparedFamily]:
    if sum(len(family.metrics) for family in pushed.values()) < _LARGE_PUSH:
        return pushes.prepare(key, pushed)
    return await asyncio.to_thread(pushes.prepare, key, pushed)
