"""The life of a group, as pure functions: ``live`` → ``draining`` → deleted.

These functions decide; the store applies their results. A revision is the number of a change of the store (see
:mod:`tidegate.store.interface`), so "read since the last push" is a comparison of two integers that does not depend on
a clock. Times are seconds on the store's monotonic clock, which only moves forward.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from tidegate.model import grouping, owners, proofs


class State(enum.Enum):
    """The state of a group. A deleted group has no state."""

    LIVE = "live"
    DRAINING = "draining"


class DeletionReason(enum.Enum):
    """Why a group was deleted."""

    DELIVERED = "delivered"
    """Every active reader has received its last values (:attr:`proofs.Grade.DELIVERED`)."""
    INGESTED = "ingested"
    """Every active reader has processed its last values (:attr:`proofs.Grade.INGESTED`)."""
    STORED = "stored"
    """Every configured database has its last values (:attr:`proofs.Grade.STORED`)."""
    TIMEOUT = "timeout"
    """Its drain timeout expired first."""
    REQUEST = "request"
    """A client deleted the group, or wiped the store."""
    GRACE_PERIOD = "grace-period"
    """The operator deleted it from a stock Pushgateway after its grace period. Whether it was scraped is unknown."""
    VANISHED = "vanished"
    """It is missing from a stock Pushgateway, which does not report a reason."""


PROVEN_REASONS = (DeletionReason.DELIVERED, DeletionReason.INGESTED, DeletionReason.STORED)
"""The reasons of a group that was deleted because its last values have arrived."""

OWN_REASONS = (*PROVEN_REASONS, DeletionReason.TIMEOUT, DeletionReason.REQUEST)
"""The reasons that tidegate's own gateway uses."""


class Rejection(enum.Enum):
    """Why the gateway rejected an action. The operator then reads the group again and makes a new plan."""

    GONE = "gone"
    """The group does not exist."""
    PUSHED = "pushed"
    """The group was pushed after the push that the operator knows."""
    OWNED = "owned"
    """The group has an owner that the action does not list as finished."""
    UNCLAIMED = "unclaimed"
    """The group has no owner that could have finished."""


NO_CLAIMS: Mapping[owners.Uid, owners.Claim] = types.MappingProxyType({})
"""The claims of a group without an owner."""


@dataclass(frozen=True, slots=True)
class Drain:
    """The drain of a group.

    :param pushed_revision: the push up to which the operator has confirmed the drain. A later push is not covered.
    :param since: when the drain started.
    :param deadline: when the group is deleted even if a scraper has not read it.
    :param expired: whether the TTL of the group started the drain, and not the operator.
    """

    pushed_revision: int
    since: float
    deadline: float
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """The part of the state of a group that decides when it is deleted.

    :param pushed_revision: the revision of its last push.
    :param expires: when its TTL expires, as its last push set it; ``None`` for never.
    """

    pushed_revision: int
    claims: Mapping[owners.Uid, owners.Claim] = field(default_factory=lambda: NO_CLAIMS)
    drain: Drain | None = None
    expires: float | None = None

    @property
    def state(self) -> State:
        """Live or draining."""
        return State.LIVE if self.drain is None else State.DRAINING


def pushed(life: Life, *, revision: int, expires: float | None = None) -> Life:
    """Return the life after a push. A draining group goes on draining.

    It then waits for a scrape of that push, and for the operator to confirm the drain. A group that drains because its
    TTL expired is live again.
    """
    drain = None if life.drain is not None and life.drain.expired else life.drain
    return Life(revision, life.claims, drain, expires)


def has_deadline(life: Life) -> bool:
    """Return whether the group may be deleted without any further request."""
    return life.drain is not None or life.expires is not None


def ttl_deadline(life: Life) -> float | None:
    """Return when the TTL of a group will expire; ``None`` for never.

    A group with owners does not expire: an active Job may push less often than its TTL, and a long TTL does not keep
    the group of a finished Job.
    """
    return None if life.claims or life.drain is not None else life.expires


def expired(life: Life, *, drain_timeout: float, now: float) -> Life:
    """Return the life with a drain if the TTL has expired; otherwise the same life."""
    at = ttl_deadline(life)
    if at is None or now < at:
        return life
    drain = Drain(pushed_revision=life.pushed_revision, since=now, deadline=now + drain_timeout, expired=True)
    return replace(life, drain=drain)


def claimed(life: Life, claim: owners.Claim) -> Life:
    """Return the life with a claim. A new owner of a draining group makes it live again, as its only owner."""
    uid = claim.owner.uid
    if life.drain is not None and uid not in life.claims:
        return replace(life, claims={uid: claim}, drain=None)
    return replace(life, claims={**life.claims, uid: claim})


def released(life: Life, uid: owners.Uid) -> Life:
    """Return the life without the claim of an owner. A group without any owner is live."""
    if uid not in life.claims:
        return life
    claims = {other: claim for other, claim in life.claims.items() if other != uid}
    return replace(life, claims=claims, drain=life.drain if claims else None)


def drain_started(
    life: Life, *, finished: Collection[owners.Uid], pushed_revision: int, drain_timeout: float, now: float
) -> Life | Rejection:
    """Return the life with a drain: all owners have finished. Compare-and-set on the owners and the last push.

    For a draining group this confirms a later push; the deadline does not move.

    :param finished: the finished owners.
    :param pushed_revision: the last push that the operator knows.
    """
    if not life.claims:
        return Rejection.UNCLAIMED
    if any(uid not in finished for uid in life.claims):
        return Rejection.OWNED
    if life.pushed_revision != pushed_revision:
        return Rejection.PUSHED
    if life.drain is not None:
        return replace(life, drain=replace(life.drain, pushed_revision=pushed_revision))
    return replace(life, drain=Drain(pushed_revision=pushed_revision, since=now, deadline=now + drain_timeout))


def confirmed_drain(life: Life) -> Drain | None:
    """Return the drain of a group if the operator has confirmed it for the last push; otherwise ``None``.

    A push that the operator has not confirmed may be the first one of a new owner, so the group is kept even past its
    deadline. The operator sees every push and confirms it soon. While no operator runs, no such group is deleted.
    """
    return life.drain if life.drain is not None and life.drain.pushed_revision == life.pushed_revision else None


def drained_for(life: Life, *, now: float) -> float | None:
    """Return the seconds since the drain started; ``None`` if the group does not drain."""
    return None if life.drain is None else max(0.0, now - life.drain.since)


def deletion_reason(key: grouping.GroupingKey, life: Life, *, proof: proofs.Proof, now: float) -> DeletionReason | None:
    """Return why the group may be deleted now; ``None`` if it may not."""
    drain = confirmed_drain(life)
    if drain is None:
        return None
    if proof.covers(key, life.pushed_revision):
        return DeletionReason(proof.grade.value)
    return DeletionReason.TIMEOUT if now >= drain.deadline else None
