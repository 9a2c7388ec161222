"""The life of a group, as pure functions: ``live`` → ``draining`` → deleted.

These functions decide; the store applies. Revisions are the store's own count of changes (see
:mod:`tidegate.store.interface`), so "read since the last push" is a comparison of two integers and no clock can make
it wrong. Times are seconds on the store's monotonic clock, which only moves forward.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from tidegate.model import owners


class State(enum.Enum):
    """Where a group stands. A deleted group has no state: it is gone."""

    LIVE = "live"
    DRAINING = "draining"


class Reason(enum.Enum):
    """Why a group was deleted."""

    DRAINED = "drained"
    """Every active scraper has read its final values."""
    TIMEOUT = "timeout"
    """Its drain timeout was over first."""
    REQUEST = "request"
    """Somebody sent a DELETE, or wiped the store."""
    GRACE_PERIOD = "grace-period"
    """The operator deleted it from a stock Pushgateway: its grace period was over. Who had read it nobody knows."""
    VANISHED = "vanished"
    """It is gone from a stock Pushgateway, which does not say why."""


OWN_REASONS = (Reason.DRAINED, Reason.TIMEOUT, Reason.REQUEST)
"""Those that tidegate's own gateway has."""


class Rejection(enum.Enum):
    """Why the gateway did not do what the operator asked; the operator looks again and plans anew."""

    GONE = "gone"
    """There is no such group."""
    PUSHED = "pushed"
    """A push landed after the one that the operator knew of."""
    OWNED = "owned"
    """The group has an owner that the operator did not name as over."""
    UNCLAIMED = "unclaimed"
    """The group has no owner, so nobody's end can end it."""


NO_CLAIMS: Mapping[owners.Uid, owners.Claim] = types.MappingProxyType({})
"""The claims of a group without an owner."""


@dataclass(frozen=True, slots=True)
class Drain:
    """That a group was retired.

    :param pushed_revision: the last push that the operator knew of. A later push is not covered by its word.
    :param deadline: when the group goes, read or not.
    :param expired: whether its time to live ended it, and not the operator.
    """

    pushed_revision: int
    since: float
    deadline: float
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """What decides about a group's end, apart from its metrics.

    :param expires: when its time to live is over, as its last push set it; ``None`` for never.
    """

    pushed_revision: int
    claims: Mapping[owners.Uid, owners.Claim] = field(default_factory=lambda: NO_CLAIMS)
    drain: Drain | None = None
    expires: float | None = None

    @property
    def state(self) -> State:
        return State.LIVE if self.drain is None else State.DRAINING


def pushed(life: Life, *, revision: int, expires: float | None = None) -> Life:
    """A push landed: a draining group goes on draining, with one more scrape and one more word to wait for.

    One that drains since its time to live was over is live again: whoever pushes is alive.
    """
    drain = None if life.drain is not None and life.drain.expired else life.drain
    return Life(revision, life.claims, drain, expires)


def has_deadline(life: Life) -> bool:
    """Whether anything may end the group unless something happens to it."""
    return life.drain is not None or life.expires is not None


def ttl_deadline(life: Life) -> float | None:
    """When its time to live will retire a group; ``None`` where that will not happen.

    While it has owners they decide: a push rarer than its ttl ends no active Job's group, and a long ttl keeps none
    beyond its Job.
    """
    return None if life.claims or life.drain is not None else life.expires


def expired(life: Life, *, drain_timeout: float, now: float) -> Life:
    """The time to live may be over: then it drains as if all its owners were."""
    at = ttl_deadline(life)
    if at is None or now < at:
        return life
    drain = Drain(pushed_revision=life.pushed_revision, since=now, deadline=now + drain_timeout, expired=True)
    return replace(life, drain=drain)


def claimed(life: Life, claim: owners.Claim) -> Life:
    """The operator names an owner. A new owner takes a draining group back to live, as its only owner."""
    uid = claim.owner.uid
    if life.drain is not None and uid not in life.claims:
        return replace(life, claims={uid: claim}, drain=None)
    return replace(life, claims={**life.claims, uid: claim})


def released(life: Life, uid: owners.Uid) -> Life:
    """The operator takes a claim back. A group without any owner is nobody's to delete: it is live again."""
    if uid not in life.claims:
        return life
    claims = {known: claim for known, claim in life.claims.items() if known != uid}
    return replace(life, claims=claims, drain=life.drain if claims else None)


def retired(
    life: Life, *, over: Collection[owners.Uid], pushed_revision: int, drain_timeout: float, now: float
) -> Life | Rejection:
    """The operator says that all owners are over; compare-and-set on the owners and the push it knew of.

    Said again of a draining group it confirms a later push and moves nothing else: the deadline stays.
    """
    if not life.claims:
        return Rejection.UNCLAIMED
    if any(uid not in over for uid in life.claims):
        return Rejection.OWNED
    if life.pushed_revision != pushed_revision:
        return Rejection.PUSHED
    if life.drain is not None:
        return replace(life, drain=replace(life.drain, pushed_revision=pushed_revision))
    return replace(life, drain=Drain(pushed_revision=pushed_revision, since=now, deadline=now + drain_timeout))


def confirmed_drain(life: Life) -> Drain | None:
    """The drain of a group that may end without any further word: its last push is one that the retirement covers.

    A push that the operator has not yet spoken of may be a new owner's first, so the group is kept even past its
    deadline. The operator sees every push, so its word is a moment away; without an operator nothing that it retired is
    deleted.
    """
    return life.drain if life.drain is not None and life.drain.pushed_revision == life.pushed_revision else None


def drained_for(life: Life, *, now: float) -> float | None:
    """Seconds since the group began to drain; ``None`` where it does not."""
    return None if life.drain is None else max(0.0, now - life.drain.since)


def deletion_reason(life: Life, *, read_revision: int | None, now: float) -> Reason | None:
    """Whether this group may be deleted now, and why.

    :param read_revision: the revision up to which every active scraper has read, ``None`` when no scraper is active.
    """
    drain = confirmed_drain(life)
    if drain is None:
        return None
    if read_revision is not None and read_revision >= life.pushed_revision:
        return Reason.DRAINED
    return Reason.TIMEOUT if now >= drain.deadline else None
