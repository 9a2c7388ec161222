"""Events and lists result in the same cache in any order."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders, pod_address_builders
from tidegate.model import grouping, owners
from tidegate.operator.cache import cluster_cache, object_cache, owner_views
from tidegate.operator.objects import completion, owner_kinds, pod_addresses, pod_names

JOB = owner_kinds.JOB


def _list(cache: cluster_cache.ClusterCache, *objects: owner_views.OwnerView, started: float, at: float = 20.0) -> None:
    cache.replace_objects(JOB, objects, started=started, monotonic=started + 1, wall=object_builders.START + at)


def _finish(cache: cluster_cache.ClusterCache, view: owner_views.OwnerView) -> completion.Finish | None:
    cached = cache.get_object(view.owner)
    assert cached is not None
    return cached.view.finish


def test_older_event_changes_nothing() -> None:
    running, finished = object_builders.job("x", version=5), object_builders.job("x", version=6, finished=9)
    cache = object_builders.cache()
    cache.put_object(finished, monotonic=5)
    assert cache.put_object(running, monotonic=6) == set()
    assert _finish(cache, running) is not None


def test_list_older_than_an_event_does_not_change_the_object() -> None:
    running, finished = object_builders.job("x", version=5), object_builders.job("x", version=6, finished=9)
    cache = object_builders.cache()
    cache.put_object(finished, monotonic=5)
    _list(cache, running, started=4)
    assert _finish(cache, running) is not None


def test_versions_are_compared_as_numbers() -> None:
    running, finished = object_builders.job("x", version=9), object_builders.job("x", version=10, finished=9)
    cache = object_builders.cache(running)
    cache.put_object(finished, monotonic=5)
    assert _finish(cache, running) is not None


def test_event_without_changes_affects_no_group() -> None:
    group = object_builders.group("job=x")
    cache = object_builders.cache(object_builders.job("x", version=1), holds=[group])
    assert cache.put_object(object_builders.job("x", version=2), monotonic=5) == set()
    assert cache.put_object(object_builders.job("x", version=3, finished=9), monotonic=6) == {group.key}


def test_deleted_object_is_not_restored_by_later_events_or_lists() -> None:
    job = object_builders.job("x", version=5)
    cache = object_builders.cache(job)
    cache.delete_object(job, wall=object_builders.START + 9)
    cache.put_object(object_builders.job("x", version=7), monotonic=9)
    _list(cache, object_builders.job("x", version=8), started=3)
    assert cache.deleted_at(job.owner) == object_builders.START + 9
    assert cache.object_count(JOB) == 0


def test_object_missing_from_a_list_is_deleted() -> None:
    job = object_builders.job("x")
    cache = object_builders.cache(job)
    _list(cache, started=5, at=30)
    assert cache.deleted_at(job.owner) == object_builders.START + 30


def test_object_created_after_the_start_of_a_list_is_kept() -> None:
    job = object_builders.job("x")
    cache = object_builders.cache()
    cache.put_object(job, monotonic=7)
    _list(cache, started=6)
    assert cache.deleted_at(job.owner) is None
    assert cache.object_count(JOB) == 1


def test_claimed_object_is_deleted_when_a_later_list_lacks_it() -> None:
    job = object_builders.job("x")
    cache = object_builders.cache(listed=False)
    cache.put_group(object_builders.group("job=x", claims=[job]), monotonic=5)
    _list(cache, started=5.0)
    assert cache.deleted_at(job.owner) is None, "this list may be older than the claim"
    _list(cache, started=5.5)
    assert cache.deleted_at(job.owner) is not None


def test_list_of_jobs_does_not_delete_a_cronjob() -> None:
    cronjob = object_builders.cronjob("x")
    cache = object_builders.cache(holds=[object_builders.group("job=x", claims=[cronjob])], listed=False)
    _list(cache, started=5)
    assert cache.deleted_at(cronjob.owner) is None


def test_list_of_some_namespaces_does_not_delete_objects_of_others() -> None:
    here, there = object_builders.job("x", namespace="here"), object_builders.job("x", namespace="there")
    cache = object_builders.cache(holds=[object_builders.group("job=x", claims=[here, there])], namespaces=["here"])
    assert cache.deleted_at(here.owner) is not None
    assert cache.deleted_at(there.owner) is None


def test_owner_of_an_unlisted_kind_is_not_deleted() -> None:
    owner = owners.Owner("Workflow", "prod", "x", owners.Uid("w"))
    cache = object_builders.cache(holds=[object_builders.group("job=x", claims=[owners.Claim(owner, 300.0)])])
    assert cache.deleted_at(owner) is None
    assert cache.get_object(owner) is None


def test_deleted_object_is_evicted_after_a_while_unless_a_group_claims_it() -> None:
    plain, claimed = object_builders.job("plain"), object_builders.job("claimed")
    cache = object_builders.cache(
        holds=[object_builders.group("job=claimed", claims=[claimed])], deleted=[plain, claimed]
    )
    _list(cache, started=5, at=21 + object_cache.DELETED_OBJECT_SECONDS)
    assert cache.deleted_at(plain.owner) is None
    assert cache.get_object(plain.owner) is None
    assert list(cache.candidates(object_builders.group("job=plain"))) == []
    assert cache.deleted_at(claimed.owner) is not None


def test_change_of_an_object_affects_the_groups_it_may_own() -> None:
    texts = ("job=x", "job=a,b=c", "job=y,instance=x-bbbbb", "job=y,pod=x-0", "job=z,instance=q-bbbbb")
    named, annotated, podded, hosted, other = (object_builders.group(text) for text in texts)
    job = object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=a,b=c"})
    claimed = object_builders.group("job=old", claims=[job])
    cache = object_builders.cache(holds=[named, annotated, podded, hosted, claimed, other], listed=False)
    touched = cache.put_object(job, monotonic=5)
    assert touched == {named.key, annotated.key, podded.key, hosted.key, claimed.key}


def test_changed_annotation_affects_the_groups_of_the_old_and_new_value() -> None:
    old, new = object_builders.group("job=old"), object_builders.group("job=new")
    cache = object_builders.cache(
        object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=old"}), holds=[old, new]
    )
    assert cache.put_object(
        object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=new"}), monotonic=5
    ) == {
        old.key,
        new.key,
    }
    assert list(cache.candidates(old)) == []


def test_owner_of_a_pod_is_cached_while_a_group_names_the_pod() -> None:
    first, second = object_builders.group("job=a,instance=x-bbbbb"), object_builders.group("job=b,instance=x-bbbbb")
    pod = cluster_cache.PodLookup("prod", "x-bbbbb")
    cache = object_builders.cache(holds=[first, second])
    assert cache.put_pod_owner(pod, owners.Uid("u")) == {first.key, second.key}
    cache.delete_group(first.key)
    assert cache.pod_owners == {"x-bbbbb": {"prod": "u"}}
    cache.delete_group(second.key)
    assert cache.pod_owners == {}


def test_push_repeats_the_lookup_of_a_missing_pod() -> None:
    pod = cluster_cache.PodLookup("prod", "x-bbbbb")
    cache = object_builders.cache(holds=[object_builders.group("job=a,instance=x-bbbbb", revision=7)])
    cache.put_pod_owner(pod, None)
    cache.put_group(object_builders.group("job=a,instance=x-bbbbb", revision=8), monotonic=5)
    assert cache.pod_owners == {"x-bbbbb": {}}


def test_owner_of_a_pod_without_a_group_is_not_cached() -> None:
    cache = object_builders.cache()
    assert cache.put_pod_owner(cluster_cache.PodLookup("prod", "x-bbbbb"), owners.Uid("u")) == set()
    assert cache.pod_owners == {}


def test_clearing_the_groups_clears_their_claims() -> None:
    job = object_builders.job("x")
    group = object_builders.group("job=x", claims=[job])
    cache = object_builders.cache(holds=[group], listed=False)
    cache.clear_groups()
    cache.put_group(group, monotonic=9)
    _list(cache, started=8)
    assert cache.group_keys() == [group.key]
    assert cache.deleted_at(job.owner) is None, "the claim was read again after the start of this list"


def test_job_with_a_long_name_is_found_by_its_truncated_pod_name() -> None:
    job = object_builders.job("a" * 63)
    cache = object_builders.cache(job)
    (candidate,) = cache.candidates(object_builders.group(f"job=y,instance={'a' * 58}bbbbb"))
    assert candidate.view is job
    assert len(pod_names.index_name(job.owner.name)) < 58


class TestRepeatedAddressLookup:
    """Thousands of groups may have been pushed from one address, such as that of a proxy."""

    @pytest.fixture
    def cache(self) -> cluster_cache.ClusterCache:
        early, late = pod_address_builders.pushed("job=early", at=10), pod_address_builders.pushed("job=late", at=60)
        return pod_address_builders.with_pods(object_builders.cache(holds=[early, late]), at=50)

    def _put_again(
        self, cache: cluster_cache.ClusterCache, *pods: pod_addresses.AddressPod
    ) -> set[grouping.GroupingKey]:
        return cache.put_address(
            cluster_cache.AddressLookup(pod_address_builders.IP),
            pod_addresses.LookupResult(pods, object_builders.START + 70),
        )

    def test_unchanged_result_affects_only_later_pushes(self, cache: cluster_cache.ClusterCache) -> None:
        assert self._put_again(cache) == {object_builders.key("job=late")}

    def test_changed_result_affects_all_groups_of_the_address(self, cache: cluster_cache.ClusterCache) -> None:
        assert self._put_again(cache, pod_address_builders.pod("another")) == {
            object_builders.key("job=early"),
            object_builders.key("job=late"),
        }

    def test_first_result_affects_all_groups_of_the_address(self) -> None:
        cache = object_builders.cache(holds=[pod_address_builders.pushed("job=early", at=10)])
        assert self._put_again(cache) == {object_builders.key("job=early")}
