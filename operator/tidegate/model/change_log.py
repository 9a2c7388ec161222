"""Who changed since when: the order of the groups' last changes, for the operator to follow."""

from __future__ import annotations

import bisect
import itertools
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from tidegate.model import control_api, grouping

KEPT_DELETIONS = 10_000
"""How many deleted groups are remembered. A follower that has fallen further behind lists everything anew."""

CHUNK_SIZE = 512
"""Groups a chunk of the log, at most, so that no change moves more than that."""


class HistoryLostError(Exception):
    """The changes since that revision are no longer known: list all groups instead."""


class Page(NamedTuple):
    """A page of changes, but for what its groups are; the fields are those of :class:`control_api.Changes`."""

    revision: int
    more: bool
    began: int
    keys: list[grouping.GroupingKey]
    deleted: list[control_api.DeletedRecord]


class ChangeLog:
    """All groups there are in the order of their last changes, and the last deletions.

    The order is kept in chunks, each a mapping from key to revision. A group leaves its chunk when it changes again;
    neighbours that have become small are joined.
    """

    def __init__(self) -> None:
        self._firsts: list[int] = []
        """For each chunk, a revision that no earlier chunk reaches."""
        self._chunks: list[dict[grouping.GroupingKey, int]] = []
        self._deleted: deque[control_api.DeletedRecord] = deque()
        self._forgotten = 0

    def __len__(self) -> int:
        return sum(map(len, self._chunks))

    @property
    def chunks(self) -> int:
        """How many pieces it is in."""
        return len(self._chunks)

    def changed(self, key: grouping.GroupingKey, revision: int, *, before: int) -> None:
        """Note a change.

        :param before: the revision of the group's change before this one; 0 for a new group.
        """
        if before:
            self._forget(key, before)
        if not self._chunks or len(self._chunks[-1]) >= CHUNK_SIZE:
            self._firsts.append(revision)
            self._chunks.append({})
        self._chunks[-1][key] = revision

    def deleted(self, record: control_api.DeletedRecord, *, before: int) -> None:
        """Note that a group is gone, whose last change was ``before``."""
        self._forget(record.key, before)
        self._deleted.append(record)
        if len(self._deleted) > KEPT_DELETIONS:
            self._forgotten = self._deleted.popleft().revision

    def since(self, revision: int) -> Iterator[tuple[int, grouping.GroupingKey]]:
        """The groups that changed after a revision and still exist, oldest change first."""
        for index in range(max(0, bisect.bisect_right(self._firsts, revision) - 1), len(self._chunks)):
            for key, at in self._chunks[index].items():
                if at > revision:
                    yield at, key

    def page(self, *, since: int, began: int, limit: int, revision: int) -> Page:
        """What changed after ``since``, 0 to begin a list of all groups, of at most so many of them.

        :param revision: the present one.
        :raises HistoryLostError: deletions that belong to it have been forgotten.
        """
        began = began if since else revision
        found = list(itertools.islice(self.since(since), limit + 1))
        more = len(found) > limit
        through = found[limit - 1][0] if more else revision
        deleted = self.deletions(after=max(since, began), through=through)
        return Page(through, more, began, [key for _, key in found[:limit]], deleted)

    def deletions(self, *, after: int, through: int) -> list[control_api.DeletedRecord]:
        """What was deleted after one revision and not after another.

        :raises HistoryLostError: some of it has been forgotten.
        """
        if after < self._forgotten:
            raise HistoryLostError
        found = []
        for record in reversed(self._deleted):
            if record.revision <= after:
                break
            if record.revision <= through:
                found.append(record)
        return found[::-1]

    def _forget(self, key: grouping.GroupingKey, revision: int) -> None:
        index = bisect.bisect_right(self._firsts, revision) - 1
        del self._chunks[index][key]
        self._merge(index)
        self._merge(index - 1)

    def _merge(self, index: int) -> None:
        """Join a chunk with its successor where both are small."""
        if not 0 <= index < len(self._chunks) - 1:
            return
        chunk, after = self._chunks[index], self._chunks[index + 1]
        if len(chunk) + len(after) <= CHUNK_SIZE // 2:
            chunk.update(after)
            del self._chunks[index + 1]
            del self._firsts[index + 1]
