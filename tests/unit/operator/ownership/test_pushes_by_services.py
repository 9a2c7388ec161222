"""Ownership of groups that a service or a proxy pushed: its Pod runs on after the end of the Job."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders, pod_address_builders
from tidegate.operator.cache import cluster_cache

X = object_builders.job("x")


FINISHED = object_builders.job("x", finished=15)


def test_group_also_pushed_by_a_running_service_is_not_owned_by_address() -> None:
    record = object_builders.group("job=anything", pushers=(pod_address_builders.IP, pod_address_builders.OTHER_IP))
    cache = pod_address_builders.with_pods(
        object_builders.cache(FINISHED, holds=[record]), pod_address_builders.pod(FINISHED)
    )
    pod_address_builders.with_pods(
        cache, pod_address_builders.pod("a-replica-set"), address=pod_address_builders.OTHER_IP
    )
    assert object_builders.planned(cache) == []


def test_name_decides_for_pushes_through_a_proxy() -> None:
    cache = pod_address_builders.with_pods(
        object_builders.cache(FINISHED, holds=[pod_address_builders.pushed("job=x")]),
        pod_address_builders.pod("a-replica-set"),
    )
    assert [line.split()[0] for line in object_builders.planned(cache)] == ["claim", "retire"]


SERVICE = "a-replica-set"


BY_NAME_OR_KEY = [
    pytest.param("x", {}, id="name"),
    pytest.param("y", {"tidegate.dev/grouping-key": "job=x"}, id="annotation"),
]


def _with_a_service(
    name: str, annotations: dict[str, str], *, pushed: float, claimed: bool, deleted: bool = False
) -> cluster_cache.ClusterCache:
    """Build a Job that ends after 100 s, and a group that the pod of a service pushes."""
    running = object_builders.job(name, annotations=annotations)
    record = pod_address_builders.pushed("job=x", at=pushed, claims=(running,) if claimed else ())
    if deleted:
        cache = object_builders.cache(deleted=[running], deleted_at=100, holds=[record])
    else:
        cache = object_builders.cache(object_builders.job(name, annotations=annotations, finished=100), holds=[record])
    return pod_address_builders.with_pods(cache, pod_address_builders.pod(SERVICE), at=pushed)


@pytest.mark.parametrize("deleted", [False, True], ids=["finished", "deleted"])
@pytest.mark.parametrize("claimed", [False, True], ids=["new", "claimed"])
@pytest.mark.parametrize(("name", "annotations"), BY_NAME_OR_KEY)
def test_group_of_a_pushing_service_is_never_retired_with_a_finished_job(
    name: str, annotations: dict[str, str], claimed: bool, deleted: bool
) -> None:
    for pushed in range(90, 300):
        cache = _with_a_service(name, annotations, pushed=float(pushed), claimed=claimed, deleted=deleted)
        assert not object_builders.is_retired(cache, at=pushed + 0.1), (
            f"the push {pushed - 100} s after the end of the Job"
        )


@pytest.mark.parametrize("claimed", [False, True], ids=["new", "claimed"])
@pytest.mark.parametrize(("name", "annotations"), BY_NAME_OR_KEY)
@pytest.mark.parametrize(("pushed", "is_retired"), [(99.0, True), (104.0, True), (106.0, False)])
def test_group_forwarded_by_a_proxy_before_the_end_of_a_job_is_retired_a_minute_later(
    name: str, annotations: dict[str, str], claimed: bool, pushed: float, is_retired: bool
) -> None:
    cache = _with_a_service(name, annotations, pushed=pushed, claimed=claimed)
    assert [object_builders.is_retired(cache, at=at) for at in (150.0, 159.0, 161.0)] == [False, False, is_retired]


def test_group_that_names_a_pod_is_retired_at_once_although_a_proxy_forwarded_it() -> None:
    record = pod_address_builders.pushed("job=anything,instance=x-b2c4d", at=90.0)
    cache = pod_address_builders.with_pods(
        object_builders.cache(object_builders.job("x", finished=100), holds=[record]),
        pod_address_builders.pod(SERVICE),
        at=90.0,
    )
    cache.put_pod_owner(cluster_cache.PodLookup("prod", "x-b2c4d"), X.uid)
    assert object_builders.is_retired(cache, at=101.0)


def test_group_pushed_by_a_service_before_the_job_is_kept_when_the_job_finishes() -> None:
    finished_job = object_builders.job("x", finished=100)
    record = object_builders.group(
        "job=anything",
        pushed=99.0,
        pushers=(pod_address_builders.IP, pod_address_builders.OTHER_IP),
        claims=(pod_address_builders.by_address(finished_job),),
    )
    cache = pod_address_builders.with_pods(
        object_builders.cache(finished_job, holds=[record]),
        pod_address_builders.pod(finished_job, until=99.0),
        at=101.0,
    )
    pod_address_builders.with_pods(
        cache, pod_address_builders.pod(SERVICE), address=pod_address_builders.OTHER_IP, at=101.0
    )
    assert object_builders.planned(cache) == [f'release {{job="anything"}} of {finished_job.uid}']


Y, Y_ELSEWHERE = object_builders.job("y"), object_builders.job("y", namespace="dev")


def test_running_job_keeps_its_group_although_a_service_pushes_it_too() -> None:
    finished_job = object_builders.job("anything", finished=60)
    sources = ((pod_address_builders.IP, 50.0), (pod_address_builders.OTHER_IP, 10.0), ("10.0.0.9", 5.0))
    cache = object_builders.cache(
        finished_job, Y, holds=[object_builders.group("job=anything", pushed=50.0, pushers=sources)]
    )
    pod_address_builders.with_pods(cache, pod_address_builders.pod(finished_job, until=59.0))
    pod_address_builders.with_pods(cache, pod_address_builders.pod(Y), address=pod_address_builders.OTHER_IP)
    pod_address_builders.with_pods(cache, pod_address_builders.pod(SERVICE), address="10.0.0.9")
    assert 'claim {job="anything"} for Job prod/y' in object_builders.planned(cache)
