"""The guarantees of every store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tidegate.exposition import encoders, rendered_series
from tidegate.exposition.text import repeated_bodies
from tidegate.model import control_api, families, grouping, lifecycle, proofs, scrapers

PUSH_TIME = "push_time_seconds"
PUSH_TIME_HELP = "Last Unix time when changing this group in the Pushgateway succeeded."
PUSH_FAILURE_TIME = "push_failure_time_seconds"
PUSH_FAILURE_TIME_HELP = "Last Unix time when changing this group in the Pushgateway failed."
"""The names and help texts of Pushgateway: dashboards and alerts use them."""

TIMES = frozenset({PUSH_TIME, PUSH_FAILURE_TIME})
"""The families that the store adds to every group. Pushed families with these names are dropped."""


RECENT_DELETIONS = 1_000
"""Deletions that a store remembers, to show them to people. They take half a megabyte."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All groups at a revision. Some groups may be newer, but each push is in it completely or not at all.

    :param families: sorted by name.
    """

    revision: int
    families: Sequence[encoders.RenderedFamily]


@dataclass(frozen=True, slots=True)
class GroupFamily:
    """One family of one group.

    :param pushed_at: Unix seconds.
    :param page: its series.
    """

    type: families.MetricType
    help: str | None
    pushed_at: float
    page: rendered_series.Page


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group with its metrics, for people and for the query API.

    :param push_time: Unix seconds of the last accepted push, 0.0 for never; ``push_failure_time`` of the last rejected
        one.
    """

    key: grouping.GroupingKey
    life: lifecycle.Life
    push_time: float
    push_failure_time: float
    families: Mapping[str, GroupFamily]


class GroupSummary(NamedTuple):
    """One group without its metrics, which makes it cheap. Times as in :class:`GroupView`.

    :param pushers: see :mod:`tidegate.model.pushers`.
    :param families: number of pushed families.
    :param series: number of their series as Prometheus counts them.
    """

    key: grouping.GroupingKey
    life: lifecycle.Life
    push_time: float
    push_failure_time: float
    pushers: tuple[str, ...]
    families: int
    series: int


class RecentDeletion(NamedTuple):
    """A deleted group.

    :param at: Unix seconds of the deletion.
    """

    at: float
    record: control_api.DeletedRecord


class SweepResult(NamedTuple):
    """The result of a sweep.

    :param deleted: the groups that the sweep deleted.
    :param expired: number of groups that it started to drain.
    :param more: whether another sweep may find more groups at once.
    """

    deleted: Sequence[control_api.DeletedRecord]
    expired: int
    more: bool


class RestoredReaders(NamedTuple):
    """The readers that the previous process knew.

    :param ended: monotonic seconds at which the previous process was still running.
    """

    progress: Sequence[scrapers.ReaderProgress]
    ended: float


class Store(Protocol):
    """Groups and their lives.

    - **Order.** Changes are atomic and ordered: each gets the next ``revision``. A reader sees a change completely or
      not at all.
    - **Durability.** When a call that changes something returns, the change survives what the journal of the store
      promises to survive (:class:`tidegate.store.journals.Journal`).
    - **Failure.** A call that raises has changed nothing, but a push that is rejected with
      :class:`errors.InconsistentPushError` records its failure time, as in Pushgateway. Every call that changes
      something may raise :class:`errors.StorageError`.
    - **Rolling back.** A change is visible to readers before it is durable. If it cannot be made durable, the store
      rolls it back: that is a further change with a revision of its own, and a group that is restored by it counts as
      pushed again, so no scraper has read it.
    - **Fencing.** A store acknowledges a change only after its journal has committed it. A process that has lost its
      journal to another process therefore acknowledges nothing, if the journal is fenced.
    - **Cost.** The cost of a change follows the size of the change, not the size of the store.
    - **Copies.** The result of a call belongs to the caller; later changes do not alter it.
    - **Threads.** All calls come from one event loop.
    """

    async def open(self) -> None:
        """Open the journal of the store. Call this before every other method.

        :raises OSError: the journal cannot be used; the message names the next step.
        """
        ...

    async def restore(self) -> None:
        """Load the groups from the journal. Call this before every method but :meth:`open`.

        :raises OSError: the journal cannot be read.
        """
        ...

    async def close(self) -> None:
        """Make all changes durable and close the journal. Call no method after this one."""
        ...

    @property
    def epoch(self) -> str:
        """The id of one unbroken history. A store that has lost its history has a new epoch."""
        ...

    @property
    def revision(self) -> int:
        """The revision of the last change, 0 before the first one."""
        ...

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
        """Put families into a group. They replace all families of the group (``replace``), or those with equal names.

        :param ttl: seconds without a further push after which the group starts to drain, if it has no owner.
        :param split_body: the body that the families were parsed from, so that :meth:`repeat` can recognise the next
            body like it.
        :param pusher: the address of the client in the spelling of :func:`tidegate.system.addresses.canonical`;
            ``None`` for no address. The store remembers it if the push is accepted (:mod:`tidegate.model.pushers`).
        :raises errors.InconsistentPushError: the families contradict each other or other groups.
        :raises errors.LimitError: the push is over a limit.
        """
        ...

    async def repeat(
        self,
        key: grouping.GroupingKey,
        split_body: repeated_bodies.SplitBody,
        *,
        replace: bool,
        ttl: float | None = None,
        pusher: str | None = None,
    ) -> bool:
        """Push a body that differs from the group's previous push only in its values.

        The result is that of parsing the body and calling :meth:`push`.

        :returns: ``True`` if the body is such a push; ``False`` if nothing was changed and the body must be parsed and
            pushed.
        """
        ...

    async def delete(self, key: grouping.GroupingKey) -> bool:
        """Delete a group on request. Return whether it existed."""
        ...

    async def apply(self, actions: Sequence[control_api.Action]) -> list[lifecycle.Rejection | None]:
        """Apply actions of the operator in order. For each, return ``None`` or why it was rejected."""
        ...

    async def sweep(self, proof: proofs.Proof, *, now: float) -> SweepResult:
        """Start to drain groups whose TTL has expired, and delete draining groups that are due.

        One sweep handles a limited number of groups, so that other tasks do not wait for long. Sweep again if the
        result says that there are ``more``. :func:`tidegate.model.lifecycle.expired` and
        :func:`tidegate.model.lifecycle.deletion_reason` decide.

        :param proof: what is known of the readers and databases now.
        :param now: monotonic seconds.
        """
        ...

    def next_deadline(self) -> float | None:
        """Return the earliest monotonic time at which a TTL expires or a drain times out; ``None`` if there is none."""
        ...

    async def snapshot(self) -> Snapshot:
        """Return the content of a scrape. It includes every push up to this call. The cost follows the changes."""
        ...

    def record_reader(self, progress: scrapers.ReaderProgress) -> None:
        """Record the progress of a reader. It becomes durable no earlier than the changes before it."""
        ...

    def forget_reader(self, reader: scrapers.Reader) -> None:
        """Remove the record of a reader."""
        ...

    def restored_readers(self) -> RestoredReaders:
        """Return the readers that :meth:`restore` has loaded."""
        ...

    def group(self, key: grouping.GroupingKey) -> GroupView | None:
        """Return a group, ``None`` if it does not exist."""
        ...

    def summary(self, key: grouping.GroupingKey) -> GroupSummary | None:
        """Return a group without its metrics, ``None`` if it does not exist."""
        ...

    def push_rate(self, key: grouping.GroupingKey, *, now: float) -> list[int]:
        """Return the pushes of a group in each half hour of the last day, counted since the process started.

        See :meth:`tidegate.model.push_rates.PushRate.counts`.

        :param now: Unix seconds.
        """
        ...

    def confirmed_drains(self) -> Mapping[grouping.GroupingKey, int]:
        """Return the revision of the last push of each draining group that the operator has confirmed."""
        ...

    def draining_keys(self) -> list[grouping.GroupingKey]:
        """Return the keys of the draining groups, in no order."""
        ...

    def recent_deletions(self) -> list[RecentDeletion]:
        """Return the last :data:`RECENT_DELETIONS` groups that this process deleted, newest first."""
        ...

    def grouping_keys(self) -> list[grouping.GroupingKey]:
        """Return the keys of all groups, oldest group first."""
        ...

    def series(self) -> int:
        """Return the number of series of all groups as Prometheus counts them.

        Each bucket, quantile, sum and count is one.
        """
        ...

    def states(self) -> Mapping[lifecycle.State, int]:
        """Return the number of groups in each state."""
        ...

    async def count_unowned(self, *, longer_than: Sequence[float]) -> list[int]:
        """Count the live groups that nothing will delete: they have no owner and no TTL.

        The cost follows the number of groups; other tasks run in between.

        :param longer_than: seconds; the count at each place is that of the groups without a push for so long.
        """
        ...

    def changes(self, *, epoch: str | None, since: int, limit: int, began: int = 0) -> control_api.Changes:
        """Return the changes after a revision, at most ``limit`` groups; see :class:`control_api.Changes`.

        :param since: 0 starts a list of all groups.
        :param began: the value of the previous page.

        :raises change_log.HistoryLostError: the epoch is another one, or deletions since then are no longer remembered.
        """
        ...

    def next_change(self) -> asyncio.Event:
        """Return an event that is set at the next change. Call this before you read, so that you miss no change."""
        ...


def iterate(store: Store) -> Iterator[GroupView]:
    """Yield the groups one by one. A group that is deleted meanwhile is left out; a new group may be left out."""
    for key in store.grouping_keys():
        view = store.group(key)
        if view is not None:
            yield view
