"""Who changed since when: the order of the groups' last changes, for the operator to follow."""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Protocol

from tidegate.model import groups, records

KEPT_DELETIONS = 10_000
"""How many deleted groups are remembered. A follower that has fallen further behind lists everything anew."""

_COMPACT_ABOVE = 1_000
"""Superseded entries that are tolerated beyond twice the number of groups, so that small stores rarely compact."""


class HistoryLostError(Exception):
    """The changes since that revision are no longer known: list all groups instead."""


class Revised(Protocol):
    """Anything that knows at which revision it changed last."""

    @property
    def revision(self) -> int: ...


class ChangeLog:
    """Append-only list of ``(revision, key)``; an entry counts only while it is that group's last change."""

    def __init__(self) -> None:
        self._revisions: list[int] = []
        self._keys: list[groups.GroupingKey] = []
        self._deleted: deque[records.DeletedRecord] = deque()
        self._forgotten = 0

    def changed(self, key: groups.GroupingKey, revision: int, *, live: Mapping[groups.GroupingKey, Revised]) -> None:
        """Note a change; ``live`` are all groups as they are now, this one included."""
        self._revisions.append(revision)
        self._keys.append(key)
        if len(self._keys) > 2 * len(live) + _COMPACT_ABOVE:
            self._compact(live)

    def deleted(self, record: records.DeletedRecord) -> None:
        """Note that a group is gone."""
        self._deleted.append(record)
        if len(self._deleted) > KEPT_DELETIONS:
            self._forgotten = self._deleted.popleft().revision

    def since(
        self, revision: int, *, live: Mapping[groups.GroupingKey, Revised]
    ) -> Iterator[tuple[int, groups.GroupingKey]]:
        """The groups that changed after a revision and still exist, oldest change first."""
        for index in range(bisect.bisect_right(self._revisions, revision), len(self._keys)):
            key = self._keys[index]
            group = live.get(key)
            if group is not None and group.revision == self._revisions[index]:
                yield self._revisions[index], key

    def deletions(self, *, after: int, through: int) -> list[records.DeletedRecord]:
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

    def _compact(self, live: Mapping[groups.GroupingKey, Revised]) -> None:
        kept = [
            (revision, key)
            for revision, key in zip(self._revisions, self._keys, strict=True)
            if (group := live.get(key)) is not None and group.revision == revision
        ]
        self._revisions = [revision for revision, _ in kept]
        self._keys = [key for _, key in kept]
