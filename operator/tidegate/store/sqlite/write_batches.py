"""Changes that are written in one transaction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tidegate.model import errors
from tidegate.store.sqlite import rows


@dataclass(slots=True)
class Batch:
    """The last change of each row, and who waits for them to be written."""

    groups: dict[int, rows.GroupRow] = field(default_factory=dict)
    pushes: dict[int, rows.PushRow] = field(default_factory=dict)
    lives: dict[int, rows.LifeRow] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    scrapers: dict[tuple[str, str], rows.ScraperRow | None] = field(default_factory=dict)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def ids(self) -> set[int]:
        """The groups that are changed."""
        return {*self.groups, *self.pushes, *self.lives, *self.removed}

    @property
    def empty(self) -> bool:
        """Whether there is nothing to be written."""
        return not (self.pushes or self.lives or self.removed or self.scrapers or self.groups)

    def remove(self, id: int) -> None:
        """A group goes, and with it what was to be written of it."""
        for table in (self.groups, self.pushes, self.lives):
            table.pop(id, None)
        self.removed.add(id)

    def add(self, later: Batch) -> None:
        """Take in what came after."""
        for id in later.removed:
            self.remove(id)
        self.groups.update(later.groups)
        self.pushes.update(later.pushes)
        self.lives.update(later.lives)
        self.scrapers.update(later.scrapers)
        self.waiting.extend(later.waiting)

    def changes(self, *, revision: int, moment: float) -> rows.Changes:
        """What is to be written."""
        return rows.Changes(self.groups, self.pushes, self.lives, self.removed, self.scrapers, revision, moment)

    def end(self, failure: str = "") -> None:
        """Tell all that wait that it is written, or why it is not."""
        for one in self.waiting:
            if one.done():
                continue
            if failure:
                one.set_exception(errors.StorageError(failure))
            else:
                one.set_result(None)
