"""The cache of the objects of one kind, filled by watch events and complete lists in any order.

An object is deleted when an event says so, or when it is missing from a complete list that started after the object was
last updated. A deleted object never comes back, because uids are not reused: later events about it are stale.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import NamedTuple

from tidegate.model import owners
from tidegate.operator.cache import owner_views

DELETED_OBJECT_SECONDS = 600.0
"""How long deleted objects are kept: longer than a pod pushes after its Job was deleted, and than a watch lags."""


class CachedObject(NamedTuple):
    """An object, with the time (Unix seconds) at which the operator noticed its deletion; ``None`` while it exists."""

    view: owner_views.OwnerView
    deleted_at: float | None = None

    @property
    def has_finished(self) -> bool:
        return self.view.finish is not None or self.deleted_at is not None


class _Entry(NamedTuple):
    view: owner_views.OwnerView
    updated_at: float


class ObjectCache:
    """All objects of one kind.

    Callers pass the time: ``monotonic`` orders events and lists, ``wall`` is compared with the times that Kubernetes
    and the gateway report.
    """

    def __init__(self) -> None:
        self._present: dict[owners.Uid, _Entry] = {}
        self._deleted: dict[owners.Uid, CachedObject] = {}
        self._deleted_at: dict[owners.Uid, float] = {}

    def __len__(self) -> int:
        """The number of existing objects."""
        return len(self._present)

    def __iter__(self) -> Iterator[CachedObject]:
        """The existing objects, then the deleted ones that are still cached."""
        yield from (CachedObject(entry.view) for entry in self._present.values())
        yield from self._deleted.values()

    def get(self, uid: owners.Uid) -> CachedObject | None:
        """An existing or deleted object; ``None`` if it is not in the cache."""
        entry = self._present.get(uid)
        return CachedObject(entry.view) if entry is not None else self._deleted.get(uid)

    def deleted_at(self, uid: owners.Uid) -> float | None:
        """When the operator noticed the deletion; ``None`` if the object exists or was never seen."""
        return self._deleted_at.get(uid)

    def put(self, view: owner_views.OwnerView, *, monotonic: float) -> bool:
        """Store an added or modified object. Returns whether that changed the cache."""
        if view.uid in self._deleted_at:
            return False
        previous = self._present.get(view.uid)
        if previous is not None and not _is_newer(view, previous.view):
            return False
        self._present[view.uid] = _Entry(view, monotonic)
        return previous is None or previous.view != view

    def delete(self, view: owner_views.OwnerView, *, wall: float) -> bool:
        """Mark an object as deleted; ``view`` is its last state. Returns whether that changed the cache."""
        if view.uid in self._deleted_at:
            return False
        self._present.pop(view.uid, None)
        self._move_to_deleted(view, wall=wall)
        return True

    def replace(
        self, views: Iterable[owner_views.OwnerView], *, started: float, monotonic: float, wall: float
    ) -> tuple[set[owners.Uid], list[owner_views.OwnerView]]:
        """Store a complete list that started at ``started``. Returns the listed uids and the objects that changed.

        Objects that an event updated after the list started are kept: the list may be older than the event.
        """
        listed: set[owners.Uid] = set()
        changed: list[owner_views.OwnerView] = []
        for view in views:
            listed.add(view.uid)
            if self.put(view, monotonic=monotonic):
                changed.append(view)
        for uid, entry in list(self._present.items()):
            if uid not in listed and entry.updated_at < started:
                del self._present[uid]
                self._move_to_deleted(entry.view, wall=wall)
                changed.append(entry.view)
        return listed, changed

    def mark_deleted(self, uid: owners.Uid, *, wall: float) -> None:
        """Record that an object that was never seen does not exist."""
        self._deleted_at.setdefault(uid, wall)

    def update_views(self, update: Callable[[owner_views.OwnerView], owner_views.OwnerView]) -> None:
        """Replace every view by the result of this function."""
        self._present = {uid: entry._replace(view=update(entry.view)) for uid, entry in self._present.items()}
        self._deleted = {uid: cached._replace(view=update(cached.view)) for uid, cached in self._deleted.items()}

    def evict(self, *, keep: Container[owners.Uid], wall: float) -> list[CachedObject]:
        """Remove objects that were deleted long ago, except those in ``keep``. Returns the removed objects."""
        old = [uid for uid, at in self._deleted_at.items() if at < wall - DELETED_OBJECT_SECONDS and uid not in keep]
        for uid in old:
            del self._deleted_at[uid]
        return [self._deleted.pop(uid) for uid in old if uid in self._deleted]

    def _move_to_deleted(self, view: owner_views.OwnerView, *, wall: float) -> None:
        self._deleted_at[view.uid] = wall
        self._deleted[view.uid] = CachedObject(view, deleted_at=wall)


def _is_newer(view: owner_views.OwnerView, previous: owner_views.OwnerView) -> bool:
    """Compare resource versions. If one is not a number, the later event wins; the next list corrects mistakes."""
    return view.version is None or previous.version is None or view.version > previous.version
