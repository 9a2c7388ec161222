"""What a watch on the pods of Jobs has told, and for how long it is remembered."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis
import pytest
from hypothesis import strategies

from tests.operator import object_builders, pod_address_builders
from tidegate.model import owners
from tidegate.operator.cache import cluster_cache, owner_views, pod_cache
from tidegate.operator.objects import pod_addresses
from tidegate.operator.planning import planner

X = object_builders.job("x")
START = object_builders.START


def _known(_uid: owners.Uid) -> bool:
    return True


def _sighting(
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


def _deleted_with_last_words(*, told: bool) -> cluster_cache.ClusterCache:
    """A Job is deleted at 20, its pod pushes its last words at 22 under any name and is gone at 23."""
    cache = object_builders.cache(gone=[X], gone_at=20.0)
    if told:
        cache.put_pod(_sighting(), now=START + 1)
        cache.put_pod(_sighting(deleted=True), now=START + 23)
    cache.put_group(pod_address_builders.pushed("job=last-words", at=22.0), monotonic=5.0)
    return cache


def test_the_last_words_of_a_deleted_job_go_with_it_though_its_pod_is_gone_when_they_are_heard_of() -> None:
    assert [line.split()[0] for line in object_builders.planned(_deleted_with_last_words(told=True))] == [
        "claim",
        "retire",
    ]
    unheard = pod_address_builders.told(_deleted_with_last_words(told=False), at=27.0)
    assert [one.verdict for one in object_builders.plan(unheard).decisions] == [planner.Verdict.UNOWNED]


@pytest.mark.parametrize("until", [None, 24.0], ids=["running", "ended"])
def test_an_address_that_the_watch_told_of_is_not_asked_about(until: float | None) -> None:
    cache = object_builders.cache(X, holds=[pod_address_builders.pushed("job=anything", at=10.0)])
    cache.put_pod(_sighting(until=until), now=START + 5)
    assert object_builders.plan(cache, now=START + 30).lookups == set()
    assert object_builders.planned(cache) == ['claim {job="anything"} for Job prod/x']


def test_an_address_is_asked_about_where_no_pod_that_was_told_of_may_have_pushed() -> None:
    cache = object_builders.cache(X, holds=[pod_address_builders.pushed("job=anything", at=40.0)])
    cache.put_pod(_sighting(until=20.0), now=START + 21)
    assert object_builders.plan(cache, now=START + 41).lookups == {cluster_cache.AddressLookup(pod_address_builders.IP)}


def test_a_pod_that_should_have_ended_with_its_job_is_asked_about() -> None:
    over = object_builders.job("x", finished=30)
    cache = object_builders.cache(over, holds=[pod_address_builders.pushed("job=anything", at=20.0)])
    cache.put_pod(_sighting(over), now=START + 5)
    assert object_builders.plan(cache, now=START + 31).lookups == {cluster_cache.AddressLookup(pod_address_builders.IP)}


def test_a_group_is_planned_when_the_watch_tells_of_the_pod_that_pushed_it() -> None:
    record = pod_address_builders.pushed("job=anything")
    cache = pod_address_builders.told(object_builders.cache(X, holds=[record]), at=11.0)
    assert cache.put_pod(_sighting(), now=START + 12) == {record.key}
    assert cache.put_pod(_sighting(), now=START + 13) == set()


def test_what_a_pod_pushes_long_after_its_job_was_deleted_is_still_the_jobs() -> None:
    cache = object_builders.cache(
        gone=[X], gone_at=20.0, holds=[pod_address_builders.pushed("job=last-words", at=300.0)]
    )
    cache.put_pod(_sighting(), now=START + 1)
    cache.put_pod(_sighting(deleted=True), now=START + 301)
    assert [line.split()[0] for line in object_builders.planned(cache)] == ["claim", "retire"]


def test_a_pod_without_an_address_is_not_kept() -> None:
    cache = pod_cache.PodCache()
    assert cache.put(_sighting(addresses=()), now=START) == set()
    assert len(cache) == 0


def test_a_pod_that_is_gone_does_not_come_back() -> None:
    cache = pod_cache.PodCache()
    cache.put(_sighting(deleted=True), now=START + 5)
    assert cache.put(_sighting(), now=START + 6) == set()
    told = cache.lookup_result(pod_address_builders.IP, None)
    assert told is not None
    assert told.pods[0].ended_at == START + 5


def test_both_addresses_of_a_pod_lead_to_it() -> None:
    cache = pod_cache.PodCache()
    assert cache.put(_sighting(addresses=(pod_address_builders.IP, "2001:db8::7")), now=START) == {
        pod_address_builders.IP,
        "2001:db8::7",
    }
    for address in (pod_address_builders.IP, "2001:db8::7"):
        told = cache.lookup_result(address, None)
        assert told is not None
        assert told.pods[0].owner == X.uid


def test_a_list_that_lacks_a_pod_tells_of_its_end() -> None:
    cache = pod_cache.PodCache()
    cache.put(_sighting(), now=START)
    cache.put(_sighting(uid="other"), now=START)
    cache.put(_sighting(uid="newer"), now=START + 9)
    found = {owners.Uid("other")}
    assert [each.pod.uid for each in cache.missing_from(found, namespace="prod", started=START + 5)] == ["pod-uid"]
    assert cache.missing_from(found, namespace="dev", started=START + 5) == []


@pytest.mark.parametrize(
    ("deleted", "is_known", "after", "left"),
    [
        pytest.param(True, _known, 599.0, 1, id="gone-for-less-than-ten-minutes"),
        pytest.param(True, _known, 601.0, 0, id="gone-for-longer"),
        pytest.param(False, _known, 601.0, 1, id="there"),
        pytest.param(False, lambda _uid: False, 601.0, 0, id="of-an-object-that-nobody-knows"),
    ],
)
def test_a_pod_is_remembered_for_some_minutes(
    deleted: bool, is_known: Callable[[owners.Uid], bool], after: float, left: int
) -> None:
    cache = pod_cache.PodCache()
    cache.put(_sighting(deleted=deleted), now=START)
    cache.evict(now=START + after, is_cached=is_known)
    assert len(cache) == left
    assert (cache.lookup_result(pod_address_builders.IP, None) is not None) is bool(left)


def test_an_answer_that_lacks_a_pod_that_was_told_of_long_before_is_believed() -> None:
    cache = pod_cache.PodCache()
    cache.put(_sighting(), now=START)
    told = cache.lookup_result(pod_address_builders.IP, pod_addresses.LookupResult((), START + 100))
    assert told is not None
    assert told.pods == ()


@hypothesis.given(strategies.lists(strategies.tuples(strategies.integers(0, 3), strategies.booleans()), max_size=30))
def test_each_pod_is_at_its_address_once_whatever_was_told_in_whatever_order(told: list[tuple[int, bool]]) -> None:
    cache = pod_cache.PodCache()
    for second, (number, deleted) in enumerate(told):
        cache.put(_sighting(uid=f"pod-{number}", deleted=deleted), now=START + second)
    answer = cache.lookup_result(pod_address_builders.IP, None)
    uids = [] if answer is None else [pod.uid for pod in answer.pods]
    assert sorted(uids) == sorted({f"pod-{number}" for number, _ in told})
    for number, deleted in told:
        if deleted:
            assert answer is not None
            assert all(pod.ended_at is not None for pod in answer.pods if pod.uid == f"pod-{number}")
