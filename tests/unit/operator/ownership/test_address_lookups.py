"""Lookups of addresses: when the Pods at an address are looked up, and what waits for the result."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders, pod_address_builders
from tidegate.model import control_api, owners
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.objects import pod_addresses
from tidegate.operator.planning import drain_planner

X = object_builders.job("x")


FINISHED = object_builders.job("x", finished=15)


def test_group_is_not_decided_before_its_address_is_looked_up() -> None:
    plan = object_builders.plan(object_builders.cache(X, holds=[pod_address_builders.pushed("job=x")]))
    assert plan.lookups == {cluster_cache.AddressLookup(pod_address_builders.IP)}
    assert plan.actions == []


@pytest.mark.parametrize(
    ("objects", "claims", "at", "is_looked_up"),
    [
        pytest.param([X], (pod_address_builders.by_address(X),), 20.0, False, id="its-job-runs-and-claims-it"),
        pytest.param([FINISHED], (pod_address_builders.by_address(FINISHED),), 20.0, True, id="its-job-has-finished"),
        pytest.param([X], (), 20.0, True, id="unclaimed"),
        pytest.param([X], (), 10.0, False, id="asked-since-the-push"),
    ],
)
def test_address_is_looked_up_again_only_if_the_result_matters(
    objects: list[owner_views.OwnerView], claims: tuple[owners.Claim, ...], at: float, is_looked_up: bool
) -> None:
    cache = object_builders.cache(*objects, holds=[pod_address_builders.pushed("job=anything", at=at, claims=claims)])
    pod_address_builders.with_pods(cache, pod_address_builders.pod(objects[0]), at=12.0)
    assert object_builders.plan(cache, now=object_builders.START + at).lookups == (
        {cluster_cache.AddressLookup(pod_address_builders.IP)} if is_looked_up else set()
    )


@pytest.mark.parametrize(("now", "is_looked_up"), [(30.0, False), (43.0, True)])
def test_address_without_an_owner_is_looked_up_twice_a_minute(now: float, is_looked_up: bool) -> None:
    cache = pod_address_builders.with_pods(
        object_builders.cache(holds=[pod_address_builders.pushed("job=anything", at=20.0)]),
        pod_address_builders.pod("a-replica-set"),
        at=12.0,
    )
    assert bool(object_builders.plan(cache, now=object_builders.START + now).lookups) is is_looked_up


def test_address_without_groups_is_evicted() -> None:
    record = pod_address_builders.pushed("job=anything")
    cache = pod_address_builders.with_pods(object_builders.cache(X, holds=[record]), pod_address_builders.pod(X))
    cache.delete_group(record.key)
    assert cache.get_address(pod_address_builders.IP) is None


@pytest.mark.parametrize(
    ("requested_at", "is_retired"),
    [
        pytest.param(16.0, False, id="a-second-after-the-push"),
        pytest.param(19.5, True, id="when-any-pod-would-have-been-reported"),
    ],
)
def test_name_does_not_decide_before_a_new_pod_would_be_reported(requested_at: float, is_retired: bool) -> None:
    cache = pod_address_builders.with_pods(
        object_builders.cache(FINISHED, holds=[pod_address_builders.pushed("job=x", at=15.0)]), at=requested_at
    )
    plan = object_builders.plan(cache, now=object_builders.START + requested_at)
    assert any(isinstance(action, control_api.StartDrain) for action in plan.actions) is is_retired
    assert [each.verdict for each in plan.decisions] == [
        drain_planner.Verdict.OWNERS_FINISHED if is_retired else drain_planner.Verdict.LOOKUP_PENDING
    ]
    assert plan.lookups == (set() if is_retired else {cluster_cache.AddressLookup(pod_address_builders.IP)})


def test_group_without_an_owner_does_not_wait_for_a_new_pod_to_be_reported() -> None:
    cache = pod_address_builders.with_pods(
        object_builders.cache(holds=[pod_address_builders.pushed("job=x", at=15.0)]), at=15.5
    )
    plan = object_builders.plan(cache, now=object_builders.START + 15.5)
    assert [each.verdict for each in plan.decisions] == [drain_planner.Verdict.UNOWNED]
    assert plan.lookups == set()


def test_address_outside_the_cluster_does_not_delay_later_pushes() -> None:
    record = pod_address_builders.pushed("job=x", at=15.0)
    cache = pod_address_builders.with_pods(object_builders.cache(FINISHED, holds=[record]), at=2.0)
    pod_address_builders.with_pods(cache, at=7.0)
    assert object_builders.is_retired(cache, at=15.1)


def test_active_job_claims_its_group_before_the_address_is_settled() -> None:
    cache = pod_address_builders.with_pods(
        object_builders.cache(X, holds=[pod_address_builders.pushed("job=x", at=15.0)]), at=15.5
    )
    assert object_builders.planned(cache) == ['claim {job="x"} for Job prod/x']


def test_repeated_equal_lookup_result_settles_a_push() -> None:
    record = pod_address_builders.pushed("job=x", at=15.0)
    cache = pod_address_builders.with_pods(object_builders.cache(FINISHED, holds=[record]), at=15.5)
    result = pod_addresses.LookupResult((), object_builders.START + 19.5)
    assert cache.put_address(cluster_cache.AddressLookup(pod_address_builders.IP), result) == {record.key}
