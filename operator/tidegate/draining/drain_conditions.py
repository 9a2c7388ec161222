"""The conditions under which a draining group is deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tidegate.draining import scrape_progress, stored_pushes
from tidegate.model import drain_waits, grouping, lifecycle, proofs, scrapers


class Conditions(NamedTuple):
    """The conditions at one moment.

    :param readers: the active readers.
    :param now: monotonic seconds.
    :param databases: the search in all databases, if the grade requires it.
    """

    grade: proofs.Grade
    readers: Sequence[scrapers.ReaderProgress]
    now: float
    databases: stored_pushes.StoredPushes | None = None

    @property
    def proof(self) -> proofs.Proof:
        """The proof that all active readers and databases together give."""
        return proofs.Proof(
            self.grade, self.read_revision, stored=None if self.databases is None else self.databases.stored()
        )

    @property
    def read_revision(self) -> int | None:
        """The revision up to which every active reader has read; ``None`` if no reader is active."""
        return min((reading.confirmed(self.grade) for reading in self.readers), default=None)

    def behind(self, revision: int) -> tuple[scrapers.Reader, ...]:
        """The active readers that have not read the push of this revision."""
        return tuple(reading.reader for reading in self.readers if reading.confirmed(self.grade) < revision)

    def wait(self, key: grouping.GroupingKey, life: lifecycle.Life) -> drain_waits.Wait | None:
        """The state of a draining group; ``None`` for a live group."""
        if life.drain is None:
            return None
        drain = lifecycle.confirmed_drain(life)
        if drain is None:
            return drain_waits.Wait(drain_waits.WaitsFor.OPERATOR, None)
        behind = self.behind(life.pushed_revision)
        missing = self._missing(key, life.pushed_revision)
        if self.now >= drain.deadline:
            return drain_waits.Wait(drain_waits.WaitsFor.NOTHING, drain.deadline)
        if behind:
            return drain_waits.Wait(drain_waits.WaitsFor.SCRAPERS, drain.deadline, behind, missing)
        if missing:
            return drain_waits.Wait(drain_waits.WaitsFor.DATABASES, drain.deadline, (), missing)
        is_proven = self.readers or self.databases is not None
        waits_for = drain_waits.WaitsFor.NOTHING if is_proven else drain_waits.WaitsFor.DEADLINE
        return drain_waits.Wait(waits_for, drain.deadline)

    def _missing(self, key: grouping.GroupingKey, revision: int) -> tuple[drain_waits.MissingDatabase, ...]:
        return () if self.databases is None else self.databases.missing(key, revision, now=self.now)


class DrainConditions:
    """The conditions for all draining groups of one gateway.

    :param grade: what must be known of every active reader (``--drain.confirm``).
    :ivar databases: set for :attr:`proofs.Grade.STORED`.
    """

    def __init__(self, tracker: scrape_progress.ScrapeTracker, *, grade: proofs.Grade) -> None:
        self._tracker = tracker
        self._grade = grade
        self.databases: stored_pushes.StoredPushes | None = None

    def at(self, now: float) -> Conditions:
        """The conditions at this monotonic time."""
        return Conditions(self._grade, self._tracker.active(now=now), now, self.databases)

    def swept(self) -> None:
        """Search in the databases for groups that now wait for them."""
        if self.databases is not None:
            self.databases.wake()

    def read_by_all(
        self, drains: Mapping[grouping.GroupingKey, int], *, now: float
    ) -> Mapping[grouping.GroupingKey, int]:
        """The draining groups that every active reader has read; all of them if no reader is active.

        :param drains: the revision of the last push of each draining group.
        """
        read_revision = self.at(now).read_revision
        if read_revision is None:
            return drains
        return {key: revision for key, revision in drains.items() if revision <= read_revision}

    def next_lapse(self, *, now: float) -> float | None:
        """When a condition changes at the latest without any further event; ``None`` for never."""
        return self._tracker.next_lapse(now=now)
