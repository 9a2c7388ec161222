"""The events of a soak, from three sources that are independent of tidegate.

The API server's audit log has the lifetimes of Jobs and CronJobs, the pods' own logs every push, and the Prometheus
databases every scrape. All times are Unix seconds of this machine's clock, which no fault changes.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Group = tuple[tuple[str, str], ...]
"""A group's labels, sorted."""

NOBODY = "nobody"
"""The owner of pushes to unowned groups."""


class Until(enum.StrEnum):
    """The event that ends a group's ownership."""

    END = "end"
    """The Job's completion, failure or deletion."""
    SUCCESS = "success"
    """The Job's success or deletion."""
    DELETED = "deleted"
    """The owner's deletion."""
    NEVER = "never"


class Push(NamedTuple):
    """One value and its acknowledgement. In a group, a later push has a larger value.

    :param sent: time of the first attempt.
    :param acknowledged: time of the acknowledgement; ``None`` without one (the gateway may have stored the push).
    :param drain: drain timeout of the group, in seconds.
    """

    group: Group
    owner: str
    value: float
    sent: float
    acknowledged: float | None
    until: Until = Until.END
    drain: float = 20.0


class Life(NamedTuple):
    """A Job or CronJob: the times of its creation, completion, failure and deletion."""

    name: str
    created: float
    succeeded: float | None = None
    failed: float | None = None
    deleted: float | None = None

    def end(self, until: Until) -> float | None:
        """The time at which this owner releases its groups; ``None`` if it has not."""
        moments = {
            Until.END: (self.succeeded, self.failed, self.deleted),
            Until.SUCCESS: (self.succeeded, self.deleted),
            Until.DELETED: (self.deleted,),
            Until.NEVER: (),
        }[until]
        return min((moment for moment in moments if moment is not None), default=None)


class Attempt(NamedTuple):
    """A scrape that began at this time; ``up``: whether it succeeded."""

    at: float
    up: bool


@dataclass(frozen=True)
class Scraper:
    """All samples of one Prometheus.

    :ivar interval: seconds between its scrapes, and its scrape timeout.
    :ivar samples: values of each group, by the time of the scrape.
    """

    name: str
    interval: float
    attempts: Sequence[Attempt]
    samples: Mapping[Group, Mapping[float, float]]


class Part(enum.StrEnum):
    """The component that a fault affects."""

    GATEWAY = "gateway"
    OPERATOR = "operator"
    API = "API server"
    WATCH = "watch"
    SCRAPER = "scraper"
    STORAGE = "storage"
    CLOCK = "clock"


class Fault(NamedTuple):
    """A fault of components, and the time of recovery.

    :param by_itself: a process ended without a cause; it ran at ``began`` and was found dead at ``ended``.
    """

    name: str
    parts: tuple[Part, ...]
    began: float
    ended: float
    detail: str = ""
    by_itself: bool = False


class Deletion(NamedTuple):
    """A deletion as the gateway reports it.

    :param at: Unix seconds on the gateway's clock, which a fault may shift.
    :param proof: the grade of proof that every Prometheus has the last push, or ``timeout``.
    """

    group: Group
    at: float
    proof: str


@dataclass(frozen=True, kw_only=True)
class History:
    """All inputs of the checker.

    :ivar deletions: in order.
    :ivar resync: the operator's resync period in seconds.
    """

    pushes: Sequence[Push]
    lives: Mapping[str, Life]
    scrapers: Sequence[Scraper]
    faults: Sequence[Fault] = ()
    deletions: Sequence[Deletion] = ()
    resync: float = 5.0
    by_group: Mapping[Group, Sequence[Push]] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[Group, list[Push]] = {}
        for push in sorted(self.pushes, key=lambda push: push.sent):
            found.setdefault(push.group, []).append(push)
        object.__setattr__(self, "by_group", found)

    def owner_end(self, push: Push) -> float | None:
        """The time at which the owner of this push ended; ``None`` if it has not."""
        if push.owner == NOBODY or push.until is Until.NEVER:
            return None
        return self.lives[push.owner].end(push.until)
