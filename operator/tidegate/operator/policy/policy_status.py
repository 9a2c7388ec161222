"""The status of a policy: what it selects, what was done by it last, and whether it works; a pure function."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from tidegate.model import grouping
from tidegate.operator.policy import policies

Json: TypeAlias = Mapping[str, Any]

LONGEST_MESSAGE = 1000
"""Characters of a condition's message; the API server takes 32768."""
LONGEST_GROUP = 4096
"""Characters of a group's name in a status."""


class Condition(enum.StrEnum):
    """The types of a policy's conditions."""

    ACCEPTED = "Accepted"
    """The operator can read it. What it cannot read keeps all that it selects."""
    READY = "Ready"
    """It is accepted, and there is no object for which its templates cannot be filled."""


class Reason(enum.StrEnum):
    """Why a condition is as it is."""

    READ = "Read"
    UNREADABLE = "Unreadable"
    APPLIED = "Applied"
    UNFILLED = "TemplateUnfilled"


class Act(enum.StrEnum):
    """What can be done to a group."""

    RETIRED = "Retired"
    """It was over, and waits to be read."""
    DELETED = "Deleted"


class LastAction(NamedTuple):
    """What was done last to a group of an object that a policy is for; ``at`` is in Unix seconds."""

    act: Act
    at: float
    group: grouping.GroupingKey


class Tally(NamedTuple):
    """What there is of a policy.

    :param jobs: objects that it is for.
    :param groups: groups that belong to them.
    :param last_action: ``None`` where nothing was done since the operator began; what is in the status stays then.
    :param unfilled: for objects that its templates cannot be filled for, the problem in words.
    """

    jobs: int = 0
    groups: int = 0
    last_action: LastAction | None = None
    unfilled: Sequence[str] = ()


def changed(policy: policies.Policy, tally: Tally, *, now: float) -> dict[str, Any] | None:
    """What the policy's status must become, ``None`` where it is that already; fit to be merged into the old one.

    :param now: Unix seconds, for conditions that change.
    """
    made: dict[str, Any] = {
        "observedGeneration": policy.generation,
        "matchedJobs": tally.jobs,
        "matchedGroups": tally.groups,
        "conditions": _conditions(policy, tally, now=now),
    }
    if tally.last_action is not None:
        act, at, group = tally.last_action
        done = {"type": act.value, "time": _time(at), "group": grouping.describe(group)[:LONGEST_GROUP]}
        # Of several operators each knows its own: the newest stays.
        if _order(done) > _order(policy.status.get("lastAction") or {}):
            made["lastAction"] = done
    return None if made.items() <= policy.status.items() else made


def _conditions(policy: policies.Policy, tally: Tally, *, now: float) -> list[Json]:
    """Ours, and those that somebody else put there."""
    ours = [_accepted(policy), _ready(policy, tally)]
    before = {each.get("type"): each for each in policy.status.get("conditions") or ()}
    made = []
    for condition, is_true, reason, message in ours:
        known = before.pop(condition.value, {})
        status = "True" if is_true else "False"
        since = known.get("lastTransitionTime") if known.get("status") == status else None
        made.append(
            {
                "type": condition.value,
                "status": status,
                "observedGeneration": policy.generation,
                "lastTransitionTime": since or _time(now),
                "reason": reason.value,
                "message": message[:LONGEST_MESSAGE],
            }
        )
    return [*made, *before.values()]


_Said: TypeAlias = tuple[Condition, bool, Reason, str]


def _accepted(policy: policies.Policy) -> _Said:
    if policy.problems:
        message = "; ".join([*policy.problems, "everything that it selects is kept"])
        return Condition.ACCEPTED, False, Reason.UNREADABLE, message
    return Condition.ACCEPTED, True, Reason.READ, "The policy can be read."


def _ready(policy: policies.Policy, tally: Tally) -> _Said:
    if policy.problems:
        return Condition.READY, False, Reason.UNREADABLE, "The policy cannot be read: see the condition Accepted."
    if tally.unfilled:
        first, count = min(tally.unfilled), len(tally.unfilled)
        others = f"; and so for {count - 1} more" if count > 1 else ""
        return Condition.READY, False, Reason.UNFILLED, f"{first}{others}"
    return Condition.READY, True, Reason.APPLIED, "The policy holds for everything that it selects."


def _order(done: Json) -> tuple[str, bool]:
    """Later is more; and within a second, to delete comes after to retire."""
    return done.get("time", ""), done.get("type") == Act.DELETED


def _time(unix: float) -> str:
    return datetime.datetime.fromtimestamp(int(unix), tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
