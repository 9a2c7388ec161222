"""Deadlines of groups, so that a sweep looks only at the groups that are due."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable, Iterator, Mapping
from typing import Generic, TypeVar

from tidegate.model import grouping, lifecycle, proofs

_Key = TypeVar("_Key", bound=Hashable)

_COMPACT_ABOVE = 1_000
"""Outdated heap entries that are tolerated beyond twice the number of keys, so that small heaps rarely compact."""


class Deadlines(Generic[_Key]):
    """A priority queue with at most one deadline a key, which can be moved and removed.

    A deadline is any number: a time, or a revision.

    Moving a deadline leaves the old entry in the heap; it is dropped when it comes first. Amortised, each call costs
    the logarithm of the number of keys, and memory follows that number however often the deadlines move.
    """

    def __init__(self) -> None:
        self._entries: dict[_Key, tuple[float, int, _Key]] = {}
        self._heap: list[tuple[float, int, _Key]] = []
        self._order = itertools.count()

    def put(self, key: _Key, deadline: float | None) -> None:
        """Set the deadline of a key; ``None`` removes it."""
        if deadline is None:
            self._entries.pop(key, None)
            return
        entry = self._entries[key] = (deadline, next(self._order), key)
        heapq.heappush(self._heap, entry)
        if len(self._heap) > 2 * len(self._entries) + _COMPACT_ABOVE:
            self._heap = list(self._entries.values())
            heapq.heapify(self._heap)

    def get(self, key: _Key) -> float | None:
        """Return the deadline of a key, ``None`` if it has none."""
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def items(self) -> Iterator[tuple[_Key, float]]:
        """Yield the keys with their deadlines, in no order."""
        for key, entry in self._entries.items():
            yield key, entry[0]

    def first(self) -> float | None:
        """Return the earliest deadline, ``None`` if there is none."""
        while self._heap and self._entries.get(self._heap[0][2]) is not self._heap[0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, until: float, *, most: int) -> list[_Key]:
        """Return at most ``most`` keys whose deadline is at or before ``until``, earliest first.

        The keys keep their deadlines until :meth:`put` moves or removes them.
        """
        due: list[tuple[float, int, _Key]] = []
        while len(due) < most and (first := self.first()) is not None and first <= until:
            due.append(heapq.heappop(self._heap))
        for entry in due:
            heapq.heappush(self._heap, entry)
        return [key for _, _, key in due]


class DueGroups:
    """An index of the groups by what each waits for: the end of its TTL, its drain deadline, a scrape.

    It finds candidates; the functions of :mod:`tidegate.model.lifecycle` decide.
    """

    def __init__(self) -> None:
        self._ttl_deadlines: Deadlines[grouping.GroupingKey] = Deadlines()
        self._drain_deadlines: Deadlines[grouping.GroupingKey] = Deadlines()
        self._pushed_revisions: Deadlines[grouping.GroupingKey] = Deadlines()

    def update(self, key: grouping.GroupingKey, life: lifecycle.Life | None) -> None:
        """Index the current life of a group; ``None`` removes the group."""
        drain = None if life is None else lifecycle.confirmed_drain(life)
        self._ttl_deadlines.put(key, None if life is None else lifecycle.ttl_deadline(life))
        self._drain_deadlines.put(key, None if drain is None else drain.deadline)
        self._pushed_revisions.put(key, None if drain is None else drain.pushed_revision)

    def next_deadline(self) -> float | None:
        """Return the earliest monotonic time at which a group is due without any further event."""
        first = (deadlines.first() for deadlines in (self._ttl_deadlines, self._drain_deadlines))
        return min((deadline for deadline in first if deadline is not None), default=None)

    def confirmed_drains(self) -> Mapping[grouping.GroupingKey, int]:
        """Return the revision of the last push of each draining group that the operator has confirmed."""
        return {key: int(revision) for key, revision in self._pushed_revisions.items()}

    def expired(self, *, now: float, most: int) -> list[grouping.GroupingKey]:
        """Return at most ``most`` groups whose TTL has expired."""
        return self._ttl_deadlines.due(now, most=most)

    def deletable(self, proof: proofs.Proof, *, now: float, most: int) -> list[grouping.GroupingKey]:
        """Return at most ``most`` draining groups that may be deleted.

        These are the groups that every active reader has read, oldest push first, then those with an expired drain
        timeout.
        """
        covered = self._covered(proof, most=most)
        return list(dict.fromkeys([*covered, *self._drain_deadlines.due(now, most=most)]))[:most]

    def _covered(self, proof: proofs.Proof, *, most: int) -> list[grouping.GroupingKey]:
        if proof.stored is None:
            return [] if proof.read_revision is None else self._pushed_revisions.due(proof.read_revision, most=most)
        stored = proof.stored.items()
        covered = (
            key
            for key, revision in stored
            if revision == self._pushed_revisions.get(key) and proof.covers(key, revision)
        )
        return list(itertools.islice(covered, most))
