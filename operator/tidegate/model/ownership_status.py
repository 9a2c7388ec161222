"""Where groups stand with their owners, as the operator tells people: as values and as JSON.

Both sides use this module: the operator that answers, and ``tidegate groups`` that asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from tidegate.model import grouping, owners

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OwnerStanding:
    """An object that a group belongs to, or would if no earlier rule had an answer.

    :param rule: by which it does, as ``--ownership`` has it.
    :param active: whether the group is to stay for its sake.
    :param decides: whether it is among those that decide; another one is looked at only when these are gone.
    :param claims: whether the gateway knows of it.
    :param ends_at: Unix seconds until which the group stays for it, where that is a matter of time alone.
    """

    owner: owners.Owner
    rule: str
    active: bool
    decides: bool
    claims: bool
    ends_at: float | None = None

    def to_json(self) -> Json:
        return {
            **self.owner._asdict(),
            "rule": self.rule,
            "active": self.active,
            "decides": self.decides,
            "claims": self.claims,
            "ends_at": self.ends_at,
        }

    @classmethod
    def from_json(cls, data: Json) -> OwnerStanding:
        kind, namespace, name, uid = (str(data[part]) for part in owners.Owner._fields)
        return cls(
            owner=owners.Owner(kind, namespace, name, owners.Uid(uid)),
            rule=str(data["rule"]),
            active=bool(data["active"]),
            decides=bool(data["decides"]),
            claims=bool(data["claims"]),
            ends_at=None if data["ends_at"] is None else float(data["ends_at"]),
        )


@dataclass(frozen=True, slots=True)
class GroupStanding:
    """A group, and why it is or is not deleted. Times are Unix seconds on the API server's clock.

    :param state: ``live`` or ``draining``.
    :param verdict: a word for where it stands with its owners; those of ``tidegate_operator_group_verdicts``.
    :param rule: the rule that led to the owners that decide; empty where there are none.
    :param push_time: of the last push that succeeded, 0.0 where none did.
    :param pushers: the last addresses that it was pushed from, last first.
    :param unknown: uids of owners of which nobody can tell whether they are still there.
    :param outlived: uids of owners that had ended before somebody else pushed.
    :param lookups: what the API server is being asked about it.
    :param why: one or two sentences.
    """

    key: grouping.GroupingKey
    state: str
    verdict: str
    rule: str
    push_time: float
    owners: tuple[OwnerStanding, ...] = ()
    pushers: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    outlived: tuple[str, ...] = ()
    lookups: tuple[str, ...] = ()
    why: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return {
            "labels": dict(self.key),
            "state": self.state,
            "verdict": self.verdict,
            "rule": self.rule,
            "push_time": self.push_time,
            "owners": [owner.to_json() for owner in self.owners],
            "pushers": list(self.pushers),
            "unknown": list(self.unknown),
            "outlived": list(self.outlived),
            "lookups": list(self.lookups),
            "why": list(self.why),
        }

    @classmethod
    def from_json(cls, data: Json) -> GroupStanding:
        return cls(
            key=grouping.grouping_key({str(name): str(value) for name, value in data["labels"].items()}),
            state=str(data["state"]),
            verdict=str(data["verdict"]),
            rule=str(data["rule"]),
            push_time=float(data["push_time"]),
            owners=tuple(OwnerStanding.from_json(owner) for owner in data["owners"]),
            pushers=_texts(data["pushers"]),
            unknown=_texts(data["unknown"]),
            outlived=_texts(data["outlived"]),
            lookups=_texts(data["lookups"]),
            why=_texts(data["why"]),
        )


@dataclass(frozen=True, slots=True)
class Standings:
    """What the operator answers: the groups in no order.

    :param now: Unix seconds on the API server's clock, when it was asked.
    :param listed_ago: seconds since its last complete list of all objects began.
    :param more: whether there are further groups than were asked for.
    """

    groups: tuple[GroupStanding, ...]
    now: float
    listed_ago: float
    more: bool

    @classmethod
    def from_json(cls, data: Json) -> Standings:
        return cls(
            groups=tuple(GroupStanding.from_json(group) for group in data["groups"]),
            now=float(data["now"]),
            listed_ago=float(data["listed_ago"]),
            more=bool(data["more"]),
        )


def _texts(data: list[Any]) -> tuple[str, ...]:
    return tuple(str(text) for text in data)
