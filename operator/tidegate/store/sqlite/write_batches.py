"""Changes that are written in one transaction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tidegate.model import errors, scrapers
from tidegate.store import rows


@dataclass(slots=True)
class Batch:
    """The last change of each row, and the futures of the calls that wait for them."""

    groups: dict[int, rows.GroupRow] = field(default_factory=dict)
    pushes: dict[int, rows.PushRow] = field(default_factory=dict)
    lives: dict[int, rows.LifeRow] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    readers: dict[scrapers.Reader, rows.ReaderRow | None] = field(default_factory=dict)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def ids(self) -> set[int]:
        """The ids of the changed groups."""
        return {*self.groups, *self.pushes, *self.lives, *self.removed}

    @property
    def empty(self) -> bool:
        """Whether the batch has no changes."""
        return not (self.pushes or self.lives or self.removed or self.readers or self.groups)

    def remove(self, id: int) -> None:
        """Record the deletion of a group; its other changes are dropped."""
        for table in (self.groups, self.pushes, self.lives):
            table.pop(id, None)
        self.removed.add(id)

    def add(self, later: Batch) -> None:
        """Add a later batch."""
        for id in later.removed:
            self.remove(id)
        self.groups.update(later.groups)
        self.pushes.update(later.pushes)
        self.lives.update(later.lives)
        self.readers.update(later.readers)
        self.waiting.extend(later.waiting)

    def changes(self, *, revision: int, moment: float) -> rows.Changes:
        """Return the content of the transaction."""
        return rows.Changes(self.groups, self.pushes, self.lives, self.removed, self.readers, revision, moment)

    def finish(self, failure: str = "") -> None:
        """Wake all waiting calls: the batch is durable, or it failed for this reason."""
        for future in self.waiting:
            if future.done():
                continue
            if failure:
                future.set_exception(errors.StorageError(failure))
            else:
                future.set_result(None)
