"""When the groups of an object are due for cleanup, by the object's cleanup rules. Pure functions.

Times are Unix seconds on the API server's clock.
"""

from __future__ import annotations

from tidegate.model import owners
from tidegate.operator.cache import owner_views
from tidegate.operator.objects import completion, owner_kinds
from tidegate.operator.policy import cleanup_rules

IMMEDIATELY = 0.0
"""Due at the end of the object, even if the clock that its end was read from is ahead."""


def due_at(
    rules: cleanup_rules.CleanupRules, *, finish: completion.Finish | None, deleted_at: float | None
) -> float | None:
    """When the groups of an object are due.

    :data:`IMMEDIATELY` if its end makes them due; ``None`` while that depends on its end. The groups of a
    run with a ``series`` are due with the next run, whatever this returns.
    """
    due = _due_at(rules, finish=finish, deleted_at=deleted_at)
    if due is None or finish is None or finish.succeeded or not rules.keep_failed_for:
        return due
    return max(due, finish.at + rules.keep_failed_for)


def ended_at(*, finish: completion.Finish | None, deleted_at: float | None) -> float | None:
    """When an object finished or was deleted; ``None`` while it runs."""
    return finish.at if finish is not None else deleted_at


def cronjob(view: owner_views.OwnerView) -> owners.Owner | None:
    """The CronJob that controls this Job; ``None`` if none does."""
    return view.parent if view.parent is not None and view.parent.kind == owner_kinds.CRONJOB.name else None


def series(view: owner_views.OwnerView) -> owners.Owner | None:
    """The CronJob whose next run makes the groups of this Job due; ``None`` if its own end does.

    The next run of any other Job is unknown: only an object with the same name takes over its groups.
    """
    return cronjob(view) if view.rules.cleanup is cleanup_rules.Cleanup.SUPERSEDED else None


def build_claim(
    view: owner_views.OwnerView, *, rule: str, deleted_at: float | None, drain_timeout: float
) -> owners.Claim:
    """The claim of an owner, with the rules that must be known after the owner is deleted.

    :param rule: the ownership rule that led to it.
    :param drain_timeout: the default, in seconds.
    """
    rules, finish = view.rules, view.finish
    due = due_at(rules, finish=finish, deleted_at=deleted_at) if finish is not None else None
    return owners.Claim(
        owner=view.owner,
        drain_timeout=drain_timeout if rules.drain_timeout is None else rules.drain_timeout,
        rule=rule,
        kept_for=rules.after if rules.cleanup is cleanup_rules.Cleanup.AFTER else 0.0,
        kept_until=due if due is not None and finish is not None and due > finish.at else None,
        series=series(view),
    )


def claim_due_at(claim: owners.Claim, *, deleted_at: float) -> float:
    """When the groups of a deleted owner are due, by its claim."""
    if claim.kept_until is not None:
        return claim.kept_until
    return deleted_at + claim.kept_for if claim.kept_for else IMMEDIATELY


def _due_at(
    rules: cleanup_rules.CleanupRules, *, finish: completion.Finish | None, deleted_at: float | None
) -> float | None:
    ended = ended_at(finish=finish, deleted_at=deleted_at)
    match rules.cleanup:
        case cleanup_rules.Cleanup.AFTER:
            return None if ended is None else ended + rules.after
        case cleanup_rules.Cleanup.ON_COMPLETION:
            is_due = ended is not None
        case cleanup_rules.Cleanup.ON_SUCCESS if finish is not None and finish.succeeded:
            is_due = True
        case _:
            is_due = deleted_at is not None
    return IMMEDIATELY if is_due else None
