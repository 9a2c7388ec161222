"""What happened in a soak, as three witnesses tell it that tidegate has no hand in.

The API server's audit log tells the lives of Jobs and CronJobs, the pods' own logs every push, Prometheus' databases
every scrape. All times are Unix seconds of this machine's clock, which no fault touches.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Group = tuple[tuple[str, str], ...]
"""A group's labels, sorted."""

NOBODY = "nobody"
"""The owner of what was pushed without one."""


class Until(enum.StrEnum):
    """What ends a group, for this owner."""

    END = "end"
    """The Job's end, good or bad, or its deletion."""
    SUCCESS = "success"
    """The Job's success, or its deletion."""
    GONE = "gone"
    """The owner's deletion."""
    NEVER = "never"


class Push(NamedTuple):
    """One value, and what became of it. Within a group a later push has a larger value.

    :param sent: when it was first sent.
    :param answered: when it was acknowledged; ``None`` for one that never was, but may have been taken.
    :param drain: seconds that the group waits for its readers after its owner's end.
    """

    group: Group
    owner: str
    value: float
    sent: float
    answered: float | None
    until: Until = Until.END
    drain: float = 20.0


class Life(NamedTuple):
    """A Job or CronJob: when it was created, when it ended and how, when it was gone."""

    name: str
    created: float
    succeeded: float | None = None
    failed: float | None = None
    gone: float | None = None

    def over(self, until: Until) -> float | None:
        """When this owner's groups lost it; ``None`` for not yet."""
        moments = {
            Until.END: (self.succeeded, self.failed, self.gone),
            Until.SUCCESS: (self.succeeded, self.gone),
            Until.GONE: (self.gone,),
            Until.NEVER: (),
        }[until]
        return min((moment for moment in moments if moment is not None), default=None)


class Attempt(NamedTuple):
    """A scrape that was begun at this time; ``up``: it succeeded."""

    at: float
    up: bool


@dataclass(frozen=True)
class Scraper:
    """All that one Prometheus has.

    :ivar interval: seconds between its scrapes, which is its timeout, too.
    :ivar samples: of each group, by the time of the scrape.
    """

    name: str
    interval: float
    attempts: Sequence[Attempt]
    samples: Mapping[Group, Mapping[float, float]]


class Part(enum.StrEnum):
    """What a fault takes away."""

    GATEWAY = "gateway"
    OPERATOR = "operator"
    API = "API server"
    WATCH = "watch"
    SCRAPER = "scraper"
    CLOCK = "clock"


class Fault(NamedTuple):
    """What was done to the parts, and when it was well again.

    :param by_itself: nobody did it: a process ended. It was seen at ``ended``, and ran still at ``began``.
    """

    name: str
    parts: tuple[Part, ...]
    began: float
    ended: float
    detail: str = ""
    by_itself: bool = False


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything that the checker judges by.

    :ivar resync: the operator's resync period in seconds.
    """

    pushes: Sequence[Push]
    lives: Mapping[str, Life]
    scrapers: Sequence[Scraper]
    faults: Sequence[Fault] = ()
    resync: float = 5.0
    by_group: Mapping[Group, Sequence[Push]] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[Group, list[Push]] = {}
        for push in sorted(self.pushes, key=lambda push: push.sent):
            found.setdefault(push.group, []).append(push)
        object.__setattr__(self, "by_group", found)

    def over(self, push: Push) -> float | None:
        """When the owner of this push was over; ``None`` for not yet."""
        if push.owner == NOBODY or push.until is Until.NEVER:
            return None
        return self.lives[push.owner].over(push.until)
