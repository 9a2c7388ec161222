"""What a store tells of its changes, so that they outlive the process."""

from __future__ import annotations

from typing import Protocol

from tidegate.model import groups, scrapers
from tidegate.store import archives, rows


class Journal(Protocol):
    """What a store tells of its changes, and waits for. Synchronous calls are in the order of the changes."""

    def require(self) -> None:
        """Call it before a change.

        :raises errors.StorageError: no change can be kept now.
        """
        ...

    @property
    def keeps(self) -> bool:
        """Whether it is worth telling."""
        ...

    def put(self, id: int, key: groups.GroupingKey, spelled: archives.Spelled) -> None:
        """The families of a group are these."""
        ...

    def pushed(self, row: rows.PushRow) -> None:
        """A push, with the families told before or with numbers alone, was made, or refused."""
        ...

    def lived(self, row: rows.LifeRow) -> None:
        """A group has other owners, or another drain."""
        ...

    def removed(self, id: int) -> None:
        """A group is gone."""
        ...

    def read(self, scraper: scrapers.Scraper, reading: scrapers.Reading | None) -> None:
        """Of a scraper this is known now; ``None``: forget it."""
        ...

    async def committed(self) -> None:
        """Return when all that was told is kept.

        :raises errors.StorageError: it is not, and has been taken back.
        """
        ...


class Nowhere:
    """The journal of a store that is forgotten with its process."""

    keeps = False

    def require(self) -> None:
        """Whatever happens will be forgotten."""

    def put(self, id: int, key: groups.GroupingKey, spelled: archives.Spelled) -> None:
        """Nothing is kept."""

    def pushed(self, row: rows.PushRow) -> None:
        """Nothing is kept."""

    def lived(self, row: rows.LifeRow) -> None:
        """Nothing is kept."""

    def removed(self, id: int) -> None:
        """Nothing is kept."""

    def read(self, scraper: scrapers.Scraper, reading: scrapers.Reading | None) -> None:
        """Nothing is kept."""

    async def committed(self) -> None:
        """Nothing is waited for."""
