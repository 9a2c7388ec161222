"""Ownership by objects other than Jobs: an uncontrolled pod, an Argo Workflow, a Tekton TaskRun, or any kind."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders
from tidegate import settings
from tidegate.model import control_api, owners
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.objects import completion, owner_kinds, pod_addresses
from tidegate.operator.planning import drain_planner
from tidegate.operator.policy import cleanup_rules

RUN = "Run.example.com"
IP = "10.0.0.7"


def _object(
    name: str,
    *,
    kind: str = RUN,
    uid: str = "u",
    namespace: str = "prod",
    created: float = 0.0,
    finished: float | None = None,
    hostname: str | None = None,
) -> owner_views.OwnerView:
    return owner_views.OwnerView(
        owner=owners.Owner(kind, namespace, name, owners.Uid(uid)),
        created=object_builders.START + created,
        rules=cleanup_rules.parse({}),
        finish=None if finished is None else completion.Finish(succeeded=True, at=object_builders.START + finished),
        hostname=hostname,
    )


def _pod(name: str, *, uid: str = "u", created: float = 0.0, finished: float | None = None) -> owner_views.OwnerView:
    return _object(name, kind="Pod", uid=uid, created=created, finished=finished)


def _resolved(
    cache: cluster_cache.ClusterCache, name: str, uid: str | None, *, namespace: str = "prod"
) -> cluster_cache.ClusterCache:
    """Add the response of the API server about the owner of a pod to the cache."""
    cache.put_pod_owner(cluster_cache.PodLookup(namespace, name), None if uid is None else owners.Uid(uid))
    return cache


def _claimed(text: str, by: owner_views.OwnerView, *, rule: str, pushed: float = 10.0) -> control_api.GroupRecord:
    return object_builders.group(text, pushed=pushed, claims=[object_builders.claim(by, rule=rule)])


# Uncontrolled pods.


@pytest.mark.parametrize("label", ["instance", "pod"])
def test_group_that_names_an_uncontrolled_pod_belongs_to_it_without_a_lookup(label: str) -> None:
    plan = object_builders.plan(
        object_builders.cache(_pod("tool"), holds=[object_builders.group(f"job=any,{label}=tool")])
    )
    (decision,) = plan.decisions
    assert (decision.rule, decision.verdict) == (settings.POD, drain_planner.Verdict.ACTIVE)
    assert plan.lookups == set()


def test_group_named_after_an_uncontrolled_pod_belongs_to_it() -> None:
    (decision,) = object_builders.plan(
        object_builders.cache(_pod("tool"), holds=[object_builders.group("job=tool")])
    ).decisions
    assert (decision.rule, decision.verdict) == (settings.NAME, drain_planner.Verdict.ACTIVE)


def test_group_of_a_finished_pod_is_retired() -> None:
    finished_object = _pod("tool", finished=15)
    holds = [_claimed("job=any,pod=tool", _pod("tool"), rule=settings.POD)]
    assert object_builders.planned(object_builders.cache(finished_object, holds=holds)) == [
        'retire {job="any",pod="tool"} of u'
    ]


def test_finished_pod_does_not_retire_a_group_pushed_before_its_creation() -> None:
    finished_object = _pod("tool", created=20, finished=30)
    cache = object_builders.cache(finished_object, holds=[object_builders.group("job=any,pod=tool", pushed=10)])
    assert object_builders.planned(cache) == []


def test_next_pod_of_the_same_name_takes_over_the_group() -> None:
    first, second = _pod("tool", finished=15), _pod("tool", uid="u2", created=20)
    holds = [_claimed("job=any,pod=tool", first, rule=settings.POD)]
    assert object_builders.planned(object_builders.cache(first, second, holds=holds)) == [
        'claim {job="any",pod="tool"} for Pod prod/tool',
        'release {job="any",pod="tool"} of u',
    ]


def test_group_belongs_to_the_uncontrolled_pod_with_its_address() -> None:
    cache = object_builders.cache(_pod("tool"), holds=[object_builders.group("job=any", pushers=(IP,))])
    pod = pod_addresses.AddressPod(
        "prod", "tool", owners.Uid("u"), object_builders.START, None, uses_host_network=False
    )
    cache.put_address(cluster_cache.AddressLookup(IP), pod_addresses.LookupResult((pod,), object_builders.START + 50))
    (decision,) = object_builders.plan(cache).decisions
    assert (decision.rule, decision.verdict) == (settings.ADDRESS, drain_planner.Verdict.ACTIVE)


# Objects that create pods.


@pytest.mark.parametrize(
    ("kind", "name", "pod"),
    [
        pytest.param(owner_kinds.WORKFLOW.name, "fetch-all-x7k2p", "fetch-all-x7k2p-whalesay-1438262543", id="Argo"),
        pytest.param(owner_kinds.TASKRUN.name, "build", "build-pod", id="Tekton"),
        pytest.param(RUN, "night", "night-0", id="any"),
    ],
)
def test_owner_of_a_pod_with_the_prefix_of_an_object_is_looked_up(kind: str, name: str, pod: str) -> None:
    cache = object_builders.cache(_object(name, kind=kind), holds=[object_builders.group(f"job=any,instance={pod}")])
    assert object_builders.plan(cache).lookups == {cluster_cache.PodLookup("prod", pod)}
    assert object_builders.planned(_resolved(cache, pod, "u")) == [
        f'claim {{job="any",instance="{pod}"}} for {kind} prod/{name}'
    ]


@pytest.mark.parametrize("uid", [pytest.param("other", id="made by another"), pytest.param(None, id="not there")])
def test_pod_is_not_owned_by_its_name_prefix_alone(uid: str | None) -> None:
    cache = object_builders.cache(_object("night"), holds=[object_builders.group("job=any,pod=night-0")])
    plan = object_builders.plan(_resolved(cache, "night-0", uid))
    assert [decision.verdict for decision in plan.decisions] == [drain_planner.Verdict.UNOWNED]
    assert plan.lookups == set()


def test_job_does_not_own_a_pod_of_another_object() -> None:
    cache = object_builders.cache(object_builders.job("x"), holds=[object_builders.group("job=any,pod=x-b2c4d")])
    assert object_builders.planned(_resolved(cache, "x-b2c4d", "of-a-workflow")) == []


def test_invalid_pod_name_is_not_looked_up() -> None:
    plan = object_builders.plan(
        object_builders.cache(_object("night"), holds=[object_builders.group("job=any,instance=night-0:9100")])
    )
    assert plan.lookups == set()


def test_pod_is_not_looked_up_in_another_namespace_than_that_of_the_group() -> None:
    holds = [object_builders.group("job=any,namespace=dev,pod=night-0")]
    assert object_builders.plan(object_builders.cache(_object("night"), holds=holds)).lookups == set()


def test_evicted_object_is_not_found_by_its_pods() -> None:
    night = _object("night", created=-2_000)
    cache = object_builders.cache(deleted=[night], deleted_at=-1_000)
    cache.replace_objects(
        owner_kinds.Kind("example.com", "v1", "runs", completion.never_finishes, name=RUN),
        [],
        started=2,
        monotonic=3,
        wall=object_builders.START,
    )
    cache.put_group(object_builders.group("job=any,pod=night-0"), monotonic=4.0)
    assert list(cache.candidates(object_builders.group("job=any,pod=night-0"))) == []


# Any kind.


def test_group_of_a_finished_object_is_retired_by_name() -> None:
    finished_object = _object("night", finished=15)
    holds = [_claimed("job=night", _object("night"), rule=settings.NAME)]
    assert object_builders.planned(object_builders.cache(finished_object, holds=holds)) == ['retire {job="night"} of u']


def test_group_claimed_by_an_object_of_an_unlisted_kind_is_kept() -> None:
    holds = [_claimed("job=night", _object("night"), rule=settings.NAME)]
    (decision,) = object_builders.plan(object_builders.cache(holds=holds)).decisions
    assert (decision.verdict, decision.actions) == (drain_planner.Verdict.UNKNOWN, ())
