"""Groups that were sought and sorted, kept for a while so that any place of the list can be looked at.

To seek takes one look at each group, which for 20,000 of them is a tenth of a second: done in turns, one search at a
time, and one that many ask for at once is done once.
"""

from __future__ import annotations

import asyncio
import collections
import heapq
import secrets
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from tidegate.aio import time_slices
from tidegate.gateway.api import group_filter, selector_search
from tidegate.model import grouping
from tidegate.store import interface

KEPT = 32
"""Lists that are kept. Each takes eight bytes a group: of 100,000 groups, all of them take 25 MB."""

_SORTED_AT_ONCE = 512
"""Groups that are sorted, or gathered, without a pause: it takes less than a millisecond."""

_FRESH_SECONDS = 1.0
"""For so long, at most, a list is good enough for whoever asks for the same, whatever happens meanwhile."""

_FRESH_FACTOR = 10.0
"""And for so many times as long as it took to make it: what is made in a moment is made anew."""

MOST_NAMES = 500
"""Kinds and namespaces that are counted, so that nobody has to read a list of thousands."""


@dataclass
class Listing:
    """The groups that some criteria select, as they stood when they were sought.

    :param id: names it for as long as it is kept.
    :param revision: of the store when the search began.
    :param kinds: how many groups have an owner of this kind, of all groups that there are; ``namespaces`` likewise.
    """

    id: str
    revision: int
    made: float
    took: float = 0.0
    keys: list[grouping.GroupingKey] = field(default_factory=list)
    kinds: collections.Counter[str] = field(default_factory=collections.Counter)
    namespaces: collections.Counter[str] = field(default_factory=collections.Counter)


class Listings:
    """The lists of one store that were asked for last."""

    def __init__(self, store: interface.Store, *, picker: selector_search.Picker) -> None:
        self._store = store
        self._picker = picker
        self._kept: collections.OrderedDict[str, Listing] = collections.OrderedDict()
        self._last: dict[group_filter.Criteria, Listing] = {}
        self._seeking = asyncio.Lock()

    def find(self, id: str) -> Listing | None:
        """A list that was made before; ``None`` where it is no longer kept."""
        listing = self._kept.get(id)
        if listing is not None:
            self._kept.move_to_end(id)
        return listing

    async def seek(self, wanted: group_filter.Criteria) -> Listing:
        """The groups that are wanted, now or a moment ago.

        :raises errors.BadRequestError: a selector is none.
        :raises TimeoutError: the selectors took too long.
        """
        async with self._seeking:
            listing = self._last.get(wanted)
            if listing is None or not self._is_fresh(listing):
                listing = await self._made(wanted)
                self._keep(wanted, listing)
            return listing

    def _is_fresh(self, listing: Listing) -> bool:
        is_young = time.monotonic() - listing.made < min(_FRESH_SECONDS, _FRESH_FACTOR * listing.took)
        return listing.id in self._kept and (is_young or listing.revision == self._store.revision)

    def _keep(self, wanted: group_filter.Criteria, listing: Listing) -> None:
        self._kept[listing.id] = listing
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self._last = {known: last for known, last in self._last.items() if last.id in self._kept}
        self._last[wanted] = listing

    async def _made(self, wanted: group_filter.Criteria) -> Listing:
        listing = Listing(secrets.token_urlsafe(9), self._store.revision, time.monotonic())
        picked = await _gathered(await self._picker.pick(wanted.match)) if wanted.match else None
        chunks, turn = await self._sought(wanted, picked, listing), time_slices.Turn()
        for _, key in heapq.merge(*chunks):
            listing.keys.append(key)
            await turn.step()
        if wanted.is_descending:
            listing.keys.reverse()
        # What was sorted goes now, and that takes a millisecond, too.
        del chunks
        await time_slices.others()
        listing.took = time.monotonic() - listing.made
        return listing

    async def _sought(
        self, wanted: group_filter.Criteria, picked: Collection[grouping.GroupingKey] | None, listing: Listing
    ) -> list[list[group_filter.Order]]:
        """The groups that are wanted, in chunks that are sorted each."""
        chunks: list[list[group_filter.Order]] = [[]]
        turn = time_slices.Turn()
        for key in self._store.grouping_keys():
            group = self._store.outline(key)
            await turn.step()
            if group is None:
                continue
            for claim in group.life.claims.values():
                _count(listing.kinds, claim.owner.kind)
                _count(listing.namespaces, claim.owner.namespace)
            if (picked is None or key in picked) and wanted.selects(group):
                chunks[-1].append(wanted.order(group))
                if len(chunks[-1]) == _SORTED_AT_ONCE:
                    chunks[-1].sort()
                    chunks.append([])
        chunks[-1].sort()
        return chunks


async def _gathered(keys: Sequence[grouping.GroupingKey]) -> Collection[grouping.GroupingKey]:
    """The same to look things up in, made in turns: of 20,000 keys it takes six milliseconds."""
    found, turn = set[grouping.GroupingKey](), time_slices.Turn()
    for begin in range(0, len(keys), _SORTED_AT_ONCE):
        found.update(keys[begin : begin + _SORTED_AT_ONCE])
        await turn.step()
    return found


def _count(names: collections.Counter[str], name: str) -> None:
    if name in names or len(names) < MOST_NAMES:
        names[name] += 1


def described(names: collections.Counter[str]) -> Iterable[tuple[str, int]]:
    """The names in their order, each with its count."""
    return sorted(names.items())
