"""The conditions under which a draining group is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tidegate.draining import scrape_progress
from tidegate.model import drain_waits, grouping, lifecycle, proofs, scrapers


class Conditions(NamedTuple):
    """The conditions at one moment.

    :param readers: the active readers.
    :param now: monotonic seconds.
    """

    grade: proofs.Grade
    readers: Sequence[scrapers.ReaderProgress]
    now: float

    @property
    def proof(self) -> proofs.Proof:
        """The proof that all active readers together give."""
        read_revision = min((reading.confirmed(self.grade) for reading in self.readers), default=None)
        return proofs.Proof(self.grade, read_revision)

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
        if lifecycle.deletion_reason(key, life, proof=self.proof, now=self.now) is not None:
            return drain_waits.Wait(drain_waits.WaitsFor.NOTHING, drain.deadline)
        behind = self.behind(life.pushed_revision)
        waits_for = drain_waits.WaitsFor.SCRAPERS if behind else drain_waits.WaitsFor.DEADLINE
        return drain_waits.Wait(waits_for, drain.deadline, behind)


class DrainConditions:
    """The conditions for all draining groups of one gateway.

    :param grade: what must be known of every active reader (``--drain.confirm``).
    """

    def __init__(self, tracker: scrape_progress.ScrapeTracker, *, grade: proofs.Grade) -> None:
        self._tracker = tracker
        self._grade = grade

    def at(self, now: float) -> Conditions:
        """The conditions at this monotonic time."""
        return Conditions(self._grade, self._tracker.active(now=now), now)

    def next_lapse(self, *, now: float) -> float | None:
        """When a condition changes at the latest without any further event; ``None`` for never."""
        return self._tracker.next_lapse(now=now)
