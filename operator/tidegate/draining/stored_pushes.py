"""The last pushes of draining groups that databases have stored: which groups to query now, and the results.

Every database has a task of its own, so that one that does not respond delays no other. A task sends at most one query
a second, each for hundreds of groups, and none while no group waits.

A scrape that Prometheus has completed may still be lost (findings/prometheus-full-disk.sh).
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from tidegate.aio import backoffs, clocks, tasks, time_slices
from tidegate.model import drain_waits, errors, grouping

_logger = logging.getLogger(__name__)

QUERY_SECONDS = 1.0
"""Shortest time between two queries to a database."""

MAX_GROUPS = 500
"""Groups of one query."""

_FOLLOWED_AT_ONCE = 100
"""Groups between two checks of the time slice."""

MAX_PAUSE_SECONDS = 60.0
"""Longest pause between two attempts to query a database that fails."""

_FIRST_DELAY_SECONDS = 1.0
_MAX_DELAY_SECONDS = 30.0
"""Pauses between two queries for a group that was not found: the first one, doubled up to the second."""

Revisions: TypeAlias = Mapping[grouping.GroupingKey, int]
"""The revision of the last push, by group."""


class Database(Protocol):
    """A Prometheus, or a compatible server."""

    @property
    def name(self) -> str:
        """Its URL without credentials."""
        ...

    async def find(self, keys: Sequence[grouping.GroupingKey]) -> tuple[int, set[grouping.GroupingKey]]:
        """Query the last pushes of some of these groups, in order.

        :returns: how many of them the query contained, at least one; and those of them that it found.
        :raises errors.LargeResultError: the result is too large; a query for fewer groups may succeed.
        :raises errors.QueryError: there is no usable response.
        """
        ...


@dataclass(slots=True)
class _Search:
    """The search for the last push of one group. Times are monotonic seconds."""

    revision: int
    due: float
    delay: float = _FIRST_DELAY_SECONDS
    first_queried: float | None = None
    is_found: bool = False


@dataclass(slots=True)
class _Progress:
    """The state of one database.

    :ivar most: the number of groups of one query: halved when a result is too large, then raised by steps.
    """

    database: Database
    pauses: backoffs.Backoff
    searches: dict[grouping.GroupingKey, _Search] = field(default_factory=dict)
    error: str = ""
    most: int = MAX_GROUPS

    async def follow(self, waiting: Revisions, *, now: float) -> None:
        """Search for these pushes and for no others. Other tasks run in between."""
        time_slice = time_slices.TimeSlice()
        for key in self.searches.keys() - waiting.keys():
            del self.searches[key]
        for number, (key, revision) in enumerate(waiting.items()):
            search = self.searches.get(key)
            if search is None or search.revision != revision:
                self.searches[key] = _Search(revision, due=now)
            if number % _FOLLOWED_AT_ONCE == 0:
                await time_slice.step()

    def due(self, *, now: float) -> list[grouping.GroupingKey]:
        """The groups of the next query, the one that has waited longest first.

        Of groups that have waited equally long, those with successive pushes are queried together. A result contains
        every group that was pushed between the first and the last one of the query.
        """
        due = (
            (search.due, search.revision, key)
            for key, search in self.searches.items()
            if not search.is_found and search.due <= now
        )
        return [key for _, _, key in heapq.nsmallest(self.most, due, key=operator.itemgetter(0, 1))]

    def next_due(self) -> float | None:
        """When the next group is due; ``None`` if none is searched for."""
        return min((search.due for search in self.searches.values() if not search.is_found), default=None)

    def record(self, queried: Revisions, found: set[grouping.GroupingKey], *, now: float) -> bool:
        """Record the result of a query. Return whether it found a group.

        :param queried: the revisions at the time of the query; a result for an earlier push does not count.
        """
        is_any_found = False
        for key, revision in queried.items():
            search = self.searches.get(key)
            if search is None or search.revision != revision:
                continue
            search.first_queried = now if search.first_queried is None else search.first_queried
            search.is_found = key in found
            is_any_found = is_any_found or search.is_found
            search.due, search.delay = now + search.delay, min(2 * search.delay, _MAX_DELAY_SECONDS)
        return is_any_found


class StoredPushes:
    """Queries all databases for the last pushes of draining groups.

    :param waiting: returns the draining groups that every active reader has read.
    :param on_found: called when a database has returned the last push of a group.
    :param on_query: called after each query with the name of the database, and the seconds, ``None`` if it failed.
    """

    def __init__(
        self,
        databases: Sequence[Database],
        *,
        clock: clocks.Clock,
        waiting: Callable[[], Revisions],
        on_found: Callable[[], None],
        on_query: Callable[[str, float | None], None],
    ) -> None:
        self._clock = clock
        self._waiting = waiting
        self._on_found = on_found
        self._on_query = on_query
        self._progress = [
            _Progress(database, backoffs.Backoff(first=QUERY_SECONDS, limit=MAX_PAUSE_SECONDS))
            for database in databases
        ]
        self._wakes = [asyncio.Event() for _ in databases]
        self._tasks = tasks.TaskSet()

    @property
    def names(self) -> list[str]:
        """The URLs of the databases, without credentials."""
        return [progress.database.name for progress in self._progress]

    def start(self) -> None:
        """Start to query whenever groups wait."""
        for progress, wake in zip(self._progress, self._wakes, strict=True):
            self._tasks.start(self._run(progress, wake), name=f"query {progress.database.name}")

    async def close(self) -> None:
        """End all queries."""
        await self._tasks.cancel()

    def wake(self) -> None:
        """Look again at the groups that wait: they may have changed."""
        for wake in self._wakes:
            wake.set()

    def stored(self) -> Revisions:
        """The revision of the last push of each group that every database has returned."""
        first, *others = self._progress
        return {
            key: search.revision
            for key, search in first.searches.items()
            if search.is_found and all(_has_found(progress, key, search.revision) for progress in others)
        }

    def missing(
        self, key: grouping.GroupingKey, revision: int, *, now: float
    ) -> tuple[drain_waits.MissingDatabase, ...]:
        """The databases that have not returned this push."""
        return tuple(
            drain_waits.MissingDatabase(
                progress.database.name, progress.error, _searched(progress, key, revision, now=now)
            )
            for progress in self._progress
            if not _has_found(progress, key, revision)
        )

    def failures(self) -> Iterator[tuple[str, str]]:
        """The name of each database, and why it cannot be queried; "" if it can."""
        for progress in self._progress:
            yield progress.database.name, progress.error

    def count_missing(self, *, now: float) -> int:
        """The number of groups whose last push a database probably never stores."""
        lost = {
            key
            for progress in self._progress
            if not progress.error
            for key, search in progress.searches.items()
            if _searched(progress, key, search.revision, now=now) >= drain_waits.MISSING_SECONDS
        }
        return len(lost)

    async def _run(self, progress: _Progress, wake: asyncio.Event) -> None:
        while True:
            wake.clear()
            await progress.follow(self._waiting(), now=self._clock.monotonic())
            due = progress.due(now=self._clock.monotonic())
            if not due:
                await self._clock.wait(wake, until=progress.next_due())
                continue
            pause = await self._query(progress, due)
            await self._clock.sleep(pause)

    async def _query(self, progress: _Progress, due: Sequence[grouping.GroupingKey]) -> float:
        """Send one query; return the seconds until the next one may follow."""
        revisions = {key: progress.searches[key].revision for key in due}
        began = self._clock.monotonic()
        try:
            count, found = await progress.database.find(due)
        except errors.LargeResultError as error:
            if len(due) == 1:
                return self._failed(progress, error)
            progress.most = len(due) // 2
            return QUERY_SECONDS
        except errors.QueryError as error:
            # The server may have exceeded a limit of its own, or its time.
            progress.most = max(1, len(due) // 2)
            return self._failed(progress, error)
        now = self._clock.monotonic()
        self._on_query(progress.database.name, now - began)
        if progress.error:
            _logger.info("%s responds again", progress.database.name)
        progress.error = ""
        progress.pauses.reset()
        progress.most = min(MAX_GROUPS, progress.most + progress.most // 8 + 1)
        if progress.record({key: revisions[key] for key in due[:count]}, found, now=now):
            self._on_found()
        return QUERY_SECONDS

    def _failed(self, progress: _Progress, error: errors.QueryError) -> float:
        self._on_query(progress.database.name, None)
        if not progress.error:
            _logger.warning(
                "cannot query %s: %s; draining groups wait for it until their drain timeout; check --prometheus.url "
                "and --prometheus.config.file (retrying at least every %g s)",
                progress.database.name,
                error,
                MAX_PAUSE_SECONDS,
            )
        progress.error = str(error)
        return max(QUERY_SECONDS, progress.pauses.next())


def _has_found(progress: _Progress, key: grouping.GroupingKey, revision: int) -> bool:
    search = progress.searches.get(key)
    return search is not None and search.is_found and search.revision == revision


def _searched(progress: _Progress, key: grouping.GroupingKey, revision: int, *, now: float) -> float:
    """The seconds since the first query for this push that did not find it."""
    search = progress.searches.get(key)
    if search is None or search.is_found or search.revision != revision or search.first_queried is None:
        return 0.0
    return max(0.0, now - search.first_queried)
