"""Whose a group is where its owner is no Job: a pod by itself, an Argo Workflow, a Tekton TaskRun, anything."""

from __future__ import annotations

import pytest

from tests.operator import object_builders
from tidegate import settings
from tidegate.model import control_api, owners
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.objects import completion, owner_kinds, pod_addresses
from tidegate.operator.planning import planner
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
    """The cache, once the API server has answered what made a pod."""
    cache.put_pod_owner(cluster_cache.PodLookup(namespace, name), None if uid is None else owners.Uid(uid))
    return cache


def _claimed(text: str, by: owner_views.OwnerView, *, rule: str, pushed: float = 10.0) -> control_api.GroupRecord:
    return object_builders.group(text, pushed=pushed, claims=[object_builders.claim(by, rule=rule)])


# Pods by themselves


@pytest.mark.parametrize("label", ["instance", "pod"])
def test_a_group_that_names_a_pod_by_itself_is_the_pods_and_nobody_is_asked(label: str) -> None:
    made = object_builders.plan(
        object_builders.cache(_pod("tool"), holds=[object_builders.group(f"job=any,{label}=tool")])
    )
    (decision,) = made.decisions
    assert (decision.rule, decision.verdict) == (settings.POD, planner.Verdict.ACTIVE)
    assert made.lookups == set()


def test_a_group_named_after_a_pod_by_itself_is_the_pods() -> None:
    (decision,) = object_builders.plan(
        object_builders.cache(_pod("tool"), holds=[object_builders.group("job=tool")])
    ).decisions
    assert (decision.rule, decision.verdict) == (settings.NAME, planner.Verdict.ACTIVE)


def test_the_group_of_a_pod_that_ended_is_retired() -> None:
    over = _pod("tool", finished=15)
    holds = [_claimed("job=any,pod=tool", _pod("tool"), rule=settings.POD)]
    assert object_builders.planned(object_builders.cache(over, holds=holds)) == ['retire {job="any",pod="tool"} of u']


def test_a_pod_that_ended_does_not_end_what_was_pushed_before_it_was_there() -> None:
    over = _pod("tool", created=20, finished=30)
    made = object_builders.cache(over, holds=[object_builders.group("job=any,pod=tool", pushed=10)])
    assert object_builders.planned(made) == []


def test_the_next_pod_of_the_same_name_takes_the_group_over() -> None:
    first, second = _pod("tool", finished=15), _pod("tool", uid="u2", created=20)
    holds = [_claimed("job=any,pod=tool", first, rule=settings.POD)]
    assert object_builders.planned(object_builders.cache(first, second, holds=holds)) == [
        'claim {job="any",pod="tool"} for Pod prod/tool',
        'release {job="any",pod="tool"} of u',
    ]


def test_a_group_is_of_the_pod_by_itself_that_has_its_address() -> None:
    cache = object_builders.cache(_pod("tool"), holds=[object_builders.group("job=any", pushers=(IP,))])
    pod = pod_addresses.AddressPod(
        "prod", "tool", owners.Uid("u"), object_builders.START, None, uses_host_network=False
    )
    cache.put_address(cluster_cache.AddressLookup(IP), pod_addresses.LookupResult((pod,), object_builders.START + 50))
    (decision,) = object_builders.plan(cache).decisions
    assert (decision.rule, decision.verdict) == (settings.ADDRESS, planner.Verdict.ACTIVE)


# What makes pods


@pytest.mark.parametrize(
    ("kind", "name", "pod"),
    [
        pytest.param(owner_kinds.WORKFLOW.name, "fetch-all-x7k2p", "fetch-all-x7k2p-whalesay-1438262543", id="Argo"),
        pytest.param(owner_kinds.TASKRUN.name, "build", "build-pod", id="Tekton"),
        pytest.param(RUN, "night", "night-0", id="any"),
    ],
)
def test_of_a_pod_whose_name_begins_with_an_objects_the_api_server_says_whose_it_is(
    kind: str, name: str, pod: str
) -> None:
    made = object_builders.cache(_object(name, kind=kind), holds=[object_builders.group(f"job=any,instance={pod}")])
    assert object_builders.plan(made).lookups == {cluster_cache.PodLookup("prod", pod)}
    assert object_builders.planned(_resolved(made, pod, "u")) == [
        f'claim {{job="any",instance="{pod}"}} for {kind} prod/{name}'
    ]


@pytest.mark.parametrize("uid", [pytest.param("other", id="made by another"), pytest.param(None, id="not there")])
def test_a_name_alone_makes_no_pod_an_objects(uid: str | None) -> None:
    made = object_builders.cache(_object("night"), holds=[object_builders.group("job=any,pod=night-0")])
    plan = object_builders.plan(_resolved(made, "night-0", uid))
    assert [decision.verdict for decision in plan.decisions] == [planner.Verdict.UNOWNED]
    assert plan.lookups == set()


def test_a_job_owns_no_pod_that_another_object_made() -> None:
    made = object_builders.cache(object_builders.job("x"), holds=[object_builders.group("job=any,pod=x-b2c4d")])
    assert object_builders.planned(_resolved(made, "x-b2c4d", "of-a-workflow")) == []


def test_what_is_no_name_of_a_pod_is_not_asked_about() -> None:
    made = object_builders.plan(
        object_builders.cache(_object("night"), holds=[object_builders.group("job=any,instance=night-0:9100")])
    )
    assert made.lookups == set()


def test_a_pod_is_not_asked_about_in_another_namespace_than_the_groups() -> None:
    holds = [object_builders.group("job=any,namespace=dev,pod=night-0")]
    assert object_builders.plan(object_builders.cache(_object("night"), holds=holds)).lookups == set()


def test_an_object_that_is_gone_is_found_by_its_pods_no_more() -> None:
    night = _object("night", created=-2_000)
    made = object_builders.cache(gone=[night], gone_at=-1_000)
    made.replace_objects(
        owner_kinds.Kind("example.com", "v1", "runs", completion.never_finishes, name=RUN),
        [],
        started=2,
        monotonic=3,
        wall=object_builders.START,
    )
    made.put_group(object_builders.group("job=any,pod=night-0"), monotonic=4.0)
    assert list(made.candidates(object_builders.group("job=any,pod=night-0"))) == []


# Whatever it is


def test_the_group_of_an_object_that_ended_is_retired_by_its_name() -> None:
    over = _object("night", finished=15)
    holds = [_claimed("job=night", _object("night"), rule=settings.NAME)]
    assert object_builders.planned(object_builders.cache(over, holds=holds)) == ['retire {job="night"} of u']


def test_what_an_object_claims_of_a_kind_that_was_never_listed_is_kept() -> None:
    holds = [_claimed("job=night", _object("night"), rule=settings.NAME)]
    (decision,) = object_builders.plan(object_builders.cache(holds=holds)).decisions
    assert (decision.verdict, decision.actions) == (planner.Verdict.UNKNOWN, ())
