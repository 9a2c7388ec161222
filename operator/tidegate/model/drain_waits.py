"""The state of a draining group and the reason for it, shared by the gateway and the command line."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

from tidegate.model import reasons, scrapers


class WaitsFor(enum.StrEnum):
    """The next event that a draining group waits for; the value is the word of the API."""

    OPERATOR = "operator"
    """The group was pushed while draining, and the operator has not yet decided whether an owner made that push."""
    SCRAPERS = "scrapers"
    """At least one active reader has not read its last push."""
    DATABASES = "databases"
    """Every active reader has read its last push, but a database has not returned it yet."""
    DEADLINE = "deadline"
    """No reader is active that could read it."""
    NOTHING = "nothing"
    """Every active reader has read it, or its drain timeout has expired."""


MISSING_SECONDS = 60.0
"""A database that has not returned the last push of a group for so long probably never stores it."""


class MissingDatabase(NamedTuple):
    """A database that has not returned the last push of a group.

    :param name: its URL without credentials.
    :param error: why it cannot be queried; "" if it can.
    :param seconds: for how long it has been queried for this push.
    """

    name: str
    error: str
    seconds: float


class Wait(NamedTuple):
    """The state of a draining group.

    :param until: seconds at which it is deleted at the latest, by any clock; ``None`` while it waits for the operator,
        without which nothing is deleted.
    :param readers: those that have not read its last push.
    :param databases: those that have not returned it.
    """

    waits_for: WaitsFor
    until: float | None
    readers: tuple[scrapers.Reader, ...] = ()
    databases: tuple[MissingDatabase, ...] = ()


def reason(wait: Wait, *, now: float) -> reasons.Reason:
    """The next step for a draining group. ``now`` is of the same clock as ``wait.until``."""
    left = 0.0 if wait.until is None else wait.until - now
    match wait.waits_for:
        case WaitsFor.OPERATOR:
            return reasons.reason(reasons.Code.WAITS_FOR_OPERATOR)
        case WaitsFor.SCRAPERS:
            return reasons.reason(reasons.Code.WAITS_FOR_SCRAPERS, readers=wait.readers, seconds=left)
        case WaitsFor.DATABASES:
            return _for_databases(wait.databases, seconds=left)
        case WaitsFor.DEADLINE:
            return reasons.reason(reasons.Code.WAITS_FOR_DEADLINE, seconds=left)
        case WaitsFor.NOTHING:
            return reasons.reason(reasons.Code.WAITS_FOR_NOTHING)


def _for_databases(databases: Sequence[MissingDatabase], *, seconds: float) -> reasons.Reason:
    """The most urgent reason: a database lacks the push, or fails, or has not returned it yet."""
    lacking = [each.name for each in databases if not each.error and each.seconds >= MISSING_SECONDS]
    if lacking:
        return reasons.reason(reasons.Code.NOT_STORED, databases=lacking, seconds=seconds)
    failing = [each for each in databases if each.error]
    if failing:
        return reasons.reason(
            reasons.Code.DATABASE_FAILS, database=failing[0].name, error=failing[0].error, seconds=seconds
        )
    names = [each.name for each in databases]
    return reasons.reason(reasons.Code.WAITS_FOR_DATABASES, databases=names, seconds=seconds)
