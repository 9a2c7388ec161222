"""What the operator's actions make of the life of a group. Pure."""

from __future__ import annotations

from tidegate.model import control_api, lifecycle


def applied(action: control_api.Action, life: lifecycle.Life, *, now: float) -> lifecycle.Life | lifecycle.Rejection:
    """The life after the action, or why the action cannot be done; ``now`` is monotonic time."""
    match action:
        case control_api.ClaimGroup():
            return lifecycle.claimed(life, action.claim)
        case control_api.ReleaseGroup():
            return lifecycle.released(life, action.uid)
        case control_api.RetireGroup():
            return lifecycle.retired(
                life,
                over=action.over,
                pushed_revision=action.pushed_revision,
                drain_timeout=action.drain_timeout,
                now=now,
            )
