"""The lives of the groups of a stock Pushgateway: it keeps none, so they are kept here, in memory.

What is read of it becomes revisions of our own, by the rules of :mod:`tidegate.model.lifecycle`. No I/O; readings of
the monotonic clock are passed in.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tidegate.model import change_log, control_api, grouping, lifecycle
from tidegate.operator.gateways import gateway_protocol, pushgateway_responses


@dataclass(frozen=True, slots=True)
class _Group:
    """:param told: whether Pushgateway was told to delete it since its last push."""

    life: lifecycle.Life
    push_time: float
    revision: int
    told: bool = False


class StockGroups:
    """All groups that there were at the last read, with what the operator said of them.

    :param grace: seconds that a retired group is kept, at least.
    """

    def __init__(self, *, grace: float) -> None:
        self.epoch = uuid.uuid4().hex
        self.revision = 0
        self._grace = grace
        self._groups: dict[grouping.GroupingKey, _Group] = {}
        self._unclear: frozenset[grouping.GroupingKey] = frozenset()
        self._ends: dict[grouping.GroupingKey, float] = {}
        """When each group is to be deleted of which nothing else is awaited."""
        self._log = change_log.ChangeLog()

    def read(self, answer: pushgateway_responses.Answer) -> list[control_api.DeletedRecord]:
        """Take over what there is now; returns what there is no more.

        Another time of the last push is another push, an earlier one too: Pushgateway may have gone back to its file.
        A refused push changes nothing of its group and counts for nothing, as in our own gateway.
        """
        for key, push_time in answer.pushed.items():
            known = self._groups.get(key)
            if known is None:
                self._put(key, _Group(lifecycle.Life(self.revision + 1), push_time, 0))
            elif known.push_time != push_time:
                life = lifecycle.pushed(known.life, revision=self.revision + 1)
                self._put(key, replace(known, life=life, push_time=push_time, told=False))
        self._set_unclear(answer.unclear)
        gone = [key for key in self._groups if key not in answer.pushed and key not in answer.unclear]
        return [self._remove(key) for key in gone]

    def act(self, actions: Sequence[control_api.Action], *, now: float) -> list[lifecycle.Refusal | None]:
        """Do these in order; for each why it was not done, ``None`` where it was."""
        return [self._act(action, now=now) for action in actions]

    def changes(self, *, after: control_api.Changes | None) -> control_api.Changes:
        """The page after this one, as it is now.

        :raises gateways.HistoryLostError: more was deleted since then than is remembered.
        """
        since, began = (0, 0) if after is None else (after.revision, after.began)
        try:
            page = self._log.page(since=since, began=began, limit=gateway_protocol.PAGE, revision=self.revision)
        except change_log.HistoryLostError as error:
            raise gateway_protocol.HistoryLostError("too many groups are gone to remember them all") from error
        return control_api.Changes(
            epoch=self.epoch,
            revision=page.revision,
            more=page.more,
            began=page.began,
            groups=tuple(self._record(key) for key in page.keys),
            deleted=tuple(page.deleted),
        )

    def next_end(self) -> float | None:
        """When the next group is to be deleted."""
        return min(self._ends.values(), default=None)

    def due(self, *, now: float) -> list[grouping.GroupingKey]:
        """The groups to be deleted by now, the longest due first."""
        return sorted((key for key, at in self._ends.items() if at <= now), key=self._ends.__getitem__)

    def is_due(self, key: grouping.GroupingKey, *, now: float) -> bool:
        """Whether this group is (still) to be deleted."""
        return self._ends.get(key, now + 1) <= now

    def tell(self, key: grouping.GroupingKey) -> bool:
        """Pushgateway is about to be told to delete a group that is due; whether it was before, in vain."""
        known = self._groups[key]
        self._groups[key] = replace(known, told=True)
        return known.told and known.life.drain is not None and self._ends[key] > known.life.drain.deadline

    def put_off(self, key: grouping.GroupingKey, *, now: float) -> None:
        """Pushgateway was told: should the group stay, it is due again in another grace period."""
        if key in self._ends:
            self._ends[key] = now + self._grace

    def refused(self, key: grouping.GroupingKey, *, now: float) -> None:
        """Pushgateway cannot be told: the group stays, and should it go, it was not by our word."""
        if key in self._groups:
            self._groups[key] = replace(self._groups[key], told=False)
        self.put_off(key, now=now)

    def _act(self, action: control_api.Action, *, now: float) -> lifecycle.Refusal | None:
        known = self._groups.get(action.key)
        if known is None:
            return lifecycle.Refusal.GONE
        match action:
            case control_api.ClaimGroup(claim=claim):
                life: lifecycle.Life | lifecycle.Refusal = lifecycle.claimed(known.life, claim)
            case control_api.ReleaseGroup(uid=uid):
                life = lifecycle.released(known.life, uid)
            case control_api.RetireGroup(over=over, pushed_revision=pushed, drain_timeout=timeout):
                # A Job may ask for more time than all have, and not for less: nobody sees here whether it was enough.
                kept = max(self._grace, timeout)
                life = lifecycle.retired(known.life, over=over, pushed_revision=pushed, drain_timeout=kept, now=now)
        if isinstance(life, lifecycle.Refusal):
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
        self._ends.pop(key, None)
        self.revision += 1
        reason = lifecycle.Reason.GRACE_PERIOD if group.told else lifecycle.Reason.VANISHED
        record = control_api.DeletedRecord(key=key, revision=self.revision, reason=reason, claims=group.life.claims)
        self._log.deleted(record, before=group.revision)
        return record

    def _set_unclear(self, unclear: frozenset[grouping.GroupingKey]) -> None:
        changed, self._unclear = self._unclear ^ unclear, unclear
        for key in changed:
            if key in self._groups:
                self._schedule(key)

    def _schedule(self, key: grouping.GroupingKey) -> None:
        drain = lifecycle.awaited(self._groups[key].life)
        if drain is None or key in self._unclear:
            self._ends.pop(key, None)
        else:
            self._ends[key] = drain.deadline

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
