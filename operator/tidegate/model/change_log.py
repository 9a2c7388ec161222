"""The change log: groups in the order of their last changes, so that the operator can follow them."""

from __future__ import annotations

import bisect
import itertools
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from tidegate.model import control_api, grouping

KEPT_DELETIONS = 10_000
"""Number of deletions that are remembered. A client that is further behind must list all groups again."""

CHUNK_SIZE = 512
"""Maximum number of groups of a chunk, which limits the cost of a change."""


class HistoryLostError(Exception):
    """The changes since that revision are no longer remembered. List all groups instead."""


class Page(NamedTuple):
    """A page of changes, with the keys of its groups; the other fields as in :class:`control_api.Changes`."""

    revision: int
    more: bool
    began: int
    keys: list[grouping.GroupingKey]
    deleted: list[control_api.DeletedRecord]


class ChangeLog:
    """All groups in the order of their last changes, and the last deletions.

    The order is kept in chunks, each a mapping from key to revision. A group leaves its chunk when it changes again;
    small neighbouring chunks are joined.
    """

    def __init__(self) -> None:
        self._firsts: list[int] = []
        """For each chunk, a revision that is higher than all revisions of earlier chunks."""
        self._chunks: list[dict[grouping.GroupingKey, int]] = []
        self._deleted: deque[control_api.DeletedRecord] = deque()
        self._forgotten_revision = 0

    def __len__(self) -> int:
        return sum(map(len, self._chunks))

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return len(self._chunks)

    def changed(self, key: grouping.GroupingKey, revision: int, *, before: int) -> None:
        """Record a change of a group.

        :param before: the revision of the previous change of the group; 0 for a new group.
        """
        if before:
            self._forget(key, before)
        if not self._chunks or len(self._chunks[-1]) >= CHUNK_SIZE:
            self._firsts.append(revision)
            self._chunks.append({})
        self._chunks[-1][key] = revision

    def deleted(self, record: control_api.DeletedRecord, *, before: int) -> None:
        """Record a deletion.

        :param before: the revision of the last change of the group.
        """
        self._forget(record.key, before)
        self._deleted.append(record)
        if len(self._deleted) > KEPT_DELETIONS:
            self._forgotten_revision = self._deleted.popleft().revision

    def since(self, revision: int) -> Iterator[tuple[int, grouping.GroupingKey]]:
        """Yield the existing groups that changed after a revision, oldest change first."""
        for index in range(max(0, bisect.bisect_right(self._firsts, revision) - 1), len(self._chunks)):
            for key, at in self._chunks[index].items():
                if at > revision:
                    yield at, key

    def page(self, *, since: int, began: int, limit: int, revision: int) -> Page:
        """Return the changes after ``since``, at most ``limit`` groups; ``since`` 0 starts a list of all groups.

        :param revision: the current revision.
        :raises HistoryLostError: deletions since then are no longer remembered.
        """
        began = began if since else revision
        changed = list(itertools.islice(self.since(since), limit + 1))
        more = len(changed) > limit
        through = changed[limit - 1][0] if more else revision
        deleted = self.deletions(after=max(since, began), through=through)
        return Page(through, more, began, [key for _, key in changed[:limit]], deleted)

    def deletions(self, *, after: int, through: int) -> list[control_api.DeletedRecord]:
        """Return the deletions after one revision, up to and including another.

        :raises HistoryLostError: some of them are no longer remembered.
        """
        if after < self._forgotten_revision:
            raise HistoryLostError
        deletions = []
        for record in reversed(self._deleted):
            if record.revision <= after:
                break
            if record.revision <= through:
                deletions.append(record)
        return deletions[::-1]

    def _forget(self, key: grouping.GroupingKey, revision: int) -> None:
        index = bisect.bisect_right(self._firsts, revision) - 1
        del self._chunks[index][key]
        self._merge(index)
        self._merge(index - 1)

    def _merge(self, index: int) -> None:
        """Join a chunk with the next one if both are small."""
        if not 0 <= index < len(self._chunks) - 1:
            return
        chunk, after = self._chunks[index], self._chunks[index + 1]
        if len(chunk) + len(after) <= CHUNK_SIZE // 2:
            chunk.update(after)
            del self._chunks[index + 1]
            del self._firsts[index + 1]
