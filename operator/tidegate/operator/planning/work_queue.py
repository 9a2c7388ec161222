"""What is to be planned next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tidegate.model import grouping


class Agenda:
    """Groups to be planned, collected until somebody takes them. For one event loop."""

    def __init__(self) -> None:
        self._keys: set[grouping.GroupingKey] = set()
        self._all = False
        self.filled = asyncio.Event()
        """Set while there is something to plan."""

    def add(self, keys: Iterable[grouping.GroupingKey]) -> None:
        """Plan these groups."""
        self._keys.update(keys)
        if self._keys:
            self.filled.set()

    def add_all(self) -> None:
        """Plan every group."""
        self._all = True
        self.filled.set()

    def size(self, *, known: int) -> int:
        """How many groups are to be planned, of so many that are known."""
        return known if self._all else len(self._keys)

    def take(self) -> set[grouping.GroupingKey] | None:
        """The groups to be planned, ``None`` for all. They are taken off."""
        keys = None if self._all else self._keys
        self._keys, self._all = set(), False
        self.filled.clear()
        return keys
