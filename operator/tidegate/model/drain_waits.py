"""The state of a draining group and the reason for it, shared by the gateway and the command line."""

from __future__ import annotations

import enum
from typing import NamedTuple

from tidegate.model import reasons, scrapers


class WaitsFor(enum.StrEnum):
    """The next event that a draining group waits for; the value is the word of the API."""

    OPERATOR = "operator"
    """The group was pushed while draining, and the operator has not yet decided whether an owner made that push."""
    SCRAPERS = "scrapers"
    """At least one active reader has not read its last push."""
    DEADLINE = "deadline"
    """No reader is active that could read it."""
    NOTHING = "nothing"
    """Every active reader has read it, or its drain timeout has expired."""


class Wait(NamedTuple):
    """The state of a draining group.

    :param until: seconds at which it is deleted at the latest, by any clock; ``None`` while it waits for the operator,
        without which nothing is deleted.
    :param readers: those that have not read its last push.
    """

    waits_for: WaitsFor
    until: float | None
    readers: tuple[scrapers.Reader, ...] = ()


def reason(wait: Wait, *, now: float) -> reasons.Reason:
    """The next step for a draining group. ``now`` is of the same clock as ``wait.until``."""
    left = 0.0 if wait.until is None else wait.until - now
    match wait.waits_for:
        case WaitsFor.OPERATOR:
            return reasons.reason(reasons.Code.WAITS_FOR_OPERATOR)
        case WaitsFor.SCRAPERS:
            return reasons.reason(reasons.Code.WAITS_FOR_SCRAPERS, readers=wait.readers, seconds=left)
        case WaitsFor.DEADLINE:
            return reasons.reason(reasons.Code.WAITS_FOR_DEADLINE, seconds=left)
        case WaitsFor.NOTHING:
            return reasons.reason(reasons.Code.WAITS_FOR_NOTHING)
