"""Lists of groups, filtered and sorted, that are cached so that clients can read any page of a list.

Creating a list reads every group, which takes a tenth of a second for 20,000. It is done in time slices, one list at a
time, and simultaneous requests for the same list share it.
"""

from __future__ import annotations

import asyncio
import collections
import heapq
import secrets
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tidegate.aio import time_slices
from tidegate.gateway.api import group_filter, selector_search
from tidegate.model import grouping
from tidegate.store import interface

MAX_CACHED = 32
"""Cached lists. Each takes eight bytes per group; with 100,000 groups all lists together take 25 MB."""

_CHUNK = 512
"""Groups that are sorted or collected without a pause; it takes less than a millisecond."""

_FRESH_SECONDS = 1.0
"""Maximum age of a list that is returned for the same criteria although the store has changed."""

_FRESH_FACTOR = 10.0
"""Further limit on that age, in multiples of the time that it took to create the list."""

MAX_NAMES = 500
"""Kinds, and namespaces, that are counted; a client cannot offer thousands of them for selection."""

_Chunks: TypeAlias = list[list[group_filter.Order]]


@dataclass
class Listing:
    """The groups that matched some criteria when the list was created.

    :param id: identifies the list while it is cached.
    :param revision: the revision of the store when the list was created.
    :param created: monotonic time.
    :param seconds: the time that it took to create the list.
    :param kinds: the number of owners of each kind, over all groups of the store.
    :param namespaces: the number of owners in each namespace, over all groups of the store.
    """

    id: str
    revision: int
    created: float
    seconds: float = 0.0
    keys: list[grouping.GroupingKey] = field(default_factory=list)
    kinds: collections.Counter[str] = field(default_factory=collections.Counter)
    namespaces: collections.Counter[str] = field(default_factory=collections.Counter)


class Listings:
    """The cached lists of one store."""

    def __init__(self, store: interface.Store, *, selector: selector_search.GroupSelector) -> None:
        self._store = store
        self._selector = selector
        self._cached: collections.OrderedDict[str, Listing] = collections.OrderedDict()
        self._by_criteria: dict[group_filter.Criteria, Listing] = {}
        self._lock = asyncio.Lock()

    def find(self, id: str) -> Listing | None:
        """The cached list with this id; ``None`` if it is no longer cached."""
        listing = self._cached.get(id)
        if listing is not None:
            self._cached.move_to_end(id)
        return listing

    async def search(self, criteria: group_filter.Criteria) -> Listing:
        """The groups that match, from a cached list if that is recent.

        :raises errors.BadRequestError: a selector is invalid.
        :raises TimeoutError: the selectors took too long.
        """
        async with self._lock:
            listing = self._by_criteria.get(criteria)
            if listing is None or not self._is_fresh(listing):
                listing = await self._create(criteria)
                self._cache(criteria, listing)
            return listing

    def _is_fresh(self, listing: Listing) -> bool:
        is_young = time.monotonic() - listing.created < min(_FRESH_SECONDS, _FRESH_FACTOR * listing.seconds)
        return listing.id in self._cached and (is_young or listing.revision == self._store.revision)

    def _cache(self, criteria: group_filter.Criteria, listing: Listing) -> None:
        self._cached[listing.id] = listing
        if len(self._cached) > MAX_CACHED:
            self._cached.popitem(last=False)
        self._by_criteria = {known: last for known, last in self._by_criteria.items() if last.id in self._cached}
        self._by_criteria[criteria] = listing

    async def _create(self, criteria: group_filter.Criteria) -> Listing:
        listing = Listing(secrets.token_urlsafe(9), self._store.revision, time.monotonic())
        selected = await _as_set(await self._selector.select(criteria.match)) if criteria.match else None
        chunks, time_slice = await self._sorted_chunks(criteria, selected, listing), time_slices.TimeSlice()
        for _, key in heapq.merge(*chunks):
            listing.keys.append(key)
            await time_slice.step()
        if criteria.is_descending:
            listing.keys.reverse()
        # Freeing the chunks takes a millisecond, too.
        del chunks
        await time_slices.yield_to_others()
        listing.seconds = time.monotonic() - listing.created
        return listing

    async def _sorted_chunks(
        self, criteria: group_filter.Criteria, selected: Collection[grouping.GroupingKey] | None, listing: Listing
    ) -> _Chunks:
        """The groups that match, in sorted chunks; counts the kinds and namespaces of all groups in the listing.

        :param selected: the groups that the selectors match; ``None`` without selectors.
        """
        chunks: _Chunks = [[]]
        time_slice = time_slices.TimeSlice()
        for key in self._store.grouping_keys():
            group = self._store.summary(key)
            await time_slice.step()
            if group is None:
                continue
            for claim in group.life.claims.values():
                _count(listing.kinds, claim.owner.kind)
                _count(listing.namespaces, claim.owner.namespace)
            if (selected is None or key in selected) and criteria.matches(group):
                chunks[-1].append(criteria.order(group))
                if len(chunks[-1]) == _CHUNK:
                    chunks[-1].sort()
                    chunks.append([])
        chunks[-1].sort()
        return chunks


async def _as_set(keys: Sequence[grouping.GroupingKey]) -> Collection[grouping.GroupingKey]:
    """A set of these keys, built in time slices: 20,000 keys take six milliseconds."""
    result, time_slice = set[grouping.GroupingKey](), time_slices.TimeSlice()
    for begin in range(0, len(keys), _CHUNK):
        result.update(keys[begin : begin + _CHUNK])
        await time_slice.step()
    return result


def _count(names: collections.Counter[str], name: str) -> None:
    if name in names or len(names) < MAX_NAMES:
        names[name] += 1


def sorted_counts(names: collections.Counter[str]) -> Iterable[tuple[str, int]]:
    """The names in alphabetical order, each with its count."""
    return sorted(names.items())
