"""Search for groups by selectors, outside of the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence

from tidegate.model import grouping, selectors
from tidegate.store import interface

MATCH = "match[]"
"""The query parameter of a selector."""

TIMEOUT_SECONDS = 10.0
"""Seconds that a search may take. 100,000 groups take half a second, but some patterns are slow on long values."""


class GroupSelector:
    """Selects groups of a store. A group is selected if any selector matches."""

    def __init__(self, store: interface.Store) -> None:
        self._store = store
        self._lock = asyncio.Lock()

    async def select(self, texts: Sequence[str]) -> list[grouping.GroupingKey]:
        """The groups that any of these selectors matches.

        :raises errors.BadRequestError: a selector is invalid, or all together are too long.
        :raises TimeoutError: the search took too long.
        """
        selectors.check_length(texts)
        # SECURITY: in a thread, because a pattern may take a tenth of a second for one long value (RE2 releases the
        # interpreter lock); one at a time, so that threads stay free for large pushes.
        async with self._lock:
            return await asyncio.to_thread(_select, texts, self._store.grouping_keys())


def _select(texts: Sequence[str], keys: Sequence[grouping.GroupingKey]) -> list[grouping.GroupingKey]:
    selector = selectors.parse_any(texts)
    return [key for key in _until_deadline(keys) if selector.matches(key)]


def _until_deadline(keys: Sequence[grouping.GroupingKey]) -> Iterator[grouping.GroupingKey]:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    for key in keys:
        if time.monotonic() > deadline:
            raise TimeoutError
        yield key
