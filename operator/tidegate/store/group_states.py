"""The state of one group in the store. The rendered lines of its series are in the tables of their families."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tidegate.aio import time_slices
from tidegate.exposition.text import repeated_bodies
from tidegate.model import control_api, grouping, lifecycle, push_rates, pushers
from tidegate.store import interface

_COUNTED_AT_ONCE = 100
"""Groups that are counted between two checks of the time slice: about twenty microseconds."""


PUSH_TIME_STEP = 2e-5
"""Seconds by which the times of two pushes differ at least, of any groups. A database that stores rounded numbers can
then still be asked which of them it has (:mod:`tidegate.prometheus.push_time_query`)."""

_CLOCK_STEP = 1.0
"""Seconds by which the wall clock may step back before its time is taken again as it is. Then only chance can give two
pushes the same time."""


@dataclass(slots=True, eq=False)
class PushOrigin:
    """Time (Unix seconds) and address of the push that brought some families, or of its latest repetition.

    :param pusher: the address; "" if the push came from no address, or if the address is no longer known.
    """

    at: float
    pusher: str = ""


class FamilyEntry(NamedTuple):
    """One family of a group, without its rendered lines.

    Families of one push that are equal in every field share one entry.

    :param size: see :class:`tidegate.store.prepared_pushes.PreparedFamily`.
    """

    help: str | None
    origin: PushOrigin
    keys: tuple[str, ...]
    size: int
    unit: str | None = None


@dataclass(slots=True, eq=False)
class Group:
    """One group of the store. Times are Unix seconds, 0.0 for never.

    :param id: identifies the group in the journal; ids are not reused.
    :param pushers: see :mod:`tidegate.model.pushers`.
    :param push_rate: ``None`` until the second push, since many groups are pushed once.
    :param families: the pushed families by name, without the push times that the store adds.
    :param times_key: the series key of these push times; empty until they are rendered.
    :param digest: of the last push, if it was one body in the text format
        (:class:`tidegate.exposition.text.repeated_bodies.SplitBody`).
    :param template: of the last push, if the next push may differ from it only in its values.
    :param origin: of the last push.
    :param values: of the last push, while its lines are not rendered yet
        (:meth:`tidegate.store.series.series_index.SeriesIndex.settle`).
    """

    key: grouping.GroupingKey
    life: lifecycle.Life
    id: int = 0
    revision: int = 0
    push_time: float = 0.0
    push_failure_time: float = 0.0
    pushers: pushers.PusherAddresses = pushers.NO_PUSHERS
    push_rate: push_rates.PushRate | None = None
    families: dict[str, FamilyEntry] = field(default_factory=dict)
    times_key: str = ""
    digest: bytes = b""
    template: repeated_bodies.Template | None = None
    origin: PushOrigin | None = None
    values: Sequence[float] | None = None


def push_time(*, last: float, now: float) -> float:
    """Return the time of a push that arrives now, in Unix seconds.

    :param last: the time of the push before, of any group.
    """
    next_time = last + PUSH_TIME_STEP
    return next_time if last - _CLOCK_STEP < now < next_time else now


def summary(group: Group) -> interface.GroupSummary:
    """Return the group without its metrics."""
    entries = group.families.values()
    return interface.GroupSummary(
        key=group.key,
        life=group.life,
        push_time=group.push_time,
        push_failure_time=group.push_failure_time,
        pushers=group.pushers.known,
        families=len(entries),
        series=sum(entry.size for entry in entries),
    )


def record(group: Group) -> control_api.GroupRecord:
    """Return the group as the control API shows it to the operator."""
    drain = group.life.drain
    return control_api.GroupRecord(
        key=group.key,
        revision=group.revision,
        pushed_revision=group.life.pushed_revision,
        push_time=group.push_time,
        claims=dict(group.life.claims),
        drain_pushed_revision=None if drain is None else drain.pushed_revision,
        sources=sources(group),
    )


def sources(group: Group) -> tuple[pushers.Source, ...]:
    """Return the addresses that the group was pushed from, latest push first.

    These are the last addresses that pushed, and the addresses whose families the group still has.
    """
    latest = group.pushers.sources(push_time=group.push_time)
    origins = {entry.origin for entry in group.families.values()}
    of_families = {pushers.Source(origin.pusher, origin.at) for origin in origins if origin.pusher}
    others = sorted(of_families.difference(latest), key=lambda source: (-source.at, source.address))
    return (*latest, *others[: pushers.MAX_REPORTED_SOURCES - len(latest)])


def applied(action: control_api.Action, life: lifecycle.Life, *, now: float) -> lifecycle.Life | lifecycle.Rejection:
    """Return the life of a group after an action of the operator, or why the action is rejected.

    :param now: monotonic seconds.
    """
    match action:
        case control_api.ClaimGroup():
            return lifecycle.claimed(life, action.claim)
        case control_api.ReleaseGroup():
            return lifecycle.released(life, action.uid)
        case control_api.StartDrain():
            return lifecycle.drain_started(
                life,
                finished=action.finished,
                pushed_revision=action.pushed_revision,
                drain_timeout=action.drain_timeout,
                now=now,
            )


async def count_unowned(groups: Sequence[Group], *, now: float, longer_than: Sequence[float]) -> list[int]:
    """Count unowned groups without a TTL by the time since their last push.

    See :meth:`tidegate.store.interface.Store.count_unowned`. A rejected push counts as a push: its client still exists.
    Other tasks run in between, so groups that are deleted meanwhile may be counted.
    """
    time_slice = time_slices.TimeSlice()
    counts = [0] * len(longer_than)
    for start in range(0, len(groups), _COUNTED_AT_ONCE):
        for group in groups[start : start + _COUNTED_AT_ONCE]:
            life = group.life
            if life.claims or life.drain is not None or life.expires is not None:
                continue
            silent = now - max(group.push_time, group.push_failure_time)
            for number, seconds in enumerate(longer_than):
                counts[number] += silent >= seconds
        await time_slice.step()
    return counts
