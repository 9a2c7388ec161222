"""When which group's time to live is over, as a queue whose upkeep does not grow with the store."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator

from tidegate.model import groups

_SPARE = 100

ExpiresAt = Callable[[groups.GroupingKey], float | None]


class Expiries:
    """A heap of moments. One that no longer holds stays in it until it comes, or until such ones are the most.

    :param expires: when a group's time is over by now; ``None`` for never, and where there is no such group.
    """

    def __init__(self, expires: ExpiresAt) -> None:
        self._expires = expires
        self._heap: list[tuple[float, int, groups.GroupingKey]] = []
        self._numbers = itertools.count()
        self._useful = 0

    def add(self, key: groups.GroupingKey, at: float) -> None:
        """A group's time is over at this moment, unless it is told otherwise before."""
        heapq.heappush(self._heap, (at, next(self._numbers), key))
        if len(self._heap) > 2 * self._useful + _SPARE:
            latest = {key: (at, number, key) for at, number, key in self._heap if self._expires(key) == at}
            self._heap = list(latest.values())
            heapq.heapify(self._heap)
            self._useful = len(self._heap)

    def __len__(self) -> int:
        return len(self._heap)

    def next(self) -> float | None:
        """The next moment; ``None`` for none."""
        while self._heap and self._expires(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[groups.GroupingKey]:
        """The groups whose time is over by now, each once."""
        while (at := self.next()) is not None and at <= now:
            yield heapq.heappop(self._heap)[2]
