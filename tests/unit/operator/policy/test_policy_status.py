"""The contents of the status of a policy, and when it is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.operator import object_builders, policy_builders
from tidegate.operator.policy import policies, policy_status

NOW = 1_767_312_000.0
AT = "2026-01-02T00:00:00Z"


def _changed(
    policy: policies.Policy, counts: policy_status.PolicyCounts | None = None, *, now: float = NOW
) -> dict[str, Any] | None:
    return policy_status.status_patch(policy, counts or policy_status.PolicyCounts(), now=now)


def _conditions(
    policy: policies.Policy, counts: policy_status.PolicyCounts | None = None
) -> dict[str, tuple[str, str, str]]:
    changed = _changed(policy, counts)
    assert changed is not None
    return {each["type"]: (each["status"], each["reason"], each["message"]) for each in changed["conditions"]}


def test_valid_policy_is_accepted_and_ready() -> None:
    assert _conditions(policy_builders.policy({"when": "Never"})) == {
        "Accepted": ("True", "Read", "The policy is valid."),
        "Ready": ("True", "Applied", "The policy applies to all selected objects."),
    }


def test_invalid_policy_is_neither_accepted_nor_ready() -> None:
    conditions = _conditions(policy_builders.policy({"when": "Never", "new": 1, "newer": 2}))
    assert conditions["Accepted"] == (
        "False",
        "Unreadable",
        "spec.new: unknown field; upgrade the operator or remove it; spec.newer: unknown field; upgrade the operator "
        "or "
        "remove it; the groups of all selected objects are kept until this is fixed",
    )
    assert conditions["Ready"] == ("False", "Unreadable", "The policy is invalid; see the condition Accepted.")


def test_policy_with_templates_that_do_not_fit_an_object_is_not_ready() -> None:
    counts = policy_status.PolicyCounts(jobs=3, template_errors=["Job prod/b: no label", "Job prod/a: no label"])
    conditions = _conditions(policy_builders.policy({"groups": ["job=a"]}), counts)
    assert conditions["Accepted"][0] == "True"
    assert conditions["Ready"] == (
        "False",
        "TemplateUnfilled",
        "Job prod/a: no label; 1 more object has such a problem",
    )


def test_status_has_counts_and_the_last_action() -> None:
    action = policy_status.LastAction(policy_status.ActionType.DELETED, NOW - 60, object_builders.key("job=b,x=1"))
    changed = _changed(
        policy_builders.policy({"when": "Never"}), policy_status.PolicyCounts(jobs=3, groups=2, last_action=action)
    )
    assert changed is not None
    assert {name: value for name, value in changed.items() if name != "conditions"} == {
        "observedGeneration": 1,
        "matchedJobs": 3,
        "matchedGroups": 2,
        "lastAction": {"type": "Deleted", "time": "2026-01-01T23:59:00Z", "group": '{job="b",x="1"}'},
    }


def test_unchanged_status_is_not_written_again() -> None:
    status = _changed(policy_builders.policy({"when": "Never"}), policy_status.PolicyCounts(jobs=3))
    policy = policy_builders.policy({"when": "Never"}, status=status)
    assert _changed(policy, policy_status.PolicyCounts(jobs=3), now=NOW + 60) is None


def test_last_action_is_kept_if_nothing_was_done_since() -> None:
    status = _changed(policy_builders.policy({"when": "Never"}))
    assert status is not None
    policy = policy_builders.policy({"when": "Never"}, status=status | {"lastAction": {"type": "Deleted"}})
    assert _changed(policy) is None


@pytest.mark.parametrize(
    ("act", "seconds", "is_written"),
    [
        (policy_status.ActionType.DELETED, 0, True),
        (policy_status.ActionType.RETIRED, 0, False),
        (policy_status.ActionType.RETIRED, 1, True),
        (policy_status.ActionType.DELETED, -1, False),
    ],
)
def test_latest_action_of_several_operators_is_kept(
    act: policy_status.ActionType, seconds: int, is_written: bool
) -> None:
    before = policy_status.LastAction(policy_status.ActionType.RETIRED, NOW - 60, object_builders.key("job=a"))
    status = _changed(policy_builders.policy({"when": "Never"}), policy_status.PolicyCounts(last_action=before))
    policy = policy_builders.policy({"when": "Never"}, status=status)
    after = policy_status.LastAction(act, NOW - 60 + seconds, object_builders.key("job=b"))
    assert (_changed(policy, policy_status.PolicyCounts(last_action=after)) is not None) is is_written


def test_transition_time_changes_only_with_the_condition() -> None:
    status = _changed(policy_builders.policy({"groups": ["job=a"]}), now=NOW - 3600)
    policy = policy_builders.policy({"groups": ["job=a"]}, status=status)
    changed = _changed(policy, policy_status.PolicyCounts(template_errors=["Job prod/a: no label"]))
    assert changed is not None
    times = {each["type"]: each["lastTransitionTime"] for each in changed["conditions"]}
    assert times == {"Accepted": "2026-01-01T23:00:00Z", "Ready": AT}


def test_conditions_of_other_controllers_are_kept() -> None:
    foreign = {"type": "Audited", "status": "True"}
    changed = _changed(policy_builders.policy({"when": "Never"}, status={"conditions": [foreign]}))
    assert changed is not None
    assert foreign in changed["conditions"]


def test_long_message_is_truncated() -> None:
    policy = policy_builders.policy({f"field{number}": 1 for number in range(100)})
    assert len(_conditions(policy)["Accepted"][2]) == policy_status.MAX_MESSAGE_CHARACTERS
