"""What a group is to the store, apart from the lines of its series, which are in the families' tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tidegate.exposition.text import body_templates
from tidegate.model import control_api, grouping, lifecycle, push_rates, pushers
from tidegate.store import interface


@dataclass(slots=True, eq=False)
class Landing:
    """When (Unix seconds) and from where the push came that its families are from, or the last of the same shape since.

    :param pusher: "" where it came from no address, or from one that is not known any more.
    """

    at: float
    pusher: str = ""


class HeldFamily(NamedTuple):
    """What a group remembers of one of its families; the rendered lines are in the family's table.

    Families of one push that are alike in all this share one.

    :param size: see :class:`tidegate.store.prepared_pushes.PreparedFamily`.
    """

    help: str | None
    landing: Landing
    keys: tuple[str, ...]
    size: int
    unit: str | None = None


@dataclass(slots=True, eq=False)
class Group:
    """One group as the store keeps it. Times are Unix seconds, 0.0 for never.

    :param id: names it in a file, and no other group.
    :param pushers: see :mod:`tidegate.model.pushers`.
    :param push_rate: how often it is pushed; ``None`` up to its second push, since many groups have none.
    :param families: what was pushed, by name; the times that the store adds are not among them.
    :param times_key: the key of those times' series; empty until they are shown.
    :param digest: of the last push, where that was one body in text
    (:class:`tidegate.exposition.text.body_templates.SplitBody`).
    :param shape: of the last push, where pushes like it may come as values alone.
    :param landing: of the last push.
    :param values: the last push's, where its lines are still to be written
        (:meth:`tidegate.store.series.series_index.Contents.settle`).
    """

    key: grouping.GroupingKey
    life: lifecycle.Life
    id: int = 0
    revision: int = 0
    push_time: float = 0.0
    push_failure_time: float = 0.0
    pushers: pushers.Pushers = pushers.NO_PUSHERS
    push_rate: push_rates.PushRate | None = None
    families: dict[str, HeldFamily] = field(default_factory=dict)
    times_key: str = ""
    digest: bytes = b""
    shape: body_templates.Template | None = None
    landing: Landing | None = None
    values: Sequence[float] | None = None


def summary(group: Group) -> interface.GroupSummary:
    """The group without its metrics."""
    held = group.families.values()
    return interface.GroupSummary(
        key=group.key,
        life=group.life,
        push_time=group.push_time,
        push_failure_time=group.push_failure_time,
        pushers=group.pushers.known,
        families=len(held),
        series=sum(family.size for family in held),
    )


def record(group: Group) -> control_api.GroupRecord:
    """The group as the operator sees it."""
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
    """From where the group was pushed, last first: by the last addresses, and by those of which it still has a push."""
    last = group.pushers.sources(push_time=group.push_time)
    landings = {held.landing for held in group.families.values()}
    left = {pushers.Source(landing.pusher, landing.at) for landing in landings if landing.pusher}
    others = sorted(left.difference(last), key=lambda source: (-source.at, source.address))
    return (*last, *others[: pushers.MAX_REPORTED_SOURCES - len(last)])
