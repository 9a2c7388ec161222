"""What the operator's actions make of the life of a group. Pure."""

from __future__ import annotations

from tidegate.model import lives, records


def applied(action: records.Action, life: lives.Life, *, now: float) -> lives.Life | lives.Refusal:
    """The life after the action, or why the action cannot be done; ``now`` is monotonic time."""
    match action:
        case records.ClaimGroup():
            return lives.claimed(life, action.claim)
        case records.ReleaseGroup():
            return lives.released(life, action.uid)
        case records.RetireGroup():
            return lives.retired(
                life,
                over=action.over,
                pushed_revision=action.pushed_revision,
                drain_timeout=action.drain_timeout,
                now=now,
            )
