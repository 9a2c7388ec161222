"""Pieces of sentences about groups and their owners, for people."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from tidegate import settings
from tidegate.operator.cache import owner_views
from tidegate.operator.policy import cleanup_rules

MOST_NAMED = 3
"""Things that one sentence names; of more it says how many."""


def sentence(*clauses: str) -> str:
    """Clauses as one sentence."""
    text = "; ".join(clauses)
    return f"{text[:1].upper()}{text[1:]}."


def enumerated(things: Iterable[object]) -> str:
    """Things with commas between them, the first few by name."""
    named = [str(thing) for thing in things]
    more = len(named) - MOST_NAMED
    return ", ".join(named[:MOST_NAMED] + ([f"and {more} more"] if more > 0 else []))


def shortened(clauses: Sequence[str]) -> list[str]:
    """The first few of many clauses, and how many there are beside them."""
    more = len(clauses) - MOST_NAMED
    return [*clauses[:MOST_NAMED], *([f"so it is with {more} more"] if more > 0 else [])]


def moment(seconds: float) -> str:
    """A time such as ``2026-01-31 08:00:00Z``."""
    try:
        when = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g}"
    return when.strftime("%Y-%m-%d %H:%M:%SZ")


def duration(seconds: float) -> str:
    """A duration as annotations have it: ``1h30m``."""
    whole = int(seconds)
    parts = ((whole // 3600, "h"), (whole % 3600 // 60, "m"), (whole % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def source(said_by: str, annotation: str) -> str:
    """Who said it: ``by its annotation tidegate.dev/cleanup``, ``by GroupCleanupPolicy prod/nightly``."""
    match said_by:
        case cleanup_rules.ANNOTATION:
            return f"by its annotation {annotation}"
        case cleanup_rules.DEFAULT:
            return "by default"
        case policy:
            return f"by {policy}"


def joined(rule: str, view: owner_views.OwnerView | None) -> str:
    """How a rule leads from a group to this object."""
    match rule:
        case settings.ADDRESS:
            return "a pod of it pushed the group"
        case settings.ANNOTATION:
            by = cleanup_rules.DEFAULT if view is None else view.rules.source.keys
            whose = source(by, cleanup_rules.GROUPING_KEY)
            return "it is named as its own" if by == cleanup_rules.DEFAULT else f"it is named as its own {whose}"
        case settings.POD:
            return "the instance or pod label names a pod of it"
        case _:
            return "the job label is its name"
