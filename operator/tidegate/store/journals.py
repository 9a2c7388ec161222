"""Journals: where a store records its changes so that they survive the end of the process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from tidegate.model import scrapers
from tidegate.store.sqlite import rows

_Result = TypeVar("_Result")


class DamagedError(Exception):
    """What a journal kept cannot be read."""


class Kept(NamedTuple):
    """What a journal has kept.

    :param groups: oldest first; to be iterated once.
    :param revision: no process before has used a revision above this one.
    :param moment: monotonic time at which the last process was still running.
    """

    groups: Iterable[rows.StoredGroup]
    scrapers: Sequence[rows.ScraperRow]
    revision: int
    moment: float


class Journaled(Protocol):
    """The store whose changes a journal records."""

    @property
    def revision(self) -> int:
        """The revision of the last change."""
        ...

    def take_back(self, ids: Collection[int], stored: Sequence[rows.StoredGroup]) -> None:
        """Replace the groups with these ids by what the journal has of them; delete those that it does not have."""
        ...


class Journal(Protocol):
    """Records the changes of one store.

    - **Order.** The store applies a change in memory and records it before it awaits anything. The journal keeps
      changes in the order in which they were recorded: what it has kept is the store as it was after some change.
      What is known of scrapers is kept no earlier than the changes recorded before it.
    - **Durability.** When :meth:`committed` returns, everything recorded before the call survives whatever the journal
      promises to survive: nothing (:class:`NullJournal`), the end of the process, or the loss of power.
    - **Taking back.** If changes cannot be kept, the journal calls :meth:`Journaled.take_back` with the groups of all
      changes that were recorded and not kept. Only then does each :meth:`committed` that waits for them raise
      :class:`errors.StorageError`. Until changes can be kept again, :meth:`require` raises, and the store changes
      nothing.
    - **Restoring.** :meth:`restore` hands over everything that was kept, once, before the first change is recorded.

    All calls come from one event loop.
    """

    @property
    def keeps(self) -> bool:
        """Whether anything is kept. If not, the store need not make the rows."""
        ...

    async def open(self) -> None:
        """Take possession of the place where changes are kept.

        :raises OSError: it cannot be used; the message says what to do.
        """
        ...

    async def restore(self, load: Callable[[Kept], _Result], *, store: Journaled) -> _Result:
        """Return what ``load`` makes of everything that was kept, and begin to record the changes of ``store``.

        ``load`` may run in another thread. If it raises :class:`DamagedError`, what was kept is set aside, and ``load``
        is called again with nothing.

        :raises OSError: it cannot be read.
        """
        ...

    async def close(self) -> None:
        """Keep what was recorded, and release the place. There are no calls after this one."""
        ...

    def require(self) -> None:
        """Call this before a change.

        :raises errors.StorageError: no change can be kept now.
        """
        ...

    def put(self, row: rows.GroupRow) -> None:
        """Record the families of a group."""
        ...

    def pushed(self, row: rows.PushRow) -> None:
        """Record a push, whose families were recorded before or which brought numbers alone."""
        ...

    def lived(self, row: rows.LifeRow) -> None:
        """Record the owners of a group, its drain, and its last rejected push."""
        ...

    def removed(self, id: int) -> None:
        """Record that a group was deleted."""
        ...

    def read(self, scraper: scrapers.Scraper, row: rows.ScraperRow | None) -> None:
        """Record what is known of a scraper; ``None`` forgets it."""
        ...

    async def committed(self) -> None:
        """Return once everything recorded so far is kept.

        :raises errors.StorageError: it could not be kept, and has been taken back.
        """
        ...


class NullJournal:
    """A journal that keeps nothing: the groups end with the process."""

    keeps = False

    async def open(self) -> None:
        """There is nothing to open."""

    async def restore(self, load: Callable[[Kept], _Result], *, store: Journaled) -> _Result:  # noqa: ARG002 - Journal
        return load(Kept((), (), revision=0, moment=0.0))

    async def close(self) -> None:
        """There is nothing to close."""

    def require(self) -> None:
        """There is nothing that could fail."""

    def put(self, row: rows.GroupRow) -> None:
        """Nothing is kept."""

    def pushed(self, row: rows.PushRow) -> None:
        """Nothing is kept."""

    def lived(self, row: rows.LifeRow) -> None:
        """Nothing is kept."""

    def removed(self, id: int) -> None:
        """Nothing is kept."""

    def read(self, scraper: scrapers.Scraper, row: rows.ScraperRow | None) -> None:
        """Nothing is kept."""

    async def committed(self) -> None:
        """There is nothing to wait for."""
