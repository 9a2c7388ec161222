"""What the gateway says of groups beside their samples: why each is there, and who has yet to read those that drain."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple, TypeAlias

from tidegate.model import grouping, ownership_status, scrapers

Json: TypeAlias = dict[str, Any]

_OVER = "over"
"""The verdict on a group of which the operator's last sentence says what comes, as far as it knows."""


class Drain(NamedTuple):
    """That a group drains. Times are Unix seconds on the gateway's clock.

    :param until: when it goes at the latest; ``None`` where the operator's word is waited for.
    :param waits_for: ``scrapers``, ``deadline``, ``operator`` or ``nothing``.
    :param scrapers: those that have yet to read its last push.
    """

    since: float
    until: float | None
    waits_for: str
    scrapers: tuple[scrapers.Scraper, ...]

    @classmethod
    def from_json(cls, data: Json) -> Drain:
        return cls(
            since=float(data["since"]),
            until=None if data["until"] is None else float(data["until"]),
            waits_for=str(data["waits_for"]),
            scrapers=tuple(scrapers.Scraper(str(one["address"]), str(one["user_agent"])) for one in data["scrapers"]),
        )

    def to_json(self) -> Json:
        return {**self._asdict(), "scrapers": [one._asdict() for one in self.scrapers]}


class Outlook(NamedTuple):
    """A group as the gateway sees it.

    :param why: two sentences: how it stands with its owners, and what comes next.
    """

    key: grouping.GroupingKey
    state: str
    push_time: float
    drain: Drain | None
    why: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Json) -> Outlook:
        return cls(
            key=grouping.grouping_key({str(name): str(value) for name, value in data["labels"].items()}),
            state=str(data["state"]),
            push_time=float(data["push_time"]),
            drain=None if data["drain"] is None else Drain.from_json(data["drain"]),
            why=tuple(str(sentence) for sentence in data["why"]),
        )


def joined(standing: ownership_status.GroupStanding, outlook: Outlook | None) -> ownership_status.GroupStanding:
    """What the operator says of a group, with what the gateway knows better: whom a group that drains waits for."""
    if outlook is None or outlook.drain is None:
        return standing
    if standing.verdict == _OVER:
        return dataclasses.replace(standing, why=(*standing.why[:-1], *outlook.why[-1:]))
    return dataclasses.replace(standing, why=(*standing.why, *outlook.why))


def alone(outlook: Outlook) -> ownership_status.GroupStanding:
    """What the gateway says of a group, without the operator."""
    return ownership_status.GroupStanding(
        key=outlook.key, state=outlook.state, verdict="", rule="", push_time=outlook.push_time, why=outlook.why
    )
