"""JSON of groups, scrapers and deletions for the API, with times in Unix seconds. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from tidegate.aio import clocks
from tidegate.draining import drain_conditions, unrecognised_scrapers
from tidegate.gateway.api import group_filter
from tidegate.model import grouping, lifecycle, owners, scrapers
from tidegate.store import interface

Json: TypeAlias = dict[str, Any]

SHOWN_OWNERS = 5
"""Owners of a group in a list. The response for a single group has all of them."""


class Moment(NamedTuple):
    """The current time by both readings of a clock, to convert monotonic times to wall-clock times."""

    wall: float
    monotonic: float

    def to_wall(self, monotonic: float | None) -> float | None:
        """The wall-clock time of a monotonic time; ``None`` for ``None``."""
        return None if monotonic is None else round(self.wall + monotonic - self.monotonic, 3)


def now(clock: clocks.Clock) -> Moment:
    """The current time of this clock."""
    return Moment(clock.wall(), clock.monotonic())


def group(
    summary: interface.GroupSummary,
    *,
    pushes: Sequence[int],
    conditions: drain_conditions.Conditions,
    moment: Moment,
    shown_owners: int = SHOWN_OWNERS,
) -> Json:
    """A group without its metrics.

    :param pushes: the number of pushes in each half hour of the last day.
    :param conditions: what draining groups wait for.
    """
    life = summary.life
    claims = list(life.claims.values())
    return {
        "labels": dict(summary.key),
        "state": life.state.value,
        "ownership": group_filter.ownership(life).value,
        "owners": [_owner(claim) for claim in claims[:shown_owners]],
        "owner_count": len(claims),
        "ttl_ends": moment.to_wall(lifecycle.ttl_deadline(life)),
        "drain": _drain(summary.key, life, conditions, moment),
        "push_time": summary.push_time,
        "push_failure_time": summary.push_failure_time,
        "last_push_successful": not group_filter.is_failing(summary),
        "families": summary.families,
        "series": summary.series,
        "pushes": list(pushes),
    }


def reader(
    reading: scrapers.ReaderProgress, *, revision: int, read_revision: int, awaited_by: int, moment: Moment
) -> Json:
    """A reader of a scraper.

    :param revision: the revision of the store.
    :param read_revision: the revision up to which it has read, by the grade of proof in force.
    :param awaited_by: the number of draining groups that wait for it.
    """
    return {
        **_reader(reading.reader),
        "active": moment.monotonic <= reading.active_until,
        "interval": reading.interval,
        "first_seen": moment.to_wall(reading.first_seen),
        "last_seen": moment.to_wall(reading.last_seen),
        "last_read": moment.to_wall(reading.last_read),
        "silent_at": moment.to_wall(reading.active_until),
        "unread_changes": max(0, revision - read_revision),
        "awaited_by": awaited_by,
    }


def unrecognised(scraper: unrecognised_scrapers.UnrecognisedScraper, *, moment: Moment) -> Json:
    """A client that requests the metrics path in a rhythm and does not count as a scraper."""
    return {
        "address": scraper.address,
        "user_agent": scraper.user_agent,
        "interval": round(scraper.interval, 3),
        "last_seen": moment.to_wall(scraper.last_seen),
        "flag": scraper.flag,
    }


def deletion(recent: interface.RecentDeletion) -> Json:
    """A deletion."""
    claims = list(recent.record.claims.values())
    return {
        "at": recent.at,
        "labels": dict(recent.record.key),
        "reason": recent.record.reason.value,
        "owners": [_owner(claim) for claim in claims[:SHOWN_OWNERS]],
        "owner_count": len(claims),
    }


def _drain(
    key: grouping.GroupingKey, life: lifecycle.Life, conditions: drain_conditions.Conditions, moment: Moment
) -> Json | None:
    wait = conditions.wait(key, life)
    if wait is None or life.drain is None:
        return None
    return {
        "since": moment.to_wall(life.drain.since),
        "until": moment.to_wall(wait.until),
        "is_expired_ttl": life.drain.expired,
        "waits_for": wait.waits_for.value,
        "scrapers": [_reader(each) for each in wait.readers],
        "databases": [{"url": url, "error": error, "seconds": seconds} for url, error, seconds in wait.databases],
    }


def _reader(reader: scrapers.Reader) -> Json:
    scraper, number = reader
    return {"address": scraper.address, "user_agent": scraper.user_agent, "scraper": scraper.name, "reader": number}


def _owner(claim: owners.Claim) -> Json:
    owner = claim.owner
    return {"kind": owner.kind, "namespace": owner.namespace, "name": owner.name, "rule": claim.rule}
