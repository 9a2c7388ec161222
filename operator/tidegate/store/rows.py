"""Rows: the state of a store as plain values, as journals record them.

The field names are the column names of the SQLite file. :mod:`tidegate.store.row_codec` converts groups to rows and
back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from tidegate.model import scrapers


class GroupRow(NamedTuple):
    """A group and its families. A push that changes only values leaves this row as it is.

    :param labels: the grouping key; this field and the next ones as :mod:`tidegate.store.row_codec` writes them.
    :param pushers: the address of each push that left families; ``None`` if none is known.
    """

    id: int
    labels: str
    families: str
    keys: str
    lines: bytes
    pushers: str | None


class PushRow(NamedTuple):
    """The fields that every push changes.

    :param revision: of the last push.
    :param push_time: Unix seconds of the last push; 0.0 before the first one.
    :param expires: monotonic seconds at which the TTL of the group expires; ``None`` for never.
    :param numbers: values that replace those in the lines of the families; ``None`` if those are current.
    :param pushers: the last addresses that pushed; ``None`` for none.
    :param until: the times of the last pushes from each address but the first; ``None`` if there is at most one.
    """

    id: int
    revision: int
    push_time: float
    expires: float | None
    numbers: bytes | None
    pushers: str | None
    until: bytes | None


class LifeRow(NamedTuple):
    """The owners of a group and its drain, each ``None`` for none.

    :param failure_time: Unix seconds of the last rejected push, 0.0 for never.
    """

    id: int
    failure_time: float
    claims: str | None
    drain: str | None


class ReaderRow(NamedTuple):
    """The progress of a reader (:class:`tidegate.model.scrapers.ReaderProgress`).

    :param name: the query parameter ``scraper`` of its requests; "" for none.
    """

    address: str
    user_agent: str
    name: str
    number: int
    first_seen: float
    last_seen: float
    gaps: str
    delivered_revision: int
    ingested_revision: int
    new_connections: int
    last_read: float | None


class StoredGroup(NamedTuple):
    """All rows of a group."""

    group: GroupRow
    push: PushRow
    life: LifeRow


class Changes(NamedTuple):
    """The content of one transaction; rows by the ids of their groups.

    :param revision: of the last change of the store that is in the transaction or before it.
    :param moment: monotonic seconds, now.
    """

    groups: Mapping[int, GroupRow]
    pushes: Mapping[int, PushRow]
    lives: Mapping[int, LifeRow]
    removed: Collection[int]
    readers: Mapping[scrapers.Reader, ReaderRow | None]
    revision: int
    moment: float
