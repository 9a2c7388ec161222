"""The status of a policy: what it selects, what was last done because of it, and whether it works. Pure."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from tidegate.model import grouping
from tidegate.operator.policy import policies

Json: TypeAlias = Mapping[str, Any]

MAX_MESSAGE_CHARACTERS = 1000
"""Characters of a condition's message; the limit of the API server is 32768."""
MAX_GROUP_CHARACTERS = 4096
"""Characters of a group's name in a status."""


class Condition(enum.StrEnum):
    """The types of a policy's conditions."""

    ACCEPTED = "Accepted"
    """The operator can parse it. The groups of all objects that an unaccepted policy selects are kept."""
    READY = "Ready"
    """It is accepted, and its templates can be expanded for all objects that it selects."""


class ConditionReason(enum.StrEnum):
    """The reasons of the conditions."""

    READ = "Read"
    UNREADABLE = "Unreadable"
    APPLIED = "Applied"
    UNFILLED = "TemplateUnfilled"


class ActionType(enum.StrEnum):
    """The types of the last action on a group."""

    RETIRED = "Retired"
    """It started draining."""
    DELETED = "Deleted"


class LastAction(NamedTuple):
    """The last action on a group of an object that a policy selects; ``at`` is in Unix seconds."""

    type: ActionType
    at: float
    group: grouping.GroupingKey


class PolicyCounts(NamedTuple):
    """The number of objects and groups of a policy, and its last action.

    :param jobs: the number of objects that it selects.
    :param groups: the number of groups that belong to them.
    :param last_action: ``None`` where there was none since the operator started; the status then keeps the one it has.
    :param template_errors: for objects for which its templates cannot be expanded, the problem as text.
    """

    jobs: int = 0
    groups: int = 0
    last_action: LastAction | None = None
    template_errors: Sequence[str] = ()


def status_patch(policy: policies.Policy, counts: PolicyCounts, *, now: float) -> dict[str, Any] | None:
    """The merge patch for a policy's status; ``None`` where the status is right already.

    :param now: Unix seconds, for conditions that change.
    """
    patch: dict[str, Any] = {
        "observedGeneration": policy.generation,
        "matchedJobs": counts.jobs,
        "matchedGroups": counts.groups,
        "conditions": _conditions(policy, counts, now=now),
    }
    if counts.last_action is not None:
        type, at, group = counts.last_action
        action = {"type": type.value, "time": _time(at), "group": grouping.describe(group)[:MAX_GROUP_CHARACTERS]}
        # Each of several operators knows only its own actions: keep the newest.
        if _order(action) > _order(policy.status.get("lastAction") or {}):
            patch["lastAction"] = action
    return None if patch.items() <= policy.status.items() else patch


def _conditions(policy: policies.Policy, counts: PolicyCounts, *, now: float) -> list[Json]:
    """The conditions of this module, and those that others have set."""
    others = {each.get("type"): each for each in policy.status.get("conditions") or ()}
    conditions = []
    for condition, is_true, reason, message in (_accepted(policy), _ready(policy, counts)):
        before = others.pop(condition.value, {})
        status = "True" if is_true else "False"
        since = before.get("lastTransitionTime") if before.get("status") == status else None
        conditions.append(
            {
                "type": condition.value,
                "status": status,
                "observedGeneration": policy.generation,
                "lastTransitionTime": since or _time(now),
                "reason": reason.value,
                "message": message[:MAX_MESSAGE_CHARACTERS],
            }
        )
    return [*conditions, *others.values()]


_State: TypeAlias = tuple[Condition, bool, ConditionReason, str]


def _accepted(policy: policies.Policy) -> _State:
    if policy.problems:
        message = "; ".join([*policy.problems, "the groups of all selected objects are kept until this is fixed"])
        return Condition.ACCEPTED, False, ConditionReason.UNREADABLE, message
    return Condition.ACCEPTED, True, ConditionReason.READ, "The policy is valid."


def _ready(policy: policies.Policy, counts: PolicyCounts) -> _State:
    if policy.problems:
        return Condition.READY, False, ConditionReason.UNREADABLE, "The policy is invalid; see the condition Accepted."
    if counts.template_errors:
        first, more = min(counts.template_errors), len(counts.template_errors) - 1
        others = f"; {more} more objects have such a problem" if more > 1 else "; 1 more object has such a problem"
        return Condition.READY, False, ConditionReason.UNFILLED, f"{first}{others if more else ''}"
    return Condition.READY, True, ConditionReason.APPLIED, "The policy applies to all selected objects."


def _order(action: Json) -> tuple[str, bool]:
    """The order of actions: by time; within a second, deletion comes after draining."""
    return action.get("time", ""), action.get("type") == ActionType.DELETED


def _time(unix: float) -> str:
    return datetime.datetime.fromtimestamp(int(unix), tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
