"""Planned claims and releases: which owners a group has, and with which drain timeout."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders
from tidegate.model import control_api
from tidegate.operator.cache import owner_views
from tidegate.operator.planning import drain_planner

CLAIM = 'claim {job="x"} for Job prod/x'
RELEASE = 'release {job="x"} of prod-x-uid'


def _with(policy: str, *, finished: float | None = None, succeeded: bool = True) -> owner_views.OwnerView:
    return object_builders.job(
        "x", finished=finished, succeeded=succeeded, annotations={"tidegate.dev/cleanup": policy}
    )


def test_group_that_names_a_pod_belongs_to_the_run_although_it_has_the_name_of_the_cronjob() -> None:
    run = object_builders.job("x-29000000", uid="run")
    records = [object_builders.group("job=x,instance=x-29000000-b2c4d", claims=[run])]
    assert object_builders.planned(object_builders.cache(object_builders.cronjob("x"), holds=records)) == [
        'retire {job="x",instance="x-29000000-b2c4d"} of run'
    ]


def test_claim_of_an_active_cronjob_by_name_is_released_when_the_run_that_the_group_names_finishes() -> None:
    run, cronjob = object_builders.job("x-29000000", uid="run"), object_builders.cronjob("x")
    records = [object_builders.group("job=x,instance=x-29000000-b2c4d", claims=[run, cronjob])]
    assert object_builders.planned(object_builders.cache(cronjob, holds=records)) == [
        f'release {{job="x",instance="x-29000000-b2c4d"}} of {cronjob.uid}',
        'retire {job="x",instance="x-29000000-b2c4d"} of run',
    ]


def test_active_job_by_name_replaces_a_finished_job_by_annotation() -> None:
    named = object_builders.job("a", finished=15, annotations={"tidegate.dev/grouping-key": "job=x"})
    records = [object_builders.group("job=x", claims=[named])]
    assert object_builders.planned(object_builders.cache(named, object_builders.job("x"), holds=records)) == [
        CLAIM,
        'release {job="x"} of prod-a-uid',
    ]


def test_owner_by_an_earlier_rule_replaces_one_by_a_later_rule() -> None:
    named = object_builders.job("a", annotations={"tidegate.dev/grouping-key": "job=x"})
    records = [object_builders.group("job=x", claims=[object_builders.cronjob("x")])]
    assert object_builders.planned(object_builders.cache(named, object_builders.cronjob("x"), holds=records)) == [
        'claim {job="x"} for Job prod/a',
        'release {job="x"} of prod-x-cron-uid',
    ]


def test_claim_is_released_when_the_annotation_no_longer_names_the_group() -> None:
    changed = object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=other"})
    assert object_builders.planned(
        object_builders.cache(changed, holds=[object_builders.group("job=x", claims=[object_builders.job("x")])])
    ) == [RELEASE]


def test_changed_drain_timeout_changes_the_claim() -> None:
    changed = object_builders.job("x", annotations={"tidegate.dev/drain-timeout": "1h"})
    plan = object_builders.plan(
        object_builders.cache(changed, holds=[object_builders.group("job=x", claims=[object_builders.job("x")])])
    )
    assert plan.actions == [
        control_api.ClaimGroup(
            key=object_builders.key("job=x"), claim=object_builders.claim(changed, drain_timeout=3600.0)
        )
    ]


def test_longest_drain_timeout_of_all_owners_applies() -> None:
    claims = [
        object_builders.claim(object_builders.job("x"), drain_timeout=90.0),
        object_builders.claim(object_builders.job("x", namespace="dev"), drain_timeout=20.0),
    ]
    plan = object_builders.plan(object_builders.cache(holds=[object_builders.group("job=x", claims=claims)]))
    (action,) = plan.actions
    assert isinstance(action, control_api.StartDrain)
    assert action.drain_timeout == 90.0


def test_name_in_two_namespaces_is_ambiguous_until_one_owner_remains() -> None:
    one, other = object_builders.job("x"), object_builders.job("x", namespace="dev")
    cache = object_builders.cache(one, other, holds=[object_builders.group("job=x")])
    (decision,) = object_builders.plan(cache).decisions
    assert decision.verdict is drain_planner.Verdict.AMBIGUOUS
    assert {group_owner.owner for group_owner in decision.owners} == {one.owner, other.owner}
    assert sorted(object_builders.planned(cache)) == ['claim {job="x"} for Job dev/x', CLAIM]

    records = [object_builders.group("job=x", claims=[one, other])]
    assert (
        object_builders.planned(object_builders.cache(object_builders.job("x", finished=15), other, holds=records))
        == []
    )
    assert object_builders.planned(
        object_builders.cache(
            object_builders.job("x", finished=15), object_builders.job("x", namespace="dev", finished=16), holds=records
        )
    ) == ['retire {job="x"} of dev-x-uid, prod-x-uid']


def test_group_is_kept_by_a_job_of_another_namespace_after_its_last_pusher_is_deleted() -> None:
    kept_job, deleted = _with("on-deletion", finished=15), object_builders.job("x", namespace="dev", created=90)
    records = [object_builders.group("job=x", pushed=100, claims=[kept_job, deleted])]
    assert (
        object_builders.planned(object_builders.cache(kept_job, deleted=[deleted], deleted_at=110, holds=records)) == []
    )
    assert object_builders.planned(
        object_builders.cache(deleted=[kept_job, deleted], deleted_at=110, holds=records)
    ) == ['retire {job="x"} of dev-x-uid, prod-x-uid']


def test_group_is_kept_by_its_job_although_a_finished_job_of_another_namespace_pushed_last() -> None:
    kept_job, finished_job = (
        _with("on-deletion", finished=15),
        object_builders.job("x", namespace="dev", created=90, finished=95),
    )
    cache = object_builders.cache(kept_job, finished_job, holds=[object_builders.group("job=x", pushed=95)])
    assert object_builders.planned(cache) == [CLAIM, 'claim {job="x"} for Job dev/x']


def test_namespace_label_selects_one_owner() -> None:
    cache = object_builders.cache(
        object_builders.job("x"),
        object_builders.job("x", namespace="dev"),
        holds=[object_builders.group("job=x,namespace=dev")],
    )
    assert [decision.verdict for decision in object_builders.plan(cache).decisions] == [drain_planner.Verdict.ACTIVE]
    assert object_builders.planned(cache) == ['claim {job="x",namespace="dev"} for Job dev/x']


@pytest.mark.parametrize(
    ("objects", "rule"),
    [
        pytest.param([object_builders.job("x")], "name", id="one-owner"),
        pytest.param([object_builders.job("x"), object_builders.job("x", namespace="dev")], "name", id="two-owners"),
        pytest.param([object_builders.job("y")], "", id="no-owner"),
    ],
)
def test_decision_has_the_rule_of_its_owners(objects: list[owner_views.OwnerView], rule: str) -> None:
    cache = object_builders.cache(*objects, holds=[object_builders.group("job=x")])
    assert [decision.rule for decision in object_builders.plan(cache).decisions] == [rule]


def test_only_the_requested_groups_are_planned() -> None:
    cache = object_builders.cache(
        object_builders.job("x"),
        object_builders.job("y"),
        holds=[object_builders.group("job=x"), object_builders.group("job=y")],
    )
    requested = [object_builders.key("job=y"), object_builders.key("job=deleted")]
    actions = drain_planner.plan(cache, rules=object_builders.RULES, now=object_builders.NOW, keys=requested).actions
    assert [object_builders.describe(action) for action in actions] == ['claim {job="y"} for Job prod/y']
