"""What every store guarantees."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tidegate.exposition import encoders, rendered_series
from tidegate.exposition.text import body_templates
from tidegate.model import control_api, families, grouping, lifecycle, scrapers

PUSH_TIME = "push_time_seconds"
PUSH_TIME_HELP = "Last Unix time when changing this group in the Pushgateway succeeded."
PUSH_FAILURE_TIME = "push_failure_time_seconds"
PUSH_FAILURE_TIME_HELP = "Last Unix time when changing this group in the Pushgateway failed."
"""Names and texts of Pushgateway's own, since dashboards and alerts ask for them."""

TIMES = frozenset({PUSH_TIME, PUSH_FAILURE_TIME})
"""The families that the store adds to every group; a push's own under these names give way to them."""


RECENT_DELETIONS = 1_000
"""Deletions that are remembered for people, with their times. They take half a megabyte."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All groups as they were at a revision, some of them newer: no push is in it by half. Families in order of their
    names."""

    revision: int
    families: Sequence[encoders.RenderedFamily]


@dataclass(frozen=True, slots=True)
class GroupFamily:
    """One family of one group. ``pushed_at`` is Unix seconds, ``page`` holds its series."""

    type: families.MetricType
    help: str | None
    pushed_at: float
    page: rendered_series.Page


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group with its metrics, for people and the query API; ``push_time`` and ``push_failure_time`` are Unix
    seconds, 0.0 for never."""

    key: grouping.GroupingKey
    life: lifecycle.Life
    push_time: float
    push_failure_time: float
    families: Mapping[str, GroupFamily]


class GroupSummary(NamedTuple):
    """One group without its metrics, so that it costs next to nothing; times as in :class:`GroupView`.

    :param pushers: see :mod:`tidegate.model.pushers`.
    :param families: how many it was pushed, ``series`` how many Prometheus sees of them.
    """

    key: grouping.GroupingKey
    life: lifecycle.Life
    push_time: float
    push_failure_time: float
    pushers: tuple[str, ...]
    families: int
    series: int


class RecentDeletion(NamedTuple):
    """A group that was deleted, at these Unix seconds."""

    at: float
    record: control_api.DeletedRecord


class SweepResult(NamedTuple):
    """What a sweep deleted, how many groups it began to drain, and whether there may be more to be swept."""

    deleted: Sequence[control_api.DeletedRecord]
    expired: int
    more: bool


class RestoredScrapers(NamedTuple):
    """What a process before knew of scrapers.

    :param ended: monotonic seconds at which it was still there.
    """

    readings: Sequence[scrapers.ScraperProgress]
    ended: float


class Store(Protocol):
    """Groups and their lives.

    - Changes are atomic and ordered: each gets the next ``revision``, and whoever reads sees all of it or nothing.
    - A change has happened, and will survive what this store promises to survive, when its call returns. A call that
      raises has changed nothing (a refused push notes its failure time, as Pushgateway does). Every call that changes
      may raise :class:`errors.StorageError`. Who reads meanwhile may see a change that is taken back.
    - The cost of a change follows the change, not the store.
    - What a call returns is the caller's: no later change reaches into it.
    - One event loop calls; no method may be called from another thread.
    """

    async def open(self) -> None:
        """Take hold of what the store is kept in, if anything; before all other calls.

        :raises OSError: it cannot be used; the message says what to do.
        """
        ...

    async def restore(self) -> None:
        """Take in what was kept; before all calls but :meth:`open`.

        :raises OSError: it cannot be read.
        """
        ...

    async def close(self) -> None:
        """Keep what is left to be kept. After that there are no more calls."""
        ...

    @property
    def epoch(self) -> str:
        """Names one unbroken history; a store that has lost its past has another."""
        ...

    @property
    def revision(self) -> int:
        """The revision of the last change, 0 for none."""
        ...

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
        """Put families into a group, in place of all it has (``replace``) or of those with the same names.

        :param ttl: seconds without a further push after which the group drains, where it has no owner.
        :param spelling: the body that the families were read from, so that :meth:`repeat` knows the next one like it.
        :param pusher: the address that it comes from, as :func:`tidegate.system.addresses.canonical` spells it;
            ``None`` for no address. It is remembered (:mod:`tidegate.model.pushers`) where the push is taken.
        :raises errors.InconsistentPushError: they cannot stand beside each other or beside the other groups.
        :raises errors.LimitError: they are more than may be pushed, or there is no room for them.
        """
        ...

    async def repeat(
        self,
        key: grouping.GroupingKey,
        split_body: body_templates.SplitBody,
        *,
        replace: bool,
        ttl: float | None = None,
        pusher: str | None = None,
    ) -> bool:
        """The same as :meth:`push` of what the spelling says, where the store knows it by the group's last pushes.

        :returns: whether it does. Where not, nothing has happened, and the body has to be read and pushed.
        """
        ...

    async def delete(self, key: grouping.GroupingKey) -> bool:
        """Delete a group at somebody's request; whether there was one."""
        ...

    async def apply(self, actions: Sequence[control_api.Action]) -> list[lifecycle.Rejection | None]:
        """Do what the operator decided, in order; for each action ``None`` where it was done, else why it was not."""
        ...

    async def sweep(self, *, read_revision: int | None, now: float) -> SweepResult:
        """Begin to drain the groups whose time to live is over, and delete the draining ones whose time has come.

        Only so many at once that nobody else waits for long: where there are ``more``, ask again. What decides is
        :func:`tidegate.model.lifecycle.expired` and :func:`tidegate.model.lifecycle.ended`.
        """
        ...

    def next_deadline(self) -> float | None:
        """The earliest monotonic time at which a group expires or a draining one goes unread; ``None`` for no such."""
        ...

    async def snapshot(self) -> Snapshot:
        """What a scrape gets: every push up to the call is in it. The cost follows what has changed."""
        ...

    def record_scraper(self, reading: scrapers.ScraperProgress) -> None:
        """Keep what is known of a scraper. It is kept no earlier than the changes before it."""
        ...

    def forget_scraper(self, scraper: scrapers.Scraper) -> None:
        """Keep nothing of a scraper."""
        ...

    def restored_scrapers(self) -> RestoredScrapers:
        """What was known of scrapers when the store was restored."""
        ...

    def group(self, key: grouping.GroupingKey) -> GroupView | None:
        """One group, ``None`` where there is none."""
        ...

    def summary(self, key: grouping.GroupingKey) -> GroupSummary | None:
        """One group without its metrics, ``None`` where there is none."""
        ...

    def push_rate(self, key: grouping.GroupingKey, *, now: float) -> list[int]:
        """Pushes of a group in each half hour of the last day (:meth:`tidegate.model.push_rates.PushRate.counts`), counted
        since the process started.

        :param now: Unix seconds.
        """
        ...

    def draining_keys(self) -> list[grouping.GroupingKey]:
        """The groups that drain, in no order."""
        ...

    def recent_deletions(self) -> list[RecentDeletion]:
        """The last :data:`RECENT_DELETIONS` groups that this process deleted, newest first."""
        ...

    def grouping_keys(self) -> list[grouping.GroupingKey]:
        """All groups there are, oldest first."""
        ...

    def series(self) -> int:
        """How many series Prometheus sees of all groups: each bucket, quantile, sum and count is one."""
        ...

    def states(self) -> Mapping[lifecycle.State, int]:
        """How many groups there are in each state."""
        ...

    async def count_unowned(self, *, longer_than: Sequence[float]) -> list[int]:
        """How many live groups there are that nothing will end (no owner, no time to live), and that nobody has pushed
        to for each of so many seconds.

        The cost follows the store: it is work in turns with everything else, for whoever asks now and then.
        """
        ...

    def changes(self, *, epoch: str | None, since: int, limit: int, began: int = 0) -> control_api.Changes:
        """What changed after a revision, at most ``limit`` groups; see :class:`control_api.Changes`.

        :param since: 0 begins a list of all groups.
        :param began: what the page before said of itself.

        :raises changelogs.HistoryLostError: another epoch, or deletions that are no longer remembered.
        """
        ...

    def next_change(self) -> asyncio.Event:
        """Set at the next change. Take it before you look, so that no change is missed."""
        ...


def iterate(store: Store) -> Iterator[GroupView]:
    """The groups one by one; one that is deleted meanwhile is left out, one that is added meanwhile may be."""
    for key in store.grouping_keys():
        view = store.group(key)
        if view is not None:
            yield view
