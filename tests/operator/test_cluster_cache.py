"""How events and lists make one picture, whichever comes first."""

from __future__ import annotations

import pytest

from tests.operator import object_builders, pod_address_builders
from tidegate.model import grouping, owners
from tidegate.operator.cache import cluster_cache, object_cache, owner_views
from tidegate.operator.objects import completion, owner_kinds, pod_addresses, pod_names

JOB = owner_kinds.JOB


def _list(picture: cluster_cache.Picture, *found: owner_views.OwnerView, started: float, at: float = 20.0) -> None:
    picture.listed(JOB, found, started=started, steady=started + 1, wall=object_builders.START + at)


def _finish(picture: cluster_cache.Picture, view: owner_views.OwnerView) -> completion.Finish | None:
    known = picture.known(view.owner)
    assert known is not None
    return known.view.finish


def test_an_older_event_changes_nothing() -> None:
    running, finished = object_builders.job("x", version=5), object_builders.job("x", version=6, finished=9)
    picture = object_builders.picture()
    picture.saw(finished, steady=5)
    assert picture.saw(running, steady=6) == set()
    assert _finish(picture, running) is not None


def test_a_list_older_than_an_event_changes_nothing_of_that_object() -> None:
    running, finished = object_builders.job("x", version=5), object_builders.job("x", version=6, finished=9)
    picture = object_builders.picture()
    picture.saw(finished, steady=5)
    _list(picture, running, started=4)
    assert _finish(picture, running) is not None


def test_versions_are_compared_as_numbers() -> None:
    running, finished = object_builders.job("x", version=9), object_builders.job("x", version=10, finished=9)
    picture = object_builders.picture(running)
    picture.saw(finished, steady=5)
    assert _finish(picture, running) is not None


def test_an_event_without_news_touches_nothing() -> None:
    group = object_builders.group("job=x")
    picture = object_builders.picture(object_builders.job("x", version=1), holds=[group])
    assert picture.saw(object_builders.job("x", version=2), steady=5) == set()
    assert picture.saw(object_builders.job("x", version=3, finished=9), steady=6) == {group.key}


def test_a_deleted_object_never_comes_back() -> None:
    job = object_builders.job("x", version=5)
    picture = object_builders.picture(job)
    picture.saw_deleted(job, wall=object_builders.START + 9)
    picture.saw(object_builders.job("x", version=7), steady=9)
    _list(picture, object_builders.job("x", version=8), started=3)
    assert picture.gone_at(job.owner) == object_builders.START + 9
    assert picture.count(JOB) == 0


def test_an_object_that_a_list_lacks_is_gone() -> None:
    job = object_builders.job("x")
    picture = object_builders.picture(job)
    _list(picture, started=5, at=30)
    assert picture.gone_at(job.owner) == object_builders.START + 30


def test_an_object_created_after_the_list_began_stays() -> None:
    job = object_builders.job("x")
    picture = object_builders.picture()
    picture.saw(job, steady=7)
    _list(picture, started=6)
    assert picture.gone_at(job.owner) is None
    assert picture.count(JOB) == 1


def test_a_claimed_object_that_nobody_saw_is_gone_when_a_later_list_lacks_it() -> None:
    job = object_builders.job("x")
    picture = object_builders.picture(listed=False)
    picture.changed(object_builders.group("job=x", claims=[job]), steady=5)
    _list(picture, started=5.0)
    assert picture.gone_at(job.owner) is None, "this list may be older than the claim"
    _list(picture, started=5.5)
    assert picture.gone_at(job.owner) is not None


def test_a_list_of_jobs_says_nothing_of_a_cronjob() -> None:
    cronjob = object_builders.cronjob("x")
    picture = object_builders.picture(holds=[object_builders.group("job=x", claims=[cronjob])], listed=False)
    _list(picture, started=5)
    assert picture.gone_at(cronjob.owner) is None


def test_a_list_of_some_namespaces_says_nothing_of_others() -> None:
    here, there = object_builders.job("x", namespace="here"), object_builders.job("x", namespace="there")
    picture = object_builders.picture(holds=[object_builders.group("job=x", claims=[here, there])], namespaces=["here"])
    assert picture.gone_at(here.owner) is not None
    assert picture.gone_at(there.owner) is None


def test_a_claim_of_a_kind_that_is_not_listed_is_never_gone() -> None:
    owner = owners.Owner("Workflow", "prod", "x", owners.Uid("w"))
    picture = object_builders.picture(holds=[object_builders.group("job=x", claims=[owners.Claim(owner, 300.0)])])
    assert picture.gone_at(owner) is None
    assert picture.known(owner) is None


def test_what_left_is_forgotten_after_a_while_unless_a_group_claims_it() -> None:
    plain, claimed = object_builders.job("plain"), object_builders.job("claimed")
    picture = object_builders.picture(
        holds=[object_builders.group("job=claimed", claims=[claimed])], gone=[plain, claimed]
    )
    _list(picture, started=5, at=21 + object_cache.MEMORY_SECONDS)
    assert picture.gone_at(plain.owner) is None
    assert picture.known(plain.owner) is None
    assert list(picture.candidates(object_builders.group("job=plain"))) == []
    assert picture.gone_at(claimed.owner) is not None


def test_a_change_of_an_object_touches_the_groups_it_may_be_about() -> None:
    texts = ("job=x", "job=a,b=c", "job=y,instance=x-bbbbb", "job=y,pod=x-0", "job=z,instance=q-bbbbb")
    named, annotated, podded, hosted, other = (object_builders.group(text) for text in texts)
    job = object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=a,b=c"})
    claimed = object_builders.group("job=old", claims=[job])
    picture = object_builders.picture(holds=[named, annotated, podded, hosted, claimed, other], listed=False)
    touched = picture.saw(job, steady=5)
    assert touched == {named.key, annotated.key, podded.key, hosted.key, claimed.key}


def test_a_new_annotation_touches_what_the_old_one_named() -> None:
    old, new = object_builders.group("job=old"), object_builders.group("job=new")
    picture = object_builders.picture(
        object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=old"}), holds=[old, new]
    )
    assert picture.saw(object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=new"}), steady=5) == {
        old.key,
        new.key,
    }
    assert list(picture.candidates(old)) == []


def test_the_answer_about_a_pod_is_kept_while_a_group_names_it() -> None:
    first, second = object_builders.group("job=a,instance=x-bbbbb"), object_builders.group("job=b,instance=x-bbbbb")
    pod = cluster_cache.Pod("prod", "x-bbbbb")
    picture = object_builders.picture(holds=[first, second])
    assert picture.resolved(pod, owners.Uid("u")) == {first.key, second.key}
    picture.deleted(first.key)
    assert picture.pods == {"x-bbbbb": {"prod": "u"}}
    picture.deleted(second.key)
    assert picture.pods == {}


def test_a_push_asks_again_about_a_pod_that_was_not_there() -> None:
    pod = cluster_cache.Pod("prod", "x-bbbbb")
    picture = object_builders.picture(holds=[object_builders.group("job=a,instance=x-bbbbb", revision=7)])
    picture.resolved(pod, None)
    picture.changed(object_builders.group("job=a,instance=x-bbbbb", revision=8), steady=5)
    assert picture.pods == {"x-bbbbb": {}}


def test_an_answer_about_a_pod_of_no_group_is_not_kept() -> None:
    picture = object_builders.picture()
    assert picture.resolved(cluster_cache.Pod("prod", "x-bbbbb"), owners.Uid("u")) == set()
    assert picture.pods == {}


def test_forgetting_the_groups_forgets_their_claims() -> None:
    job = object_builders.job("x")
    group = object_builders.group("job=x", claims=[job])
    picture = object_builders.picture(holds=[group], listed=False)
    picture.forget_groups()
    picture.changed(group, steady=9)
    _list(picture, started=8)
    assert picture.group_keys() == [group.key]
    assert picture.gone_at(job.owner) is None, "the claim was seen anew after this list began"


def test_long_names_are_found_by_their_cut_pod_names() -> None:
    job = object_builders.job("a" * 63)
    picture = object_builders.picture(job)
    (found,) = picture.candidates(object_builders.group(f"job=y,instance={'a' * 58}bbbbb"))
    assert found.view is job
    assert len(pod_names.word(job.owner.name)) < 58


class TestAnAddressThatIsAskedAboutAgain:
    """By one address, that of a proxy, thousands of groups may have been pushed."""

    @pytest.fixture
    def picture(self) -> cluster_cache.Picture:
        early, late = pod_address_builders.pushed("job=early", at=10), pod_address_builders.pushed("job=late", at=60)
        return pod_address_builders.told(object_builders.picture(holds=[early, late]), at=50)

    def _again(self, picture: cluster_cache.Picture, *pods: pod_addresses.AddressPod) -> set[grouping.GroupingKey]:
        return picture.address_resolved(
            cluster_cache.Address(pod_address_builders.IP), pod_addresses.Answer(pods, object_builders.START + 70)
        )

    def test_the_same_answer_is_news_of_later_pushes_alone(self, picture: cluster_cache.Picture) -> None:
        assert self._again(picture) == {object_builders.key("job=late")}

    def test_another_answer_is_news_of_all_its_groups(self, picture: cluster_cache.Picture) -> None:
        assert self._again(picture, pod_address_builders.pod("somebody")) == {
            object_builders.key("job=early"),
            object_builders.key("job=late"),
        }

    def test_the_first_answer_is_news_of_all_its_groups(self) -> None:
        picture = object_builders.picture(holds=[pod_address_builders.pushed("job=early", at=10)])
        assert self._again(picture) == {object_builders.key("job=early")}
