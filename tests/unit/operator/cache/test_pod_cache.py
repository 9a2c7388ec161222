"""The cache of pods that the watch on the pods of Jobs reports, and the eviction from it."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis
import pytest
from hypothesis import strategies

from tests.support.operator import object_builders, pod_address_builders
from tidegate.model import owners
from tidegate.operator.cache import cluster_cache, owner_views, pod_cache
from tidegate.operator.objects import pod_addresses
from tidegate.operator.planning import drain_planner

X = object_builders.job("x")
START = object_builders.START


def _known(_uid: owners.Uid) -> bool:
    return True


def _event(
    of: owner_views.OwnerView = X,
    *,
    uid: str = "pod-uid",
    addresses: tuple[str, ...] = (pod_address_builders.IP,),
    since: float = 0.0,
    until: float | None = None,
    deleted: bool = False,
) -> pod_addresses.PodEvent:
    pod = pod_address_builders.pod(of, since=since, until=until)._replace(uid=owners.Uid(uid))
    return pod_addresses.PodEvent(pod, addresses, deleted)


def _deleted_with_final_push(*, reported: bool) -> cluster_cache.ClusterCache:
    """A Job is deleted at 20, its pod makes a final push at 22, under any name, and is deleted at 23."""
    cache = object_builders.cache(deleted=[X], deleted_at=20.0)
    if reported:
        cache.put_pod(_event(), now=START + 1)
        cache.put_pod(_event(deleted=True), now=START + 23)
    cache.put_group(pod_address_builders.pushed("job=final", at=22.0), monotonic=5.0)
    return cache


def test_final_push_of_a_deleted_job_is_retired_although_its_pod_is_already_deleted() -> None:
    assert [line.split()[0] for line in object_builders.planned(_deleted_with_final_push(reported=True))] == [
        "claim",
        "retire",
    ]
    unreported = pod_address_builders.with_pods(_deleted_with_final_push(reported=False), at=27.0)
    assert [each.verdict for each in object_builders.plan(unreported).decisions] == [drain_planner.Verdict.UNOWNED]


@pytest.mark.parametrize("until", [None, 24.0], ids=["running", "ended"])
def test_address_reported_by_the_watch_is_not_looked_up(until: float | None) -> None:
    cache = object_builders.cache(X, holds=[pod_address_builders.pushed("job=anything", at=10.0)])
    cache.put_pod(_event(until=until), now=START + 5)
    assert object_builders.plan(cache, now=START + 30).lookups == set()
    assert object_builders.planned(cache) == ['claim {job="anything"} for Job prod/x']


def test_address_is_looked_up_if_no_reported_pod_may_have_pushed() -> None:
    cache = object_builders.cache(X, holds=[pod_address_builders.pushed("job=anything", at=40.0)])
    cache.put_pod(_event(until=20.0), now=START + 21)
    assert object_builders.plan(cache, now=START + 41).lookups == {cluster_cache.AddressLookup(pod_address_builders.IP)}


def test_pod_that_should_have_ended_with_its_job_is_looked_up() -> None:
    finished_job = object_builders.job("x", finished=30)
    cache = object_builders.cache(finished_job, holds=[pod_address_builders.pushed("job=anything", at=20.0)])
    cache.put_pod(_event(finished_job), now=START + 5)
    assert object_builders.plan(cache, now=START + 31).lookups == {cluster_cache.AddressLookup(pod_address_builders.IP)}


def test_reported_pod_affects_the_groups_that_it_pushed() -> None:
    record = pod_address_builders.pushed("job=anything")
    cache = pod_address_builders.with_pods(object_builders.cache(X, holds=[record]), at=11.0)
    assert cache.put_pod(_event(), now=START + 12) == {record.key}
    assert cache.put_pod(_event(), now=START + 13) == set()


def test_push_of_a_pod_long_after_the_deletion_of_its_job_belongs_to_the_job() -> None:
    cache = object_builders.cache(
        deleted=[X], deleted_at=20.0, holds=[pod_address_builders.pushed("job=final", at=300.0)]
    )
    cache.put_pod(_event(), now=START + 1)
    cache.put_pod(_event(deleted=True), now=START + 301)
    assert [line.split()[0] for line in object_builders.planned(cache)] == ["claim", "retire"]


def test_pod_without_an_address_is_not_cached() -> None:
    cache = pod_cache.PodCache()
    assert cache.put(_event(addresses=()), now=START) == set()
    assert len(cache) == 0


def test_deleted_pod_is_not_restored_by_a_later_event() -> None:
    cache = pod_cache.PodCache()
    cache.put(_event(deleted=True), now=START + 5)
    assert cache.put(_event(), now=START + 6) == set()
    result = cache.lookup_result(pod_address_builders.IP, None)
    assert result is not None
    assert result.pods[0].ended_at == START + 5


def test_pod_is_found_by_both_of_its_addresses() -> None:
    cache = pod_cache.PodCache()
    assert cache.put(_event(addresses=(pod_address_builders.IP, "2001:db8::7")), now=START) == {
        pod_address_builders.IP,
        "2001:db8::7",
    }
    for address in (pod_address_builders.IP, "2001:db8::7"):
        result = cache.lookup_result(address, None)
        assert result is not None
        assert result.pods[0].owner == X.uid


def test_pod_missing_from_a_list_is_reported_as_missing() -> None:
    cache = pod_cache.PodCache()
    cache.put(_event(), now=START)
    cache.put(_event(uid="other"), now=START)
    cache.put(_event(uid="newer"), now=START + 9)
    listed = {owners.Uid("other")}
    assert [each.pod.uid for each in cache.missing_from(listed, namespace="prod", started=START + 5)] == ["pod-uid"]
    assert cache.missing_from(listed, namespace="dev", started=START + 5) == []


@pytest.mark.parametrize(
    ("deleted", "is_known", "after", "remaining"),
    [
        pytest.param(True, _known, 599.0, 1, id="deleted-for-less-than-ten-minutes"),
        pytest.param(True, _known, 601.0, 0, id="deleted-for-longer"),
        pytest.param(False, _known, 601.0, 1, id="existing"),
        pytest.param(False, lambda _uid: False, 601.0, 0, id="of-an-unknown-object"),
    ],
)
def test_deleted_pod_is_evicted_after_ten_minutes(
    deleted: bool, is_known: Callable[[owners.Uid], bool], after: float, remaining: int
) -> None:
    cache = pod_cache.PodCache()
    cache.put(_event(deleted=deleted), now=START)
    cache.evict(now=START + after, is_cached=is_known)
    assert len(cache) == remaining
    assert (cache.lookup_result(pod_address_builders.IP, None) is not None) is bool(remaining)


def test_lookup_result_without_a_pod_reported_long_before_is_used() -> None:
    cache = pod_cache.PodCache()
    cache.put(_event(), now=START)
    result = cache.lookup_result(pod_address_builders.IP, pod_addresses.LookupResult((), START + 100))
    assert result is not None
    assert result.pods == ()


@hypothesis.given(strategies.lists(strategies.tuples(strategies.integers(0, 3), strategies.booleans()), max_size=30))
def test_each_pod_is_listed_once_at_its_address_after_any_events(events: list[tuple[int, bool]]) -> None:
    cache = pod_cache.PodCache()
    for second, (number, deleted) in enumerate(events):
        cache.put(_event(uid=f"pod-{number}", deleted=deleted), now=START + second)
    result = cache.lookup_result(pod_address_builders.IP, None)
    uids = [] if result is None else [pod.uid for pod in result.pods]
    assert sorted(uids) == sorted({f"pod-{number}" for number, _ in events})
    for number, deleted in events:
        if deleted:
            assert result is not None
            assert all(pod.ended_at is not None for pod in result.pods if pod.uid == f"pod-{number}")
