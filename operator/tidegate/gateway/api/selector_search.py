"""Which groups selectors select, found beside the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence

from tidegate.model import errors, grouping, selectors
from tidegate.store import interface

MATCH = "match[]"

LONGEST_TEXT = 4_000
"""Characters of all selectors together: each pattern takes memory, and here is room for some 300 of them."""

LONGEST_SECONDS = 10.0
"""For a selection. A hundred thousand groups take half a second, but some patterns are slow on long values."""


class Picker:
    """Selects groups of a store; several selectors select what any of them does."""

    def __init__(self, store: interface.Store) -> None:
        self._store = store
        self._picking = asyncio.Lock()

    async def pick(self, texts: Sequence[str]) -> list[grouping.GroupingKey]:
        """The groups that these select.

        :raises errors.BadRequestError: one is no selector, or they are too long.
        :raises TimeoutError: it took too long.
        """
        if (size := sum(map(len, texts))) > LONGEST_TEXT:
            raise errors.BadRequestError(f"selectors of {size} characters at once: send at most {LONGEST_TEXT}")
        # SECURITY: in a thread, since a pattern may take a tenth of a second for one long value, and RE2 lets the
        # interpreter go meanwhile; one at a time, so that the threads that large pushes need stay free.
        async with self._picking:
            return await asyncio.to_thread(_pick, texts, self._store.grouping_keys())


def _pick(texts: Sequence[str], keys: Sequence[grouping.GroupingKey]) -> list[grouping.GroupingKey]:
    chosen = [selectors.parse(text) for text in texts]
    return [key for key in _in_time(keys) if any(selector.matches(grouping.labels(key)) for selector in chosen)]


def _in_time(keys: Sequence[grouping.GroupingKey]) -> Iterator[grouping.GroupingKey]:
    until = time.monotonic() + LONGEST_SECONDS
    for key in keys:
        if time.monotonic() > until:
            raise TimeoutError
        yield key
