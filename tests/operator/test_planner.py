"""What is said to the gateway about a group as its owners live and end."""

from __future__ import annotations

import pytest

from tests.operator import object_builders
from tidegate.model import control_api, owners
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.planning import planner

RETIRE = 'retire {job="x"} of prod-x-uid'
CLAIM = 'claim {job="x"} for Job prod/x'
RELEASE = 'release {job="x"} of prod-x-uid'


def _with(policy: str, *, finished: float | None = None, succeeded: bool = True) -> owner_views.OwnerView:
    return object_builders.job(
        "x", finished=finished, succeeded=succeeded, annotations={"tidegate.dev/cleanup": policy}
    )


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
    held = [object_builders.group("job=x", claims=[object_builders.job("x")])]
    assert object_builders.planned(object_builders.cache(_with(policy), holds=held)) == running
    assert object_builders.planned(object_builders.cache(_with(policy, finished=15), holds=held)) == complete
    assert (
        object_builders.planned(object_builders.cache(_with(policy, finished=15, succeeded=False), holds=held))
        == failed
    )
    assert object_builders.planned(object_builders.cache(gone=[_with(policy)], holds=held)) == gone


def test_a_claimed_owner_that_went_while_nobody_looked_is_over() -> None:
    assert object_builders.planned(
        object_builders.cache(holds=[object_builders.group("job=x", claims=[object_builders.job("x")])])
    ) == [RETIRE]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(
            object_builders.cache(
                holds=[object_builders.group("job=x", claims=[object_builders.job("x")])], listed=False
            ),
            id="no-list-yet",
        ),
        pytest.param(
            object_builders.cache(
                holds=[object_builders.group("job=x", claims=[object_builders.job("x")])], namespaces=["dev"]
            ),
            id="namespace-not-listed",
        ),
        pytest.param(
            object_builders.cache(
                holds=[
                    object_builders.group(
                        "job=x", claims=[owners.Claim(owners.Owner("Run", "prod", "x", owners.Uid("r")), 1)]
                    )
                ]
            ),
            id="kind-not-listed",
        ),
        pytest.param(
            object_builders.cache(
                gone=[object_builders.job("x")],
                holds=[
                    object_builders.group(
                        "job=x", claims=[object_builders.job("x"), object_builders.job("y", namespace="dev")]
                    )
                ],
                namespaces=["prod"],
            ),
            id="one-of-two",
        ),
    ],
)
def test_nothing_is_done_while_nobody_can_tell_whether_an_owner_is_there(made: cluster_cache.ClusterCache) -> None:
    assert object_builders.planned(made) == []


def test_a_group_that_nobody_owns_is_left_alone() -> None:
    assert (
        object_builders.planned(
            object_builders.cache(
                object_builders.job("y"), object_builders.cronjob("z"), holds=[object_builders.group("job=x")]
            )
        )
        == []
    )


def test_a_push_after_the_owners_grace_was_somebody_elses() -> None:
    held = [object_builders.group("job=x", pushed=100, claims=[object_builders.job("x")])]
    assert object_builders.planned(object_builders.cache(object_builders.job("x", finished=15), holds=held)) == [
        RELEASE
    ]
    assert object_builders.planned(object_builders.cache(gone=[object_builders.job("x")], gone_at=15, holds=held)) == [
        RELEASE
    ]


def test_a_late_push_to_a_draining_group_is_confirmed() -> None:
    held = [object_builders.group("job=x", pushed=30, claims=[object_builders.job("x")], revision=8, drained=7)]
    assert object_builders.planned(object_builders.cache(object_builders.job("x", finished=15), holds=held)) == [RETIRE]


def test_a_draining_group_needs_no_second_word() -> None:
    assert (
        object_builders.planned(
            object_builders.cache(
                object_builders.job("x", finished=15),
                holds=[object_builders.group("job=x", claims=[object_builders.job("x")], drained=7)],
            )
        )
        == []
    )


def test_a_push_by_somebody_else_takes_a_draining_group_back_to_live() -> None:
    held = [object_builders.group("job=x", pushed=100, claims=[object_builders.job("x")], revision=8, drained=7)]
    assert object_builders.planned(object_builders.cache(object_builders.job("x", finished=15), holds=held)) == [
        RELEASE
    ]


@pytest.mark.parametrize("pushed", [10, 40], ids=["before-its-first-push", "after-it"])
@pytest.mark.parametrize("drained", [None, 7], ids=["live", "draining"])
def test_the_next_job_of_the_same_name_takes_over(pushed: float, drained: int | None) -> None:
    before, now = object_builders.job("x", uid="u1"), object_builders.job("x", uid="u2", created=35)
    held = [object_builders.group("job=x", pushed=pushed, claims=[before], drained=drained)]
    actions = object_builders.planned(object_builders.cache(now, gone=[before], gone_at=30, holds=held))
    assert actions == [CLAIM] if drained else [CLAIM, 'release {job="x"} of u1']


def test_a_finished_job_that_came_and_went_unseen_after_the_claimed_one_is_named_and_retired() -> None:
    before, then = object_builders.job("x", uid="u1"), object_builders.job("x", uid="u2", created=100, finished=110)
    held = [object_builders.group("job=x", pushed=105, claims=[before], revision=8, drained=7)]
    assert object_builders.planned(object_builders.cache(then, gone=[before], gone_at=30, holds=held)) == [
        CLAIM,
        'retire {job="x"} of u1, u2',
    ]


def test_a_cronjobs_group_stays_between_runs_and_goes_with_the_cronjob() -> None:
    held = [object_builders.group("job=x", claims=[object_builders.cronjob("x")])]
    assert (
        object_builders.planned(
            object_builders.cache(
                object_builders.cronjob("x"), object_builders.job("x-29000000", finished=15), holds=held
            )
        )
        == []
    )
    assert object_builders.planned(
        object_builders.cache(object_builders.job("x-29000000", finished=15), holds=held)
    ) == ['retire {job="x"} of prod-x-cron-uid']


def test_a_groups_pod_belongs_to_the_run_though_its_job_label_is_the_cronjobs_name() -> None:
    run = object_builders.job("x-29000000", uid="run")
    held = [object_builders.group("job=x,instance=x-29000000-b2c4d", claims=[run])]
    assert object_builders.planned(object_builders.cache(object_builders.cronjob("x"), holds=held)) == [
        'retire {job="x",instance="x-29000000-b2c4d"} of run'
    ]


def test_a_job_that_is_over_by_annotation_gives_way_to_an_active_one_by_name() -> None:
    named = object_builders.job("a", finished=15, annotations={"tidegate.dev/grouping-key": "job=x"})
    held = [object_builders.group("job=x", claims=[named])]
    assert object_builders.planned(object_builders.cache(named, object_builders.job("x"), holds=held)) == [
        CLAIM,
        'release {job="x"} of prod-a-uid',
    ]


def test_an_earlier_rules_owner_replaces_a_later_rules() -> None:
    named = object_builders.job("a", annotations={"tidegate.dev/grouping-key": "job=x"})
    held = [object_builders.group("job=x", claims=[object_builders.cronjob("x")])]
    assert object_builders.planned(object_builders.cache(named, object_builders.cronjob("x"), holds=held)) == [
        'claim {job="x"} for Job prod/a',
        'release {job="x"} of prod-x-cron-uid',
    ]


def test_an_annotation_that_no_longer_names_the_group_ends_the_claim() -> None:
    changed = object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=other"})
    assert object_builders.planned(
        object_builders.cache(changed, holds=[object_builders.group("job=x", claims=[object_builders.job("x")])])
    ) == [RELEASE]


def test_a_changed_drain_timeout_changes_the_claim() -> None:
    changed = object_builders.job("x", annotations={"tidegate.dev/drain-timeout": "1h"})
    made = object_builders.plan(
        object_builders.cache(changed, holds=[object_builders.group("job=x", claims=[object_builders.job("x")])])
    )
    assert made.actions == [
        control_api.ClaimGroup(
            key=object_builders.key("job=x"), claim=object_builders.claim(changed, drain_timeout=3600.0)
        )
    ]


def test_the_longest_drain_timeout_of_all_owners_holds() -> None:
    claims = [
        object_builders.claim(object_builders.job("x"), drain_timeout=90.0),
        object_builders.claim(object_builders.job("x", namespace="dev"), drain_timeout=20.0),
    ]
    made = object_builders.plan(object_builders.cache(holds=[object_builders.group("job=x", claims=claims)]))
    (action,) = made.actions
    assert isinstance(action, control_api.StartDrain)
    assert action.drain_timeout == 90.0


@pytest.mark.parametrize("drained", [None, 7], ids=["live", "draining"])
def test_a_job_with_the_policy_never_keeps_the_group_and_every_claim_goes(drained: int | None) -> None:
    held = [object_builders.group("job=x", claims=[object_builders.job("x", uid="u1")], drained=drained)]
    assert object_builders.planned(
        object_builders.cache(_with("never"), gone=[object_builders.job("x", uid="u1")], holds=held)
    ) == ['release {job="x"} of u1']


def test_a_policy_that_changes_while_the_group_drains_takes_it_back_to_live() -> None:
    held = [object_builders.group("job=x", claims=[object_builders.job("x")], drained=7)]
    assert object_builders.planned(object_builders.cache(_with("on-deletion", finished=15), holds=held)) == [
        RELEASE,
        CLAIM,
    ]
    assert object_builders.planned(object_builders.cache(_with("never", finished=15), holds=held)) == [RELEASE]


def test_a_name_in_two_namespaces_is_ambiguous_until_one_answer_is_left() -> None:
    one, other = object_builders.job("x"), object_builders.job("x", namespace="dev")
    made = object_builders.cache(one, other, holds=[object_builders.group("job=x")])
    (decision,) = object_builders.plan(made).decisions
    assert decision.verdict is planner.Verdict.AMBIGUOUS
    assert {group_owner.owner for group_owner in decision.owners} == {one.owner, other.owner}
    assert sorted(object_builders.planned(made)) == ['claim {job="x"} for Job dev/x', CLAIM]

    held = [object_builders.group("job=x", claims=[one, other])]
    assert (
        object_builders.planned(object_builders.cache(object_builders.job("x", finished=15), other, holds=held)) == []
    )
    assert object_builders.planned(
        object_builders.cache(
            object_builders.job("x", finished=15), object_builders.job("x", namespace="dev", finished=16), holds=held
        )
    ) == ['retire {job="x"} of dev-x-uid, prod-x-uid']


def test_what_a_job_pushed_last_goes_after_a_kept_one_of_another_namespace_though_itself_it_is_long_gone() -> None:
    kept, gone = _with("on-deletion", finished=15), object_builders.job("x", namespace="dev", created=90)
    held = [object_builders.group("job=x", pushed=100, claims=[kept, gone])]
    assert object_builders.planned(object_builders.cache(kept, gone=[gone], gone_at=110, holds=held)) == []
    assert object_builders.planned(object_builders.cache(gone=[kept, gone], gone_at=110, holds=held)) == [
        'retire {job="x"} of dev-x-uid, prod-x-uid'
    ]


def test_a_kept_job_holds_its_group_though_one_of_another_namespace_pushed_last_and_is_over() -> None:
    kept, over = _with("on-deletion", finished=15), object_builders.job("x", namespace="dev", created=90, finished=95)
    made = object_builders.cache(kept, over, holds=[object_builders.group("job=x", pushed=95)])
    assert object_builders.planned(made) == [CLAIM, 'claim {job="x"} for Job dev/x']


def test_a_namespace_label_leaves_one_answer() -> None:
    made = object_builders.cache(
        object_builders.job("x"),
        object_builders.job("x", namespace="dev"),
        holds=[object_builders.group("job=x,namespace=dev")],
    )
    assert [decision.verdict for decision in object_builders.plan(made).decisions] == [planner.Verdict.ACTIVE]
    assert object_builders.planned(made) == ['claim {job="x",namespace="dev"} for Job dev/x']


def test_only_the_asked_groups_are_planned() -> None:
    made = object_builders.cache(
        object_builders.job("x"),
        object_builders.job("y"),
        holds=[object_builders.group("job=x"), object_builders.group("job=y")],
    )
    asked = [object_builders.key("job=y"), object_builders.key("job=deleted")]
    actions = planner.plan(made, rules=object_builders.RULES, now=object_builders.NOW, keys=asked).actions
    assert [object_builders.in_words(action) for action in actions] == ['claim {job="y"} for Job prod/y']
