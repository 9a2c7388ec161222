"""When an object is over, and its groups with it, by its own cleanup rules: pure functions of what is known of it.

Times are Unix seconds on the API server's clock.
"""

from __future__ import annotations

from tidegate.model import owners
from tidegate.operator.cache import owner_views
from tidegate.operator.objects import completion, owner_kinds
from tidegate.operator.policy import cleanup_rules

AT_ONCE = 0.0
"""Whoever says when something ended may have a clock that is ahead: what its end ends is over whatever clocks say."""


def ends_at(
    rules: cleanup_rules.CleanupRules, *, finish: completion.Finish | None, gone_at: float | None
) -> float | None:
    """When the groups of an object are over that stay beyond its end, :data:`AT_ONCE` where they do not; ``None`` while
    that depends on what is still to come.

    What has a ``series`` is over with its next run, whatever this says.
    """
    since = _ends_at(rules, finish=finish, gone_at=gone_at)
    if since is None or finish is None or finish.succeeded or not rules.keep_failed_for:
        return since
    return max(since, finish.at + rules.keep_failed_for)


def ended_at(*, finish: completion.Finish | None, gone_at: float | None) -> float | None:
    """When an object ended; ``None`` while it runs."""
    return finish.at if finish is not None else gone_at


def cronjob(view: owner_views.OwnerView) -> owners.Owner | None:
    """The CronJob of which this Job is a run, ``None`` where it is none's."""
    return view.parent if view.parent is not None and view.parent.kind == owner_kinds.CRONJOB.name else None


def series(view: owner_views.OwnerView) -> owners.Owner | None:
    """The CronJob whose next run is to end the groups of this one; ``None`` where its own end does.

    Of any other Job nobody can say who will follow it: only one of the same name takes over what there is.
    """
    return cronjob(view) if view.rules.cleanup is cleanup_rules.Cleanup.SUPERSEDED else None


def claim(view: owner_views.OwnerView, *, rule: str, gone_at: float | None, drain_timeout: float) -> owners.Claim:
    """What the gateway is to keep of this owner's rules, so that they hold when the owner can no longer be asked."""
    own, finish = view.rules, view.finish
    until = ends_at(own, finish=finish, gone_at=gone_at) if finish is not None else None
    return owners.Claim(
        owner=view.owner,
        drain_timeout=drain_timeout if own.drain_timeout is None else own.drain_timeout,
        rule=rule,
        kept_for=own.after if own.cleanup is cleanup_rules.Cleanup.AFTER else 0.0,
        kept_until=until if until is not None and finish is not None and until > finish.at else None,
        series=series(view),
    )


def claim_ends_at(claimed: owners.Claim, *, gone_at: float) -> float:
    """When the groups of an owner are over that is gone, by what its claim says."""
    if claimed.kept_until is not None:
        return claimed.kept_until
    return gone_at + claimed.kept_for if claimed.kept_for else AT_ONCE


def _ends_at(
    rules: cleanup_rules.CleanupRules, *, finish: completion.Finish | None, gone_at: float | None
) -> float | None:
    ended = ended_at(finish=finish, gone_at=gone_at)
    match rules.cleanup:
        case cleanup_rules.Cleanup.AFTER:
            return None if ended is None else ended + rules.after
        case cleanup_rules.Cleanup.ON_COMPLETION:
            is_over = ended is not None
        case cleanup_rules.Cleanup.ON_SUCCESS if finish is not None and finish.succeeded:
            is_over = True
        case _:
            is_over = gone_at is not None
    return AT_ONCE if is_over else None
