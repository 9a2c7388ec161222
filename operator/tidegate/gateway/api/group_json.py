"""Groups, scrapers and deletions as the API tells people about them: as JSON, with times in Unix seconds. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, TypeAlias

from tidegate.aio import clocks
from tidegate.draining import drain_status
from tidegate.gateway.api import group_filter
from tidegate.model import lifecycle, owners, scrapers
from tidegate.store import interface

Json: TypeAlias = dict[str, Any]

SHOWN_OWNERS = 5
"""Of a group in a list; a group by itself tells all of them."""


class Moment(NamedTuple):
    """Now, by both readings of a clock, so that steady times can be told as those that people read."""

    wall: float
    steady: float

    def told(self, steady: float | None) -> float | None:
        """Unix seconds for these steady ones."""
        return None if steady is None else round(self.wall + steady - self.steady, 3)


def now(clock: clocks.Clock) -> Moment:
    """The moment that it is."""
    return Moment(clock.wall(), clock.steady())


def group(
    outline: interface.GroupOutline,
    *,
    pushes: Sequence[int],
    active: Collection[scrapers.Reading],
    moment: Moment,
    shown_owners: int = SHOWN_OWNERS,
) -> Json:
    """A group without its metrics.

    :param pushes: how many there were in each half hour of the last day.
    :param active: the scrapers whose word is waited for.
    """
    life = outline.life
    claims = list(life.claims.values())
    return {
        "labels": dict(outline.key),
        "state": life.state.value,
        "ownership": group_filter.ownership(life).value,
        "owners": [_owner(claim) for claim in claims[:shown_owners]],
        "owner_count": len(claims),
        "ttl_ends": moment.told(lifecycle.expiry(life)),
        "drain": _drain(life, active, moment),
        "push_time": outline.push_time,
        "push_failure_time": outline.push_failure_time,
        "last_push_successful": not group_filter.is_failing(outline),
        "families": outline.families,
        "series": outline.series,
        "pushes": list(pushes),
    }


def scraper(reading: scrapers.Reading, *, revision: int, awaited_by: int, moment: Moment) -> Json:
    """A scraper.

    :param revision: the store's.
    :param awaited_by: how many draining groups wait for it.
    """
    return {
        **_named(reading.scraper),
        "active": moment.steady <= reading.active_until,
        "interval": reading.interval,
        "first_seen": moment.told(reading.first_seen),
        "last_seen": moment.told(reading.last_seen),
        "last_read": moment.told(reading.last_read),
        "silent_at": moment.told(reading.active_until),
        "unread_changes": max(0, revision - reading.read_revision),
        "awaited_by": awaited_by,
    }


def departure(gone: interface.Departure) -> Json:
    """A deletion."""
    claims = list(gone.record.claims.values())
    return {
        "at": gone.at,
        "labels": dict(gone.record.key),
        "reason": gone.record.reason.value,
        "owners": [_owner(claim) for claim in claims[:SHOWN_OWNERS]],
        "owner_count": len(claims),
    }


def _drain(life: lifecycle.Life, active: Collection[scrapers.Reading], moment: Moment) -> Json | None:
    wait = drain_status.wait(life, active, now=moment.steady)
    if wait is None or life.drain is None:
        return None
    return {
        "since": moment.told(life.drain.since),
        "until": moment.told(wait.until),
        "is_expired_ttl": life.drain.expired,
        "waits_for": wait.waits_for.value,
        "scrapers": [_named(one) for one in wait.scrapers],
    }


def _named(one: scrapers.Scraper) -> Json:
    return {"address": one.address, "user_agent": one.user_agent}


def _owner(claim: owners.Claim) -> Json:
    owner = claim.owner
    return {"kind": owner.kind, "namespace": owner.namespace, "name": owner.name, "rule": claim.rule}
