"""Planned actions on a group during the life of its owners."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders
from tidegate.model import owners
from tidegate.operator.cache import cluster_cache, owner_views

RETIRE = 'retire {job="x"} of prod-x-uid'
CLAIM = 'claim {job="x"} for Job prod/x'
RELEASE = 'release {job="x"} of prod-x-uid'


def _with(policy: str, *, finished: float | None = None, succeeded: bool = True) -> owner_views.OwnerView:
    return object_builders.job(
        "x", finished=finished, succeeded=succeeded, annotations={"tidegate.dev/cleanup": policy}
    )


@pytest.mark.parametrize(
    ("policy", "running", "complete", "failed", "deleted"),
    [
        pytest.param("on-completion", [], [RETIRE], [RETIRE], [RETIRE]),
        pytest.param("on-success", [], [RETIRE], [], [RETIRE]),
        pytest.param("on-deletion", [], [], [], [RETIRE]),
        pytest.param("never", [RELEASE], [RELEASE], [RELEASE], [RELEASE]),
    ],
)
def test_claimed_group_is_retired_according_to_its_policy(
    policy: str, running: list[str], complete: list[str], failed: list[str], deleted: list[str]
) -> None:
    records = [object_builders.group("job=x", claims=[object_builders.job("x")])]
    assert object_builders.planned(object_builders.cache(_with(policy), holds=records)) == running
    assert object_builders.planned(object_builders.cache(_with(policy, finished=15), holds=records)) == complete
    assert (
        object_builders.planned(object_builders.cache(_with(policy, finished=15, succeeded=False), holds=records))
        == failed
    )
    assert object_builders.planned(object_builders.cache(deleted=[_with(policy)], holds=records)) == deleted


def test_group_is_retired_if_its_owner_was_deleted_unobserved() -> None:
    assert object_builders.planned(
        object_builders.cache(holds=[object_builders.group("job=x", claims=[object_builders.job("x")])])
    ) == [RETIRE]


@pytest.mark.parametrize(
    "cache",
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
                deleted=[object_builders.job("x")],
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
def test_no_action_is_planned_while_the_existence_of_an_owner_is_unknown(cache: cluster_cache.ClusterCache) -> None:
    assert object_builders.planned(cache) == []


def test_unowned_group_gets_no_action() -> None:
    assert (
        object_builders.planned(
            object_builders.cache(
                object_builders.job("y"), object_builders.cronjob("z"), holds=[object_builders.group("job=x")]
            )
        )
        == []
    )


def test_group_pushed_after_the_grace_period_is_released() -> None:
    records = [object_builders.group("job=x", pushed=100, claims=[object_builders.job("x")])]
    assert object_builders.planned(object_builders.cache(object_builders.job("x", finished=15), holds=records)) == [
        RELEASE
    ]
    assert object_builders.planned(
        object_builders.cache(deleted=[object_builders.job("x")], deleted_at=15, holds=records)
    ) == [RELEASE]


def test_late_push_to_a_draining_group_is_confirmed() -> None:
    records = [object_builders.group("job=x", pushed=30, claims=[object_builders.job("x")], revision=8, drained=7)]
    assert object_builders.planned(object_builders.cache(object_builders.job("x", finished=15), holds=records)) == [
        RETIRE
    ]


def test_draining_group_is_not_retired_again() -> None:
    assert (
        object_builders.planned(
            object_builders.cache(
                object_builders.job("x", finished=15),
                holds=[object_builders.group("job=x", claims=[object_builders.job("x")], drained=7)],
            )
        )
        == []
    )


def test_push_of_another_client_makes_a_draining_group_live_again() -> None:
    records = [object_builders.group("job=x", pushed=100, claims=[object_builders.job("x")], revision=8, drained=7)]
    assert object_builders.planned(object_builders.cache(object_builders.job("x", finished=15), holds=records)) == [
        RELEASE
    ]


@pytest.mark.parametrize("pushed", [10, 40], ids=["before-its-first-push", "after-it"])
@pytest.mark.parametrize("drained", [None, 7], ids=["live", "draining"])
def test_next_job_of_the_same_name_takes_over_the_group(pushed: float, drained: int | None) -> None:
    previous, now = object_builders.job("x", uid="u1"), object_builders.job("x", uid="u2", created=35)
    records = [object_builders.group("job=x", pushed=pushed, claims=[previous], drained=drained)]
    actions = object_builders.planned(object_builders.cache(now, deleted=[previous], deleted_at=30, holds=records))
    assert actions == [CLAIM] if drained else [CLAIM, 'release {job="x"} of u1']


@pytest.mark.parametrize("drained", [7, 8], ids=["unconfirmed-push", "confirmed-push"])
def test_group_is_claimed_and_retired_for_a_later_job_that_finished_unobserved(drained: int) -> None:
    previous, later = object_builders.job("x", uid="u1"), object_builders.job("x", uid="u2", created=100, finished=110)
    records = [object_builders.group("job=x", pushed=105, claims=[previous], revision=8, drained=drained)]
    assert object_builders.planned(object_builders.cache(later, deleted=[previous], deleted_at=30, holds=records)) == [
        CLAIM,
        'retire {job="x"} of u1, u2',
    ]


def test_group_of_a_cronjob_is_kept_between_runs_and_retired_with_the_cronjob() -> None:
    records = [object_builders.group("job=x", claims=[object_builders.cronjob("x")])]
    assert (
        object_builders.planned(
            object_builders.cache(
                object_builders.cronjob("x"), object_builders.job("x-29000000", finished=15), holds=records
            )
        )
        == []
    )
    assert object_builders.planned(
        object_builders.cache(object_builders.job("x-29000000", finished=15), holds=records)
    ) == ['retire {job="x"} of prod-x-cron-uid']


@pytest.mark.parametrize("drained", [None, 7], ids=["live", "draining"])
def test_policy_never_keeps_the_group_and_releases_every_claim(drained: int | None) -> None:
    records = [object_builders.group("job=x", claims=[object_builders.job("x", uid="u1")], drained=drained)]
    assert object_builders.planned(
        object_builders.cache(_with("never"), deleted=[object_builders.job("x", uid="u1")], holds=records)
    ) == ['release {job="x"} of u1']


def test_changed_policy_makes_a_draining_group_live_again() -> None:
    records = [object_builders.group("job=x", claims=[object_builders.job("x")], drained=7)]
    assert object_builders.planned(object_builders.cache(_with("on-deletion", finished=15), holds=records)) == [
        RELEASE,
        CLAIM,
    ]
    assert object_builders.planned(object_builders.cache(_with("never", finished=15), holds=records)) == [RELEASE]


def test_draining_group_keeps_the_claim_of_its_owner_when_a_second_owner_makes_it_live_again() -> None:
    records = [object_builders.group("job=x", claims=[object_builders.job("x")], drained=7)]
    objects = _with("on-deletion", finished=15), object_builders.job("x", namespace="dev")
    assert object_builders.planned(object_builders.cache(*objects, holds=records)) == [
        RELEASE,
        CLAIM,
        'claim {job="x"} for Job dev/x',
    ]
