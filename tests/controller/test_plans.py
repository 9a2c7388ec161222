"""What is said to the gateway about a group as its owners live and end."""

from __future__ import annotations

import pytest

from tests.controller import builders
from tests.controller.builders import cronjob, group, job, picture, planned
from tidegate.controller import pictures, plans, views
from tidegate.model import owners, records

RETIRE = 'retire {job="x"} of prod-x-uid'
CLAIM = 'claim {job="x"} for Job prod/x'
RELEASE = 'release {job="x"} of prod-x-uid'


def _with(policy: str, *, finished: float | None = None, succeeded: bool = True) -> views.OwnerView:
    return job("x", finished=finished, succeeded=succeeded, annotations={"tidegate.dev/cleanup": policy})


@pytest.mark.parametrize(
    ("policy", "running", "complete", "failed", "gone"),
    [
        pytest.param("on-completion", [], [RETIRE], [RETIRE], [RETIRE]),
        pytest.param("on-success", [], [RETIRE], [], [RETIRE]),
        pytest.param("on-deletion", [], [], [], [RETIRE]),
        pytest.param("never", [RELEASE], [RELEASE], [RELEASE], [RELEASE]),
    ],
)
def test_a_claimed_group_is_retired_when_its_policy_says_so(
    policy: str, running: list[str], complete: list[str], failed: list[str], gone: list[str]
) -> None:
    held = [group("job=x", claims=[job("x")])]
    assert planned(picture(_with(policy), holds=held)) == running
    assert planned(picture(_with(policy, finished=15), holds=held)) == complete
    assert planned(picture(_with(policy, finished=15, succeeded=False), holds=held)) == failed
    assert planned(picture(gone=[_with(policy)], holds=held)) == gone


def test_a_claimed_owner_that_went_while_nobody_looked_is_over() -> None:
    assert planned(picture(holds=[group("job=x", claims=[job("x")])])) == [RETIRE]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(picture(holds=[group("job=x", claims=[job("x")])], listed=False), id="no-list-yet"),
        pytest.param(picture(holds=[group("job=x", claims=[job("x")])], namespaces=["dev"]), id="namespace-not-listed"),
        pytest.param(
            picture(
                holds=[group("job=x", claims=[owners.Claim(owners.Owner("Run", "prod", "x", owners.Uid("r")), 1)])]
            ),
            id="kind-not-listed",
        ),
        pytest.param(
            picture(
                gone=[job("x")],
                holds=[group("job=x", claims=[job("x"), job("y", namespace="dev")])],
                namespaces=["prod"],
            ),
            id="one-of-two",
        ),
    ],
)
def test_nothing_is_done_while_nobody_can_tell_whether_an_owner_is_there(made: pictures.Picture) -> None:
    assert planned(made) == []


def test_a_group_that_nobody_owns_is_left_alone() -> None:
    assert planned(picture(job("y"), cronjob("z"), holds=[group("job=x")])) == []


def test_a_push_after_the_owners_grace_was_somebody_elses() -> None:
    held = [group("job=x", pushed=100, claims=[job("x")])]
    assert planned(picture(job("x", finished=15), holds=held)) == [RELEASE]
    assert planned(picture(gone=[job("x")], gone_at=15, holds=held)) == [RELEASE]


def test_a_late_push_to_a_draining_group_is_confirmed() -> None:
    held = [group("job=x", pushed=30, claims=[job("x")], revision=8, drained=7)]
    assert planned(picture(job("x", finished=15), holds=held)) == [RETIRE]


def test_a_draining_group_needs_no_second_word() -> None:
    assert planned(picture(job("x", finished=15), holds=[group("job=x", claims=[job("x")], drained=7)])) == []


def test_a_push_by_somebody_else_takes_a_draining_group_back_to_live() -> None:
    held = [group("job=x", pushed=100, claims=[job("x")], revision=8, drained=7)]
    assert planned(picture(job("x", finished=15), holds=held)) == [RELEASE]


@pytest.mark.parametrize("pushed", [10, 40], ids=["before-its-first-push", "after-it"])
@pytest.mark.parametrize("drained", [None, 7], ids=["live", "draining"])
def test_the_next_job_of_the_same_name_takes_over(pushed: float, drained: int | None) -> None:
    before, now = job("x", uid="u1"), job("x", uid="u2", created=35)
    held = [group("job=x", pushed=pushed, claims=[before], drained=drained)]
    actions = planned(picture(now, gone=[before], gone_at=30, holds=held))
    assert actions == [CLAIM] if drained else [CLAIM, 'release {job="x"} of u1']


def test_a_finished_job_that_came_and_went_unseen_after_the_claimed_one_is_named_and_retired() -> None:
    before, then = job("x", uid="u1"), job("x", uid="u2", created=100, finished=110)
    held = [group("job=x", pushed=105, claims=[before], revision=8, drained=7)]
    assert planned(picture(then, gone=[before], gone_at=30, holds=held)) == [CLAIM, 'retire {job="x"} of u1, u2']


def test_a_cronjobs_group_stays_between_runs_and_goes_with_the_cronjob() -> None:
    held = [group("job=x", claims=[cronjob("x")])]
    assert planned(picture(cronjob("x"), job("x-29000000", finished=15), holds=held)) == []
    assert planned(picture(job("x-29000000", finished=15), holds=held)) == ['retire {job="x"} of prod-x-cron-uid']


def test_a_groups_pod_belongs_to_the_run_though_its_job_label_is_the_cronjobs_name() -> None:
    run = job("x-29000000", uid="run")
    held = [group("job=x,instance=x-29000000-b2c4d", claims=[run])]
    assert planned(picture(cronjob("x"), holds=held)) == ['retire {job="x",instance="x-29000000-b2c4d"} of run']


def test_a_job_that_is_over_by_annotation_gives_way_to_an_active_one_by_name() -> None:
    named = job("a", finished=15, annotations={"tidegate.dev/grouping-key": "job=x"})
    held = [group("job=x", claims=[named])]
    assert planned(picture(named, job("x"), holds=held)) == [CLAIM, 'release {job="x"} of prod-a-uid']


def test_an_earlier_rules_owner_replaces_a_later_rules() -> None:
    named = job("a", annotations={"tidegate.dev/grouping-key": "job=x"})
    held = [group("job=x", claims=[cronjob("x")])]
    assert planned(picture(named, cronjob("x"), holds=held)) == [
        'claim {job="x"} for Job prod/a',
        'release {job="x"} of prod-x-cron-uid',
    ]


def test_an_annotation_that_no_longer_names_the_group_ends_the_claim() -> None:
    changed = job("x", annotations={"tidegate.dev/grouping-key": "job=other"})
    assert planned(picture(changed, holds=[group("job=x", claims=[job("x")])])) == [RELEASE]


def test_a_changed_drain_timeout_changes_the_claim() -> None:
    changed = job("x", annotations={"tidegate.dev/drain-timeout": "1h"})
    made = plans.plan(picture(changed, holds=[group("job=x", claims=[job("x")])]), rules=builders.RULES)
    assert made.actions == [
        records.ClaimGroup(key=builders.key("job=x"), claim=builders.claim(changed, drain_timeout=3600.0))
    ]


def test_the_longest_drain_timeout_of_all_owners_holds() -> None:
    claims = [
        builders.claim(job("x"), drain_timeout=90.0),
        builders.claim(job("x", namespace="dev"), drain_timeout=20.0),
    ]
    made = plans.plan(picture(holds=[group("job=x", claims=claims)]), rules=builders.RULES)
    (action,) = made.actions
    assert isinstance(action, records.RetireGroup)
    assert action.drain_timeout == 90.0


@pytest.mark.parametrize("drained", [None, 7], ids=["live", "draining"])
def test_a_job_with_the_policy_never_keeps_the_group_and_every_claim_goes(drained: int | None) -> None:
    held = [group("job=x", claims=[job("x", uid="u1")], drained=drained)]
    assert planned(picture(_with("never"), gone=[job("x", uid="u1")], holds=held)) == ['release {job="x"} of u1']


def test_a_policy_that_changes_while_the_group_drains_takes_it_back_to_live() -> None:
    held = [group("job=x", claims=[job("x")], drained=7)]
    assert planned(picture(_with("on-deletion", finished=15), holds=held)) == [RELEASE, CLAIM]
    assert planned(picture(_with("never", finished=15), holds=held)) == [RELEASE]


def test_a_name_in_two_namespaces_is_ambiguous_until_one_answer_is_left() -> None:
    one, other = job("x"), job("x", namespace="dev")
    made = picture(one, other, holds=[group("job=x")])
    ambiguity = plans.Ambiguity(builders.key("job=x"), (other.owner, one.owner))
    assert plans.plan(made, rules=builders.RULES).ambiguities == [ambiguity]
    assert sorted(planned(made)) == ['claim {job="x"} for Job dev/x', CLAIM]

    held = [group("job=x", claims=[one, other])]
    assert planned(picture(job("x", finished=15), other, holds=held)) == [RELEASE]
    assert planned(picture(job("x", finished=15), job("x", namespace="dev", finished=16), holds=held)) == [
        'retire {job="x"} of dev-x-uid, prod-x-uid'
    ]


def test_a_namespace_label_leaves_one_answer() -> None:
    made = picture(job("x"), job("x", namespace="dev"), holds=[group("job=x,namespace=dev")])
    assert plans.plan(made, rules=builders.RULES).ambiguities == []
    assert planned(made) == ['claim {job="x",namespace="dev"} for Job dev/x']


def test_only_the_asked_groups_are_planned() -> None:
    made = picture(job("x"), job("y"), holds=[group("job=x"), group("job=y")])
    asked = [builders.key("job=y"), builders.key("job=deleted")]
    actions = plans.plan(made, rules=builders.RULES, keys=asked).actions
    assert [builders.in_words(action) for action in actions] == ['claim {job="y"} for Job prod/y']
