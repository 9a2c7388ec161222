"""What is due when, for as many things as there may be."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)

_COMPACT_ABOVE = 1_000
"""Entries out of date that are tolerated beyond twice the number of things, so that small tables rarely compact."""


class Timetable(Generic[_Key]):
    """One moment a key, which may be moved and taken back. A moment is any number that orders.

    A heap of entries that count only while they are their key's last one: over many calls each costs the logarithm of
    the number of keys, and memory follows that number however often they move.
    """

    def __init__(self) -> None:
        self._entries: dict[_Key, tuple[float, int, _Key]] = {}
        self._heap: list[tuple[float, int, _Key]] = []
        self._order = itertools.count()

    def put(self, key: _Key, moment: float | None) -> None:
        """Give a key this moment and no other; ``None``: none at all."""
        if moment is None:
            self._entries.pop(key, None)
            return
        entry = self._entries[key] = (moment, next(self._order), key)
        heapq.heappush(self._heap, entry)
        if len(self._heap) > 2 * len(self._entries) + _COMPACT_ABOVE:
            self._heap = list(self._entries.values())
            heapq.heapify(self._heap)

    def first(self) -> float | None:
        """The earliest moment there is."""
        while self._heap and self._entries.get(self._heap[0][2]) is not self._heap[0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, until: float, *, most: int) -> list[_Key]:
        """The keys whose moment has come, earliest first, at most so many. They keep it until it is moved or taken
        back."""
        found: list[tuple[float, int, _Key]] = []
        while len(found) < most and (first := self.first()) is not None and first <= until:
            found.append(heapq.heappop(self._heap))
        for entry in found:
            heapq.heappush(self._heap, entry)
        return [key for _, _, key in found]
