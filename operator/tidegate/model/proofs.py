"""Proof that the final values of a draining group have arrived: the grades, and what is known at one moment."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple

from tidegate.model import grouping


class Grade(enum.StrEnum):
    """Grades of the proof that every active reader has a group; the value is that of the flag.

    Each grade includes the ones before it.
    """

    DELIVERED = "delivered"
    """Its kernel has acknowledged every byte of a response that began after the group's last push."""
    INGESTED = "ingested"
    """It has begun its next scrape on the same connection. A scrape loop is sequential, so it has processed the
    response, and its process still lives."""
    STORED = "stored"
    """Every configured database has returned the time of the group's last push in a query."""


class Proof(NamedTuple):
    """The proof that exists at one moment.

    :param grade: the grade in force.
    :param read_revision: the revision of the store up to which every active reader has read, by the grade in force;
        ``None`` if no reader is active.
    :param stored: for :attr:`Grade.STORED`, the revision of the last push that all databases have returned, by group;
        otherwise ``None``.
    """

    grade: Grade
    read_revision: int | None
    stored: Mapping[grouping.GroupingKey, int] | None = None

    def covers(self, key: grouping.GroupingKey, revision: int) -> bool:
        """Return whether it proves that a push has arrived everywhere.

        :param revision: the revision of the group's last push.
        """
        if self.stored is None:
            return self.read_revision is not None and self.read_revision >= revision
        # The databases are the proof; a reader that does not write to them must have read the push as well.
        return self.stored.get(key) == revision and (self.read_revision is None or self.read_revision >= revision)
