"""Ownership of groups that the Pods of several Jobs pushed."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders, pod_address_builders
from tidegate.model import owners
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.planning import drain_planner

FINISHED = object_builders.job("x", finished=15)


CLAIM = 'claim {job="anything"} for Job prod/x'


def test_group_pushed_last_by_another_job_is_not_retired_with_the_job_of_its_name() -> None:
    other = object_builders.job("other")
    cache = pod_address_builders.with_pods(
        object_builders.cache(FINISHED, other, holds=[pod_address_builders.pushed("job=x", claims=(FINISHED,))]),
        pod_address_builders.pod(other),
    )
    assert object_builders.planned(cache) == [
        'claim {job="x"} for Job prod/other',
        f'release {{job="x"}} of {FINISHED.uid}',
    ]


def test_group_that_names_a_pod_is_retired_with_its_job_although_another_job_pushed_last() -> None:
    # The annotation of the other Job names its only group, so it does not own this one.
    other = object_builders.job("other", annotations={"tidegate.dev/grouping-key": "job=other"})
    record = pod_address_builders.pushed("job=anything,instance=x-b2c4d", claims=(FINISHED,))
    cache = pod_address_builders.with_pods(
        object_builders.cache(FINISHED, other, holds=[record]), pod_address_builders.pod(other, name="other-b2c4d")
    )
    assert object_builders.planned(cache) == [f'retire {{job="anything",instance="x-b2c4d"}} of {FINISHED.uid}']


Y, Y_ELSEWHERE = object_builders.job("y"), object_builders.job("y", namespace="dev")


def _pushed_by_both(
    finished_job: owner_views.OwnerView, running: owner_views.OwnerView, *, claims: tuple[owners.Claim, ...] = ()
) -> cluster_cache.ClusterCache:
    """Build a group that pods of two Jobs pushed within 100 ms, the finished Job last."""
    sources = ((pod_address_builders.IP, 10.1), (pod_address_builders.OTHER_IP, 10.0))
    record = object_builders.group("job=anything", pushed=10.1, pushers=sources, claims=claims)
    cache = pod_address_builders.with_pods(
        object_builders.cache(finished_job, running, holds=[record]), pod_address_builders.pod(finished_job, until=14.0)
    )
    return pod_address_builders.with_pods(
        cache, pod_address_builders.pod(running), address=pod_address_builders.OTHER_IP
    )


@pytest.mark.parametrize("running", [Y, Y_ELSEWHERE], ids=["same-namespace", "other-namespace"])
def test_each_job_that_pushed_a_group_keeps_it_while_it_runs(running: owner_views.OwnerView) -> None:
    cache = _pushed_by_both(FINISHED, running)
    assert object_builders.planned(cache) == [f'claim {{job="anything"}} for {running.owner}', CLAIM]
    assert [each.verdict for each in object_builders.plan(cache).decisions] == [drain_planner.Verdict.ACTIVE]


@pytest.mark.parametrize("running", [Y, Y_ELSEWHERE], ids=["same-namespace", "other-namespace"])
def test_claim_by_address_is_kept_after_a_push_from_another_namespace(running: owner_views.OwnerView) -> None:
    cache = pod_address_builders.with_pods(
        object_builders.cache(
            FINISHED,
            running,
            holds=[pod_address_builders.pushed("job=anything", claims=(pod_address_builders.by_address(running),))],
        ),
        pod_address_builders.pod(FINISHED, until=14.0),
    )
    assert object_builders.planned(cache) == [CLAIM]


def test_job_of_another_namespace_does_not_own_a_group_by_name_although_its_pod_pushed_another() -> None:
    named = object_builders.job("x", namespace="dev")
    cache = _pushed_by_both(FINISHED, named)
    elsewhere = object_builders.group("job=x", pushed=10.0, pushers=(pod_address_builders.IP,))
    cache.put_group(elsewhere, monotonic=0.0)
    assert [line for line in object_builders.planned(cache) if 'job="x"' in line and "dev" in line] == []


def test_address_reused_by_another_pod_does_not_decide_earlier_pushes() -> None:
    record = object_builders.group(
        "job=anything", pushed=40.0, pushers=((pod_address_builders.IP, 40.0), (pod_address_builders.OTHER_IP, 10.0))
    )
    finished_job = object_builders.job("x", finished=45)
    cache = pod_address_builders.with_pods(
        object_builders.cache(finished_job, Y, holds=[record]), pod_address_builders.pod(finished_job, until=44.0)
    )
    pod_address_builders.with_pods(
        cache, pod_address_builders.pod(Y, since=30.0), address=pod_address_builders.OTHER_IP
    )
    assert [line.split()[0] for line in object_builders.planned(cache)] == ["claim", "retire"]


def test_group_is_not_retired_before_the_pods_of_all_its_pushes_would_be_reported() -> None:
    cache = _pushed_by_both(FINISHED, Y)
    pod_address_builders.with_pods(cache, address=pod_address_builders.OTHER_IP, at=12.0)
    (decision,) = object_builders.plan(cache, now=object_builders.START + 15.0).decisions
    assert (decision.verdict, decision.actions) == (drain_planner.Verdict.LOOKUP_PENDING, ())
    assert decision.ownership.lookups == (cluster_cache.AddressLookup(pod_address_builders.OTHER_IP),)
