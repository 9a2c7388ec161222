"""A map with several values for each key, the type of every index of the cache."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", bound=Hashable)


class Multimap(Generic[Key, Value]):
    """A set of values for each key. A key without values takes no memory."""

    def __init__(self) -> None:
        self._values: dict[Key, set[Value]] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __getitem__(self, key: Key) -> frozenset[Value]:
        """The values of a key; empty if there are none."""
        return frozenset(self._values.get(key, ()))

    def add(self, key: Key, value: Value) -> None:
        self._values.setdefault(key, set()).add(value)

    def discard(self, key: Key, value: Value) -> None:
        """Remove a value if it is there."""
        values = self._values.get(key)
        if values is not None:
            values.discard(value)
            if not values:
                del self._values[key]
