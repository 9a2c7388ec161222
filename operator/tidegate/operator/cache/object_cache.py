"""The objects of one kind, kept right by events and complete lists, whichever comes first.

An object leaves in one of two ways: an event says that it was deleted, or a complete list that began after it was last
heard of lacks it. What has left never comes back: a uid is not used twice, so whatever still speaks of it is late.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import NamedTuple

from tidegate.model import owners
from tidegate.operator.cache import owner_views

MEMORY_SECONDS = 600.0
"""How long what has left is remembered: longer than a pod that outlives its Job pushes, or a watch lags."""


class Known(NamedTuple):
    """An object that is there, or was: ``gone_at`` (Unix seconds) is when it was first seen to be gone."""

    view: owner_views.OwnerView
    gone_at: float | None = None

    @property
    def has_ended(self) -> bool:
        return self.view.finish is not None or self.gone_at is not None


class _Seen(NamedTuple):
    view: owner_views.OwnerView
    at: float


class Roster:
    """All objects of one kind.

    Readings of the clock are passed in: ``steady`` orders what is heard and listed, ``wall`` is compared with the times
    that Kubernetes and the gateway tell.
    """

    def __init__(self) -> None:
        self._present: dict[owners.Uid, _Seen] = {}
        self._departed: dict[owners.Uid, Known] = {}
        self._gone: dict[owners.Uid, float] = {}

    def __len__(self) -> int:
        return len(self._present)

    def __iter__(self) -> Iterator[Known]:
        """All that are there, then all that were and are remembered."""
        yield from (Known(seen.view) for seen in self._present.values())
        yield from self._departed.values()

    def get(self, uid: owners.Uid) -> Known | None:
        """What is known of an object, ``None`` when nothing is."""
        seen = self._present.get(uid)
        return Known(seen.view) if seen is not None else self._departed.get(uid)

    def gone_at(self, uid: owners.Uid) -> float | None:
        """When this object was seen to be gone; ``None`` while it is there, or while nobody knows."""
        return self._gone.get(uid)

    def saw(self, view: owner_views.OwnerView, *, steady: float) -> bool:
        """An event told of this object as it is; returns whether that was news."""
        if view.uid in self._gone:
            return False
        known = self._present.get(view.uid)
        if known is not None and not _is_newer(view, known.view):
            return False
        self._present[view.uid] = _Seen(view, steady)
        return known is None or known.view != view

    def saw_deleted(self, view: owner_views.OwnerView, *, wall: float) -> bool:
        """An event told that this object, last as it is here, was deleted; returns whether that was news."""
        if view.uid in self._gone:
            return False
        self._present.pop(view.uid, None)
        self._depart(view, wall=wall)
        return True

    def listed(
        self, found: Iterable[owner_views.OwnerView], *, started: float, steady: float, wall: float
    ) -> tuple[set[owners.Uid], list[owner_views.OwnerView]]:
        """Take over a complete list that began at ``started``. Returns the uids listed, and the views that were news.

        What an event told after the list began is left alone: the list may be older than that.
        """
        there: set[owners.Uid] = set()
        news: list[owner_views.OwnerView] = []
        for view in found:
            there.add(view.uid)
            if self.saw(view, steady=steady):
                news.append(view)
        for uid, seen in list(self._present.items()):
            if uid not in there and seen.at < started:
                del self._present[uid]
                self._depart(seen.view, wall=wall)
                news.append(seen.view)
        return there, news

    def lacks(self, uid: owners.Uid, *, wall: float) -> None:
        """Whoever knows says that this object, of which there is no view, is not there."""
        self._gone.setdefault(uid, wall)

    def revise(self, revised: Callable[[owner_views.OwnerView], owner_views.OwnerView]) -> None:
        """Replace every view by what this makes of it."""
        self._present = {uid: seen._replace(view=revised(seen.view)) for uid, seen in self._present.items()}
        self._departed = {uid: known._replace(view=revised(known.view)) for uid, known in self._departed.items()}

    def forget(self, *, keep: Container[owners.Uid], wall: float) -> list[Known]:
        """Forget what left long ago and is not to be kept; returns what was forgotten, for the indexes."""
        old = [uid for uid, at in self._gone.items() if at < wall - MEMORY_SECONDS and uid not in keep]
        for uid in old:
            del self._gone[uid]
        return [self._departed.pop(uid) for uid in old if uid in self._departed]

    def _depart(self, view: owner_views.OwnerView, *, wall: float) -> None:
        self._gone[view.uid] = wall
        self._departed[view.uid] = Known(view, gone_at=wall)


def _is_newer(view: owner_views.OwnerView, known: owner_views.OwnerView) -> bool:
    """Where versions are no numbers the later word counts; the next list puts it right."""
    return view.version is None or known.version is None or view.version > known.version
