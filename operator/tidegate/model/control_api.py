"""The messages of the control API between the operator and the gateway, as values and as JSON.

Both sides use this module, so the field names on the wire are defined once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tidegate.model import grouping, lifecycle, owners, pushers

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A group as the operator sees it.

    :param revision: revision of the store at the last change of the group.
    :param pushed_revision: revision at the last acknowledged push; if there is none, at the first rejected one.
    :param push_time: Unix seconds of the last acknowledged push; 0.0 if no push has succeeded.
    :param drain_pushed_revision: while the group drains, the push up to which the operator has confirmed the drain.
    :param sources: the addresses that pushed the group, latest push first: the last addresses, and the addresses of
        families that the group still has. Pushes without an address are left out.
    """

    key: grouping.GroupingKey
    revision: int
    pushed_revision: int
    push_time: float
    claims: Mapping[owners.Uid, owners.Claim]
    drain_pushed_revision: int | None = None
    sources: tuple[pushers.Source, ...] = ()

    @property
    def pushers(self) -> tuple[str, ...]:
        """The addresses of all sources, without duplicates."""
        return tuple(dict.fromkeys(source.address for source in self.sources))

    @property
    def last_pusher(self) -> str | None:
        """The address of the last push; ``None`` if it had no address, or if no push has succeeded."""
        last = self.sources[0] if self.sources else None
        return None if last is None or last.at != self.push_time else last.address

    @property
    def draining(self) -> bool:
        """Whether the group drains."""
        return self.drain_pushed_revision is not None

    def to_json(self) -> Json:
        """Encode the value."""
        return {
            "labels": dict(self.key),
            "revision": self.revision,
            "pushed_revision": self.pushed_revision,
            "push_time": self.push_time,
            "claims": claims_to_json(self.claims),
            "drain_pushed_revision": self.drain_pushed_revision,
            "sources": [list(source) for source in self.sources],
        }

    @classmethod
    def from_json(cls, data: Json) -> GroupRecord:
        """Decode :meth:`to_json`."""
        return cls(
            key=grouping.grouping_key(data["labels"]),
            revision=data["revision"],
            pushed_revision=data["pushed_revision"],
            push_time=data["push_time"],
            claims=claims_from_json(data["claims"]),
            drain_pushed_revision=data["drain_pushed_revision"],
            sources=tuple([pushers.Source(str(address), float(at)) for address, at in data.get("sources", ())]),
        )


@dataclass(frozen=True, slots=True)
class DeletedRecord:
    """A deleted group, with its last owners.

    :param drained_for: seconds that it drained; ``None`` if it did not, or if that is unknown.
    """

    key: grouping.GroupingKey
    revision: int
    reason: lifecycle.DeletionReason
    claims: Mapping[owners.Uid, owners.Claim]
    drained_for: float | None = None

    def to_json(self) -> Json:
        """Encode the value."""
        return {
            "labels": dict(self.key),
            "revision": self.revision,
            "reason": self.reason.value,
            "claims": claims_to_json(self.claims),
            "drained_for": self.drained_for,
        }

    @classmethod
    def from_json(cls, data: Json) -> DeletedRecord:
        """Decode :meth:`to_json`."""
        return cls(
            key=grouping.grouping_key(data["labels"]),
            revision=data["revision"],
            reason=lifecycle.DeletionReason(data["reason"]),
            claims=claims_from_json(data["claims"]),
            drained_for=data.get("drained_for"),
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of the changes after a revision, oldest first. Each group is in it once, in its current state.

    :param epoch: id of one unbroken history of the store. Revisions of different epochs cannot be compared.
    :param revision: request the changes since this revision next.
    :param more: whether another page is available at once.
    :param began: the revision at which the list of all groups started that this page belongs to; send it back with
        ``revision``. The client has not seen groups that were deleted before that revision, so the list leaves them
        out, and need not start again when they are no longer remembered.
    :param now: Unix seconds of the gateway when it made this page, by the same clock as push times; 0.0 if the gateway
        does not send it.
    """

    epoch: str
    revision: int
    more: bool
    began: int = 0
    groups: tuple[GroupRecord, ...] = ()
    deleted: tuple[DeletedRecord, ...] = ()
    now: float = 0.0

    def to_json(self) -> Json:
        """Encode the value."""
        return {
            "epoch": self.epoch,
            "revision": self.revision,
            "more": self.more,
            "began": self.began,
            "groups": [group.to_json() for group in self.groups],
            "deleted": [group.to_json() for group in self.deleted],
            "now": self.now,
        }

    @classmethod
    def from_json(cls, data: Json) -> Changes:
        """Decode :meth:`to_json`."""
        return cls(
            epoch=data["epoch"],
            revision=data["revision"],
            more=data["more"],
            began=data["began"],
            groups=tuple(GroupRecord.from_json(group) for group in data["groups"]),
            deleted=tuple(DeletedRecord.from_json(group) for group in data["deleted"]),
            now=float(data.get("now", 0.0)),
        )


@dataclass(frozen=True, slots=True)
class ClaimGroup:
    """Claim a group: it has this owner."""

    key: grouping.GroupingKey
    claim: owners.Claim

    def to_json(self) -> Json:
        """Encode the value."""
        return {"do": "claim", "labels": dict(self.key), **_claim_to_json(self.claim)}


@dataclass(frozen=True, slots=True)
class ReleaseGroup:
    """Release a group: it does not have this owner, or no longer."""

    key: grouping.GroupingKey
    uid: owners.Uid

    def to_json(self) -> Json:
        """Encode the value."""
        return {"do": "release", "labels": dict(self.key), "uid": self.uid}


@dataclass(frozen=True, slots=True)
class StartDrain:
    """Start to drain a group: all its owners have finished.

    :param finished: these owners.
    :param pushed_revision: the last push that the operator knows.
    :param drain_timeout: seconds.
    """

    key: grouping.GroupingKey
    finished: tuple[owners.Uid, ...]
    pushed_revision: int
    drain_timeout: float

    def to_json(self) -> Json:
        """Encode the value."""
        return {
            "do": "retire",
            "labels": dict(self.key),
            "over": list(self.finished),
            "pushed_revision": self.pushed_revision,
            "drain_timeout": self.drain_timeout,
        }


Action: TypeAlias = ClaimGroup | ReleaseGroup | StartDrain


def action_from_json(data: Json) -> Action:
    """Decode an action.

    :raises ValueError: the JSON is not an action; also :class:`KeyError` or :class:`TypeError`.
    """
    key = grouping.grouping_key(data["labels"])
    match data["do"]:
        case "claim":
            claim = _claim_from_json(data)
            _require_finite(claim.drain_timeout, claim.kept_for, claim.kept_until)
            return ClaimGroup(key=key, claim=claim)
        case "release":
            return ReleaseGroup(key=key, uid=owners.Uid(data["uid"]))
        case "retire":
            drain_timeout = float(data["drain_timeout"])
            _require_finite(drain_timeout)
            return StartDrain(
                key=key,
                finished=tuple(owners.Uid(uid) for uid in data["over"]),
                pushed_revision=int(data["pushed_revision"]),
                drain_timeout=drain_timeout,
            )
        case other:
            raise ValueError(f"unknown action {other!r}")


def _require_finite(*seconds: float | None) -> None:
    """Raise :class:`ValueError` for infinity and NaN, which Python's JSON decoder accepts and no response can show."""
    for number in seconds:
        if number is not None and not math.isfinite(number):
            raise ValueError(f"{number} is not a number of seconds")


def claims_to_json(claims: Mapping[owners.Uid, owners.Claim]) -> list[Json]:
    """Encode claims."""
    return [_claim_to_json(claim) for claim in claims.values()]


def claims_from_json(data: list[Json]) -> dict[owners.Uid, owners.Claim]:
    """Decode :func:`claims_to_json`."""
    claims = [_claim_from_json(item) for item in data]
    return {claim.owner.uid: claim for claim in claims}


def _claim_to_json(claim: owners.Claim) -> Json:
    fields = claim._asdict() | {"owner": claim.owner._asdict()}
    if claim.series is not None:
        fields["series"] = claim.series._asdict()
    return {name: value for name, value in fields.items() if value != _DEFAULTS.get(name)}


def _claim_from_json(data: Json) -> owners.Claim:
    series, kept_until = data.get("series"), data.get("kept_until")
    return owners.Claim(
        owner=_owner_from_json(data["owner"]),
        drain_timeout=float(data["drain_timeout"]),
        rule=str(data.get("rule", _DEFAULTS["rule"])),
        kept_for=float(data.get("kept_for", 0.0)),
        kept_until=None if kept_until is None else float(kept_until),
        series=None if series is None else _owner_from_json(series),
    )


def _owner_from_json(data: Json) -> owners.Owner:
    kind, namespace, name, uid = (str(data[part]) for part in owners.Owner._fields)
    return owners.Owner(kind, namespace, name, owners.Uid(uid))


_DEFAULTS = owners.Claim._field_defaults
"""Fields with these values are left out. Claims that were stored before a field existed have its default."""
