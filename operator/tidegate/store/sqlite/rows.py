"""What the file holds of the store, row by row: plain values, as SQLite takes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple


class GroupRow(NamedTuple):
    """A group and its families as its last push that changed more than numbers left them.

    :param labels: the grouping key; it and the others as :mod:`tidegate.store.sqlite.row_codec` spells them.
    :param pushers: the address that each of its pushes came from; ``None`` where none is known.
    """

    id: int
    labels: str
    families: str
    keys: str
    lines: bytes
    pushers: str | None


class PushRow(NamedTuple):
    """What every push changes.

    :param revision: of the last push, ``push_time`` its Unix seconds; 0.0 for none yet.
    :param expires: monotonic seconds at which the group's time to live is over; ``None`` for never.
    :param numbers: that take the places of those in the lines of the families; ``None`` where those hold.
    :param pushers: the last addresses that pushes came from; ``None`` for none.
    :param until: the times of the last pushes from all of these but the first; ``None`` where there is no other.
    """

    id: int
    revision: int
    push_time: float
    expires: float | None
    numbers: bytes | None
    pushers: str | None
    until: bytes | None


class LifeRow(NamedTuple):
    """Whose a group is and whether it drains, each ``None`` where there is nothing to be said; and the Unix seconds of
    its last refused push, 0.0 for never."""

    id: int
    failure_time: float
    claims: str | None
    drain: str | None


class ScraperRow(NamedTuple):
    """A scraper and how far it has read (:class:`tidegate.model.scrapers.ScraperProgress`)."""

    address: str
    user_agent: str
    first_seen: float
    last_seen: float
    gaps: str
    read_revision: int
    last_read: float | None


class StoredGroup(NamedTuple):
    """All rows of a group."""

    group: GroupRow
    push: PushRow
    life: LifeRow


class Changes(NamedTuple):
    """What is to be written in one transaction; rows by their ids.

    :param revision: of the store's last change that is in it, or before it.
    :param moment: monotonic seconds, now.
    """

    groups: Mapping[int, GroupRow]
    pushes: Mapping[int, PushRow]
    lives: Mapping[int, LifeRow]
    removed: Collection[int]
    scrapers: Mapping[tuple[str, str], ScraperRow | None]
    revision: int
    moment: float
