"""What a draining group waits for: pure, for whoever tells people why a group is still there."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

from tidegate.model import lifecycle, scrapers


class For(enum.StrEnum):
    """What a draining group waits for next."""

    OPERATOR = "operator"
    """It was pushed after it was retired: the operator has yet to say whether that push was its owners' own."""
    SCRAPERS = "scrapers"
    """Some active scraper has yet to read its last push."""
    DEADLINE = "deadline"
    """There is no active scraper that could read it."""
    NOTHING = "nothing"
    """All have read it, or its deadline is over: it goes at once."""


class Wait(NamedTuple):
    """What a draining group waits for.

    :param until: steady seconds at which it goes all the same, read or not; ``None`` where the operator is awaited, as
        without its word nothing is deleted.
    :param scrapers: those that have yet to read its last push.
    """

    what: For
    until: float | None
    scrapers: tuple[scrapers.Scraper, ...] = ()


def wait(life: lifecycle.Life, active: Iterable[scrapers.Reading], *, now: float) -> Wait | None:
    """What a group waits for that drains; ``None`` for one that lives.

    :param active: the scrapers whose word is waited for.
    :param now: steady seconds.
    """
    if life.drain is None:
        return None
    drain = lifecycle.awaited(life)
    if drain is None:
        return Wait(For.OPERATOR, None)
    readings = list(active)
    behind = tuple(reading.scraper for reading in readings if reading.read_revision < life.pushed_revision)
    if now >= drain.deadline or (readings and not behind):
        return Wait(For.NOTHING, drain.deadline)
    return Wait(For.SCRAPERS if behind else For.DEADLINE, drain.deadline, behind)
