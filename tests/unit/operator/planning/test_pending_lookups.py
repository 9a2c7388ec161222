"""How long groups have been waiting for a response of the API server."""

from __future__ import annotations

from tests.support.operator import object_builders, pod_address_builders
from tidegate.operator.cache import cluster_cache
from tidegate.operator.planning import drain_planner, pending_lookups

A, B = (pod_address_builders.pushed(f"job={name}") for name in "ab")


def _decisions(cache: cluster_cache.ClusterCache) -> list[drain_planner.Decision]:
    return object_builders.plan(cache).decisions


def test_longest_wait_is_that_of_the_first_undecided_group() -> None:
    waits = pending_lookups.PendingLookups()
    assert waits.longest_wait(now=5.0) == 0.0
    waits.update(_decisions(object_builders.cache(holds=[A])), all_groups=False, now=10.0)
    waits.update(_decisions(object_builders.cache(holds=[A, B])), all_groups=True, now=40.0)
    assert waits.longest_wait(now=50.0) == 40.0


def test_decided_group_no_longer_waits() -> None:
    waits = pending_lookups.PendingLookups()
    cache = object_builders.cache(holds=[A])
    waits.update(_decisions(cache), all_groups=False, now=10.0)
    waits.update(_decisions(pod_address_builders.with_pods(cache)), all_groups=False, now=20.0)
    assert waits.longest_wait(now=50.0) == 0.0


def test_deleted_group_no_longer_waits_after_a_complete_plan() -> None:
    waits = pending_lookups.PendingLookups()
    waits.update(_decisions(object_builders.cache(holds=[A])), all_groups=False, now=10.0)
    waits.update(_decisions(object_builders.cache()), all_groups=True, now=20.0)
    assert waits.longest_wait(now=50.0) == 0.0


def test_group_that_is_decided_at_once_never_waits() -> None:
    waits = pending_lookups.PendingLookups()
    decided = pod_address_builders.with_pods(object_builders.cache(holds=[A]))
    waits.update(_decisions(decided), all_groups=False, now=10.0)
    assert waits.longest_wait(now=50.0) == 0.0
