"""The work queue: the groups to plan next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tidegate.model import grouping


class WorkQueue:
    """A queue of grouping keys without duplicates. For one event loop."""

    def __init__(self) -> None:
        self._keys: set[grouping.GroupingKey] = set()
        self._all_groups = False
        self.not_empty = asyncio.Event()
        """Set while there are groups to plan."""

    def add(self, keys: Iterable[grouping.GroupingKey]) -> None:
        """Add groups."""
        self._keys.update(keys)
        if self._keys:
            self.not_empty.set()

    def add_all(self) -> None:
        """Add every group."""
        self._all_groups = True
        self.not_empty.set()

    def size(self, *, group_count: int) -> int:
        """The number of groups to plan, if there are ``group_count`` groups in total."""
        return group_count if self._all_groups else len(self._keys)

    def take(self) -> set[grouping.GroupingKey] | None:
        """Remove and return the groups to plan; ``None`` for all."""
        keys = None if self._all_groups else self._keys
        self._keys, self._all_groups = set(), False
        self.not_empty.clear()
        return keys
