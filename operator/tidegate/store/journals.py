"""Journals: they record the changes of a store so that the groups survive the end of the process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from tidegate.model import scrapers
from tidegate.store import rows

_Result = TypeVar("_Result")


class DamagedError(Exception):
    """The contents of a journal cannot be read."""


class JournalContents(NamedTuple):
    """Everything that a journal has.

    :param groups: oldest first; can be iterated once.
    :param revision: no earlier process has used a higher revision.
    :param last_alive: monotonic seconds at which the last process was still running.
    """

    groups: Iterable[rows.StoredGroup]
    readers: Sequence[rows.ReaderRow]
    revision: int
    last_alive: float


class RecordedStore(Protocol):
    """The store whose changes a journal records."""

    @property
    def revision(self) -> int:
        """The revision of the last change."""
        ...

    def roll_back(self, ids: Collection[int], stored: Sequence[rows.StoredGroup]) -> None:
        """Replace the groups with these ids by ``stored``; delete those that are not in ``stored``."""
        ...


class Journal(Protocol):
    """Records the changes of one store.

    - **Order.** The store applies a change in memory and records it before it awaits anything. The journal makes
      changes durable in the order in which they were recorded: its contents are always the state of the store after
      some change, and no change is in it without all changes before it. A journal may write many changes as one batch,
      and of several changes of a row only the last. The progress of a reader becomes durable no earlier than the
      changes recorded before it.
    - **Durability.** When :meth:`commit` returns, everything recorded before the call survives what the journal
      promises to survive: nothing (:class:`NullJournal`), the end of the process, or a power loss.
    - **Fencing.** A journal has one writer. After :meth:`open`, no other process can write to it until this process
      closes it or loses it; a process that has lost it can no longer write, and none of its :meth:`commit` calls
      returns without an error. Today: SQLite holds an exclusive lock on the file from :meth:`open` to :meth:`close`,
      and a running process does not lose that lock, unless the file is removed or replaced under it.
      :class:`NullJournal` shares nothing with another process.
    - **Rolling back.** If changes cannot be made durable, the journal calls :meth:`RecordedStore.roll_back` with the
      groups of all changes that were recorded and are not durable. Only then does each :meth:`commit` that waits for
      them raise :class:`errors.StorageError`. Until the journal can write again, :meth:`check_writable` raises, and the
      store accepts no change. Progress of readers is not rolled back: it is written later.
    - **Restoring.** :meth:`restore` returns everything that is durable, once, before the first change is recorded.

    All calls come from one event loop.
    """

    @property
    def is_persistent(self) -> bool:
        """Whether anything is recorded. If not, the store need not make the rows."""
        ...

    async def open(self) -> None:
        """Take possession of the journal.

        :raises OSError: it cannot be used; the message names the next step.
        """
        ...

    async def restore(self, load: Callable[[JournalContents], _Result], *, store: RecordedStore) -> _Result:
        """Return the result of ``load`` for the contents, and start to record the changes of ``store``.

        ``load`` may run in another thread. If it raises :class:`DamagedError`, the journal sets its contents aside and
        calls ``load`` again with empty contents.

        :raises OSError: the contents cannot be read.
        """
        ...

    async def close(self) -> None:
        """Make everything recorded durable and release the journal. Call no method after this one."""
        ...

    def check_writable(self) -> None:
        """Call this before a change.

        :raises errors.StorageError: the journal cannot make changes durable now.
        """
        ...

    def record_families(self, row: rows.GroupRow) -> None:
        """Record the families of a group."""
        ...

    def record_push(self, row: rows.PushRow) -> None:
        """Record a push. Its families are recorded before it, unless it changes only values."""
        ...

    def record_life(self, row: rows.LifeRow) -> None:
        """Record the owners of a group, its drain, and its last rejected push."""
        ...

    def record_deletion(self, id: int) -> None:
        """Record that a group was deleted."""
        ...

    def record_reader(self, reader: scrapers.Reader, row: rows.ReaderRow | None) -> None:
        """Record the progress of a reader; ``None`` removes the reader."""
        ...

    async def commit(self) -> None:
        """Return once everything recorded so far is durable.

        :raises errors.StorageError: it could not be made durable and has been rolled back.
        """
        ...


class NullJournal:
    """A journal that records nothing: the groups end with the process."""

    is_persistent = False

    async def open(self) -> None:
        """There is nothing to open."""

    async def restore(
        self,
        load: Callable[[JournalContents], _Result],
        *,
        store: RecordedStore,  # noqa: ARG002 - Journal
    ) -> _Result:
        return load(JournalContents((), (), revision=0, last_alive=0.0))

    async def close(self) -> None:
        """There is nothing to close."""

    def check_writable(self) -> None:
        """There is nothing that could fail."""

    def record_families(self, row: rows.GroupRow) -> None:
        """Nothing is recorded."""

    def record_push(self, row: rows.PushRow) -> None:
        """Nothing is recorded."""

    def record_life(self, row: rows.LifeRow) -> None:
        """Nothing is recorded."""

    def record_deletion(self, id: int) -> None:
        """Nothing is recorded."""

    def record_reader(self, reader: scrapers.Reader, row: rows.ReaderRow | None) -> None:
        """Nothing is recorded."""

    async def commit(self) -> None:
        """There is nothing to wait for."""
