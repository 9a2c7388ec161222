"""Why a group is kept or deleted, as far as the gateway knows. Pure."""

from __future__ import annotations

from tidegate.draining import drain_conditions
from tidegate.model import drain_waits, grouping, lifecycle, owners, reasons


def decide(
    key: grouping.GroupingKey, life: lifecycle.Life, conditions: drain_conditions.Conditions
) -> tuple[reasons.Reason, reasons.Reason]:
    """Two reasons: the state of the group's owners or of its TTL, and what happens next.

    :param conditions: what draining groups wait for.
    """
    now, wait = conditions.now, conditions.wait(key, life)
    if wait is None or life.drain is None:
        return _live(life, now=now)
    if life.drain.expired:
        state = reasons.reason(reasons.Code.UNOWNED_AND_TTL_EXPIRED)
    else:
        state = reasons.reason(reasons.Code.OWNERS_FINISHED, owners=_owners(life))
    return state, drain_waits.reason(wait, now=now)


def _live(life: lifecycle.Life, *, now: float) -> tuple[reasons.Reason, reasons.Reason]:
    if life.claims:
        return (
            reasons.reason(reasons.Code.OWNED, owners=_owners(life)),
            reasons.reason(reasons.Code.OWNED_UNTIL_FINISHED),
        )
    expiry = lifecycle.ttl_deadline(life)
    if expiry is not None:
        return reasons.reason(reasons.Code.UNOWNED), reasons.reason(reasons.Code.TTL_EXPIRES, seconds=expiry - now)
    return reasons.reason(reasons.Code.UNOWNED_WITHOUT_TTL), reasons.reason(reasons.Code.KEPT_UNTIL_DELETED)


def _owners(life: lifecycle.Life) -> tuple[owners.Owner, ...]:
    return tuple(claim.owner for claim in life.claims.values())
