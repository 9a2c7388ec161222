"""The status of groups and their owners in the operator's API: as values and as JSON.

The operator and ``tidegate groups`` both use this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from tidegate.model import grouping, owners

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OwnerStatus:
    """An object that owns a group, or would own it if no earlier ownership rule led to another owner.

    :param rule: the ownership rule, as in ``--ownership``.
    :param active: whether it keeps the group.
    :param decides: whether it decides about the group; other owners count only if the deciding ones no longer own it.
    :param claims: whether the gateway has its claim.
    :param ends_at: Unix seconds until which it keeps the group, if that depends on time alone.
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
    def from_json(cls, data: Json) -> OwnerStatus:
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
class GroupStatus:
    """A group, and the reasons why it is or is not deleted. Times are Unix seconds on the API server's clock.

    :param state: ``live`` or ``draining``.
    :param verdict: the operator's verdict, as in the label of ``tidegate_operator_group_verdicts``.
    :param rule: the ownership rule that led to the deciding owners; empty if there are none.
    :param push_time: the time of the last successful push, 0.0 if there was none.
    :param pushers: the addresses of the last pushers, the last one first.
    :param unknown: uids of owners that may or may not exist.
    :param lookups: pending lookups at the API server.
    :param why: the reasons, as sentences.
    """

    key: grouping.GroupingKey
    state: str
    verdict: str
    rule: str
    push_time: float
    owners: tuple[OwnerStatus, ...] = ()
    pushers: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    outlived: tuple[str, ...] = ()
    """Uids of owners that had ended before another client pushed."""
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
    def from_json(cls, data: Json) -> GroupStatus:
        return cls(
            key=grouping.grouping_key({str(name): str(value) for name, value in data["labels"].items()}),
            state=str(data["state"]),
            verdict=str(data["verdict"]),
            rule=str(data["rule"]),
            push_time=float(data["push_time"]),
            owners=tuple(OwnerStatus.from_json(owner) for owner in data["owners"]),
            pushers=_texts(data["pushers"]),
            unknown=_texts(data["unknown"]),
            outlived=_texts(data["outlived"]),
            lookups=_texts(data["lookups"]),
            why=_texts(data["why"]),
        )


@dataclass(frozen=True, slots=True)
class GroupStatuses:
    """A response of the operator, with its groups in no order.

    :param now: the time of the response, in Unix seconds on the API server's clock.
    :param listed_ago: seconds since the start of the operator's last complete list of all objects.
    :param more: whether there are more groups than the limit of the request.
    """

    groups: tuple[GroupStatus, ...]
    now: float
    listed_ago: float
    more: bool

    @classmethod
    def from_json(cls, data: Json) -> GroupStatuses:
        return cls(
            groups=tuple(GroupStatus.from_json(group) for group in data["groups"]),
            now=float(data["now"]),
            listed_ago=float(data["listed_ago"]),
            more=bool(data["more"]),
        )


def _texts(data: list[Any]) -> tuple[str, ...]:
    return tuple(str(text) for text in data)
