"""The lifecycle of the groups of a stock Pushgateway, kept in memory because Pushgateway has none.

Each read of its groups becomes revisions, by the rules of :mod:`tidegate.model.lifecycle`. No I/O; times are monotonic
seconds and passed in.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tidegate.model import change_log, control_api, grouping, lifecycle
from tidegate.operator.gateways import gateway_protocol, pushgateway_responses


@dataclass(frozen=True, slots=True)
class _Group:
    """A group of Pushgateway.

    :param deletion_requested: whether its deletion was requested since its last push.
    """

    life: lifecycle.Life
    push_time: float
    revision: int
    deletion_requested: bool = False


class PushgatewayGroups:
    """All groups of the last read, with the claims and drains of the operator.

    :param grace: minimum seconds for which a draining group is kept.
    """

    def __init__(self, *, grace: float) -> None:
        self.epoch = uuid.uuid4().hex
        self.revision = 0
        self._grace = grace
        self._groups: dict[grouping.GroupingKey, _Group] = {}
        self._ambiguous: frozenset[grouping.GroupingKey] = frozenset()
        self._due_times: dict[grouping.GroupingKey, float] = {}
        """The time of deletion of each group that waits for nothing else."""
        self._log = change_log.ChangeLog()

    def update(self, groups: pushgateway_responses.GroupList) -> list[control_api.DeletedRecord]:
        """Apply a read of all groups; returns the groups that no longer exist.

        A different time of the last push is a new push, even an earlier one: Pushgateway may have restored its file. A
        rejected push does not count, as in tidegate's gateway.
        """
        for key, push_time in groups.pushed.items():
            known = self._groups.get(key)
            if known is None:
                self._put(key, _Group(lifecycle.Life(self.revision + 1), push_time, 0))
            elif known.push_time != push_time:
                life = lifecycle.pushed(known.life, revision=self.revision + 1)
                self._put(key, replace(known, life=life, push_time=push_time, deletion_requested=False))
        self._set_ambiguous(groups.ambiguous)
        missing = [key for key in self._groups if key not in groups.pushed and key not in groups.ambiguous]
        return [self._remove(key) for key in missing]

    def act(self, actions: Sequence[control_api.Action], *, now: float) -> list[lifecycle.Rejection | None]:
        """Perform actions in order; for each why it was rejected, ``None`` where it was performed."""
        return [self._act(action, now=now) for action in actions]

    def changes(self, *, after: control_api.Changes | None) -> control_api.Changes:
        """The page of changes after this one.

        :raises gateway_protocol.HistoryLostError: more groups were deleted since then than are remembered.
        """
        since, began = (0, 0) if after is None else (after.revision, after.began)
        try:
            page = self._log.page(since=since, began=began, limit=gateway_protocol.PAGE, revision=self.revision)
        except change_log.HistoryLostError as error:
            raise gateway_protocol.HistoryLostError(
                "more groups were deleted than are remembered; listing all groups"
            ) from error
        return control_api.Changes(
            epoch=self.epoch,
            revision=page.revision,
            more=page.more,
            began=page.began,
            groups=tuple(self._record(key) for key in page.keys),
            deleted=tuple(page.deleted),
        )

    def next_due_time(self) -> float | None:
        """The time at which the next group is due for deletion; ``None`` if none is."""
        return min(self._due_times.values(), default=None)

    def due(self, *, now: float) -> list[grouping.GroupingKey]:
        """The groups that are due for deletion, in the order of their times."""
        return sorted((key for key, at in self._due_times.items() if at <= now), key=self._due_times.__getitem__)

    def is_due(self, key: grouping.GroupingKey, *, now: float) -> bool:
        """Whether this group is (still) due for deletion."""
        return self._due_times.get(key, now + 1) <= now

    def request_deletion(self, key: grouping.GroupingKey) -> bool:
        """Record that the deletion of a due group is requested; whether it was requested before without effect."""
        known = self._groups[key]
        self._groups[key] = replace(known, deletion_requested=True)
        return (
            known.deletion_requested
            and known.life.drain is not None
            and self._due_times[key] > known.life.drain.deadline
        )

    def postpone(self, key: grouping.GroupingKey, *, now: float) -> None:
        """Make a group due again after another grace period, in case it still exists then."""
        if key in self._due_times:
            self._due_times[key] = now + self._grace

    def rejected(self, key: grouping.GroupingKey, *, now: float) -> None:
        """Record that its deletion was rejected: if the group vanishes, it was for another reason."""
        if key in self._groups:
            self._groups[key] = replace(self._groups[key], deletion_requested=False)
        self.postpone(key, now=now)

    def _act(self, action: control_api.Action, *, now: float) -> lifecycle.Rejection | None:
        known = self._groups.get(action.key)
        if known is None:
            return lifecycle.Rejection.GONE
        match action:
            case control_api.ClaimGroup(claim=claim):
                life: lifecycle.Life | lifecycle.Rejection = lifecycle.claimed(known.life, claim)
            case control_api.ReleaseGroup(uid=uid):
                life = lifecycle.released(known.life, uid)
            case control_api.StartDrain(finished=finished, pushed_revision=pushed, drain_timeout=timeout):
                # A Job may set more than the grace period, but not less: nothing shows here whether it was scraped.
                drain_seconds = max(self._grace, timeout)
                life = lifecycle.drain_started(
                    known.life, finished=finished, pushed_revision=pushed, drain_timeout=drain_seconds, now=now
                )
        if isinstance(life, lifecycle.Rejection):
            return life
        if life != known.life:
            self._put(action.key, replace(known, life=life))
        return None

    def _put(self, key: grouping.GroupingKey, group: _Group) -> None:
        self.revision += 1
        self._log.changed(key, self.revision, before=group.revision)
        self._groups[key] = replace(group, revision=self.revision)
        self._schedule(key)

    def _remove(self, key: grouping.GroupingKey) -> control_api.DeletedRecord:
        group = self._groups.pop(key)
        self._due_times.pop(key, None)
        self.revision += 1
        reason = (
            lifecycle.DeletionReason.GRACE_PERIOD if group.deletion_requested else lifecycle.DeletionReason.VANISHED
        )
        record = control_api.DeletedRecord(key=key, revision=self.revision, reason=reason, claims=group.life.claims)
        self._log.deleted(record, before=group.revision)
        return record

    def _set_ambiguous(self, ambiguous: frozenset[grouping.GroupingKey]) -> None:
        changed, self._ambiguous = self._ambiguous ^ ambiguous, ambiguous
        for key in changed:
            if key in self._groups:
                self._schedule(key)

    def _schedule(self, key: grouping.GroupingKey) -> None:
        drain = lifecycle.confirmed_drain(self._groups[key].life)
        if drain is None or key in self._ambiguous:
            self._due_times.pop(key, None)
        else:
            self._due_times[key] = drain.deadline

    def _record(self, key: grouping.GroupingKey) -> control_api.GroupRecord:
        group = self._groups[key]
        return control_api.GroupRecord(
            key=key,
            revision=group.revision,
            pushed_revision=group.life.pushed_revision,
            push_time=group.push_time,
            claims=group.life.claims,
            drain_pushed_revision=None if group.life.drain is None else group.life.drain.pushed_revision,
        )
