"""What the gateway and the operator tell each other over the control API, as values and as JSON.

Both sides use this module, so there is one place where the words on the wire are spelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tidegate.model import grouping, lifecycle, owners, pushers

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A group as the operator sees it.

    :param revision: the store's revision at the group's last change of any kind.
    :param pushed_revision: its revision at its last acknowledged push; where none was, at its first refused one.
    :param push_time: Unix seconds of the last acknowledged push; 0.0 where no push succeeded yet.
    :param drain_pushed_revision: while draining, the push that the retirement covers.
    :param sources: from where the group was pushed, the last push first: by the last addresses, and by those that
        pushed something that the group still has. Pushes that came from no address are not among them.
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
        """The addresses of all sources, each once."""
        return tuple(dict.fromkeys(source.address for source in self.sources))

    @property
    def last_pusher(self) -> str | None:
        """The address that made the last push; ``None`` where it came from none, or none succeeded."""
        last = self.sources[0] if self.sources else None
        return None if last is None or last.at != self.push_time else last.address

    @property
    def draining(self) -> bool:
        return self.drain_pushed_revision is not None

    def to_json(self) -> Json:
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
    """A group that is gone, with the owners it had.

    :param drained_for: seconds for which it drained; ``None`` where it did not, or who tells of it does not know.
    """

    key: grouping.GroupingKey
    revision: int
    reason: lifecycle.Reason
    claims: Mapping[owners.Uid, owners.Claim]
    drained_for: float | None = None

    def to_json(self) -> Json:
        return {
            "labels": dict(self.key),
            "revision": self.revision,
            "reason": self.reason.value,
            "claims": claims_to_json(self.claims),
            "drained_for": self.drained_for,
        }

    @classmethod
    def from_json(cls, data: Json) -> DeletedRecord:
        return cls(
            key=grouping.grouping_key(data["labels"]),
            revision=data["revision"],
            reason=lifecycle.Reason(data["reason"]),
            claims=claims_from_json(data["claims"]),
            drained_for=data.get("drained_for"),
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of what changed after a revision, oldest first; each group stands in it once, as it is now.

    :param epoch: names one unbroken history of the store. In another epoch old revisions mean nothing.
    :param revision: ask for the changes since this one next.
    :param more: whether another page is ready at once.
    :param began: the revision at which the list of all groups began that this page is part of; hand it back with
        ``revision``. Whoever lists has been told of no group that was deleted before that, so need not be told of its
        end, nor start again because it is forgotten.
    :param now: Unix seconds of the gateway, by the clock that times of pushes are from, when it made this page; 0.0
        where it does not tell.
    """

    epoch: str
    revision: int
    more: bool
    began: int = 0
    groups: tuple[GroupRecord, ...] = ()
    deleted: tuple[DeletedRecord, ...] = ()
    now: float = 0.0

    def to_json(self) -> Json:
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
    """Say that a group has this owner."""

    key: grouping.GroupingKey
    claim: owners.Claim

    def to_json(self) -> Json:
        return {"do": "claim", "labels": dict(self.key), **_claim_to_json(self.claim)}


@dataclass(frozen=True, slots=True)
class ReleaseGroup:
    """Say that a group does not have this owner after all, or no more."""

    key: grouping.GroupingKey
    uid: owners.Uid

    def to_json(self) -> Json:
        return {"do": "release", "labels": dict(self.key), "uid": self.uid}


@dataclass(frozen=True, slots=True)
class RetireGroup:
    """Say that all owners of a group are over: ``over`` are they, ``pushed_revision`` is the last push they made.

    ``drain_timeout`` is in seconds.
    """

    key: grouping.GroupingKey
    over: tuple[owners.Uid, ...]
    pushed_revision: int
    drain_timeout: float

    def to_json(self) -> Json:
        return {
            "do": "retire",
            "labels": dict(self.key),
            "over": list(self.over),
            "pushed_revision": self.pushed_revision,
            "drain_timeout": self.drain_timeout,
        }


Action: TypeAlias = ClaimGroup | ReleaseGroup | RetireGroup


def action_from_json(data: Json) -> Action:
    """The action that this JSON spells; ``KeyError``, ``TypeError`` or ``ValueError`` where it spells none."""
    key = grouping.grouping_key(data["labels"])
    match data["do"]:
        case "claim":
            return ClaimGroup(key=key, claim=_claim_from_json(data))
        case "release":
            return ReleaseGroup(key=key, uid=owners.Uid(data["uid"]))
        case "retire":
            return RetireGroup(
                key=key,
                over=tuple(owners.Uid(uid) for uid in data["over"]),
                pushed_revision=int(data["pushed_revision"]),
                drain_timeout=float(data["drain_timeout"]),
            )
        case other:
            raise ValueError(f"unknown action {other!r}")


def claims_to_json(claims: Mapping[owners.Uid, owners.Claim]) -> list[Json]:
    """Claims as JSON."""
    return [_claim_to_json(claim) for claim in claims.values()]


def claims_from_json(data: list[Json]) -> dict[owners.Uid, owners.Claim]:
    """The inverse of :func:`claims_to_json`."""
    claims = [_claim_from_json(item) for item in data]
    return {claim.owner.uid: claim for claim in claims}


def _claim_to_json(claim: owners.Claim) -> Json:
    said = claim._asdict() | {"owner": claim.owner._asdict()}
    if claim.series is not None:
        said["series"] = claim.series._asdict()
    return {name: value for name, value in said.items() if value != _UNSAID.get(name)}


def _claim_from_json(data: Json) -> owners.Claim:
    series, kept_until = data.get("series"), data.get("kept_until")
    return owners.Claim(
        owner=_owner_from_json(data["owner"]),
        drain_timeout=float(data["drain_timeout"]),
        rule=str(data.get("rule", _UNSAID["rule"])),
        kept_for=float(data.get("kept_for", 0.0)),
        kept_until=None if kept_until is None else float(kept_until),
        series=None if series is None else _owner_from_json(series),
    )


def _owner_from_json(data: Json) -> owners.Owner:
    kind, namespace, name, uid = (str(data[part]) for part in owners.Owner._fields)
    return owners.Owner(kind, namespace, name, owners.Uid(uid))


_UNSAID = owners.Claim._field_defaults
"""What a claim is that does not say it, so that most need not; and one that was kept before it could."""
