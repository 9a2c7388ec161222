"""Ownership by the pod that pushed: by the address of the push, and the pods that the API server has at it."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders, pod_address_builders
from tidegate import settings
from tidegate.model import control_api, owners
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.objects import pod_addresses
from tidegate.operator.planning import drain_planner

X = object_builders.job("x")
FINISHED = object_builders.job("x", finished=15)
CLAIM = 'claim {job="anything"} for Job prod/x'
RETIRE = f'retire {{job="anything"}} of {X.uid}'


def test_group_is_not_decided_before_its_address_is_looked_up() -> None:
    plan = object_builders.plan(object_builders.cache(X, holds=[pod_address_builders.pushed("job=x")]))
    assert plan.lookups == {cluster_cache.AddressLookup(pod_address_builders.IP)}
    assert plan.actions == []


@pytest.mark.parametrize(
    ("pods", "claims"),
    [
        pytest.param([pod_address_builders.pod(X)], [CLAIM], id="its-pod"),
        pytest.param(
            [pod_address_builders.pod(X, until=8.0)], [CLAIM], id="its-pod-that-ended-a-moment-before-by-its-clock"
        ),
        pytest.param([pod_address_builders.pod(X, until=3.0)], [], id="its-pod-had-ended"),
        pytest.param([pod_address_builders.pod(X, since=16.0)], [], id="its-pod-came-later"),
        pytest.param([pod_address_builders.pod(X, since=None)], [], id="its-pod-had-not-begun"),
        pytest.param([pod_address_builders.pod(X, is_host=True)], [], id="on-the-network-of-its-node"),
        pytest.param([pod_address_builders.pod("a-replica-set")], [], id="a-proxy"),
        pytest.param(
            [pod_address_builders.pod(X, until=5.0), pod_address_builders.pod("a-replica-set", since=6.0)],
            [],
            id="address-used-again",
        ),
        pytest.param(
            [pod_address_builders.pod("a-replica-set", until=5.0), pod_address_builders.pod(X, since=6.0)],
            [CLAIM],
            id="address-of-another-pod-before",
        ),
        pytest.param(
            [pod_address_builders.pod(X), pod_address_builders.pod("a-replica-set")], [], id="two-pods-with-one-address"
        ),
        pytest.param([], [], id="outside-the-cluster"),
    ],
)
def test_job_owns_groups_that_its_pod_pushed(pods: list[pod_addresses.AddressPod], claims: list[str]) -> None:
    assert (
        object_builders.planned(
            pod_address_builders.with_pods(
                object_builders.cache(X, holds=[pod_address_builders.pushed("job=anything")]), *pods
            )
        )
        == claims
    )


def test_group_pushed_by_the_pod_of_a_finished_job_is_retired() -> None:
    cache = pod_address_builders.with_pods(
        object_builders.cache(FINISHED, holds=[pod_address_builders.pushed("job=anything")]),
        pod_address_builders.pod(FINISHED, until=15.0),
    )
    assert object_builders.planned(cache) == [CLAIM, RETIRE]


def test_job_seen_after_its_pod_claims_the_group() -> None:
    record = pod_address_builders.pushed("job=anything")
    cache = pod_address_builders.with_pods(object_builders.cache(holds=[record]), pod_address_builders.pod(X))
    assert object_builders.planned(cache) == []
    assert cache.put_object(X, monotonic=9.0) == {record.key}
    assert object_builders.planned(cache) == [CLAIM]


def test_group_named_after_its_cronjob_is_kept_between_runs() -> None:
    cronjob = object_builders.cronjob("nightly")
    run = object_builders.job("nightly-29000000", parent=cronjob.owner, finished=15)
    cache = pod_address_builders.with_pods(
        object_builders.cache(cronjob, run, holds=[pod_address_builders.pushed("job=nightly")]),
        pod_address_builders.pod(run),
    )
    assert object_builders.planned(cache) == ['claim {job="nightly"} for CronJob prod/nightly']


def test_group_that_names_a_pod_belongs_to_the_run_although_it_has_the_name_of_the_cronjob() -> None:
    cronjob = object_builders.cronjob("nightly")
    run = object_builders.job("nightly-29000000", parent=cronjob.owner, finished=15)
    record = pod_address_builders.pushed("job=nightly,instance=nightly-29000000-b2c4d")
    cache = pod_address_builders.with_pods(
        object_builders.cache(cronjob, run, holds=[record]),
        pod_address_builders.pod(run, name="nightly-29000000-b2c4d"),
    )
    assert [line.split()[0] for line in object_builders.planned(cache)] == ["claim", "retire"]


@pytest.mark.parametrize("labels", ["job=x", "job=anything"])
def test_job_of_another_namespace_does_not_own_a_group_that_a_pod_pushed(labels: str) -> None:
    foreign = object_builders.job(
        "x", namespace="dev", finished=15, annotations={"tidegate.dev/grouping-key": "job=anything;job=x"}
    )
    cache = pod_address_builders.with_pods(
        object_builders.cache(foreign, X, holds=[pod_address_builders.pushed(labels)]), pod_address_builders.pod(X)
    )
    assert [line.partition(" for ")[2] for line in object_builders.planned(cache)] == ["Job prod/x"]


def test_claim_by_name_from_another_namespace_is_released_when_the_address_is_known() -> None:
    foreign = object_builders.job("x", namespace="dev")
    cache = pod_address_builders.with_pods(
        object_builders.cache(
            foreign,
            X,
            holds=[pod_address_builders.pushed("job=x", claims=(foreign, pod_address_builders.by_address(X)))],
        ),
        pod_address_builders.pod(X),
    )
    assert object_builders.planned(cache) == ['release {job="x"} of dev-x-uid']


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


@pytest.mark.parametrize(
    ("ownership", "claimants"),
    [
        pytest.param(("address", "annotation", "pod", "name"), ["Job prod/x"], id="all"),
        pytest.param(("name",), ["Job prod/y"], id="name-alone"),
        pytest.param(("name", "address"), ["Job prod/y"], id="name-first"),
        pytest.param(("annotation",), [], id="annotation-alone"),
    ],
)
def test_ownership_rules_can_be_reordered_and_disabled(ownership: tuple[str, ...], claimants: list[str]) -> None:
    rules = settings.RuleSettings(ownership=ownership)
    cache = pod_address_builders.with_pods(
        object_builders.cache(X, object_builders.job("y"), holds=[pod_address_builders.pushed("job=y")]),
        pod_address_builders.pod(X),
    )
    actions = drain_planner.plan(cache, rules=rules, now=object_builders.NOW).actions
    assert [str(action.claim.owner) for action in actions if isinstance(action, control_api.ClaimGroup)] == claimants


def test_address_without_groups_is_evicted() -> None:
    record = pod_address_builders.pushed("job=anything")
    cache = pod_address_builders.with_pods(object_builders.cache(X, holds=[record]), pod_address_builders.pod(X))
    cache.delete_group(record.key)
    assert cache.get_address(pod_address_builders.IP) is None


def test_group_that_names_a_pod_hostname_belongs_to_the_run_although_it_has_the_name_of_the_cronjob() -> None:
    cronjob = object_builders.cronjob("nightly")
    run = object_builders.job("nightly-29000000", parent=cronjob.owner, finished=15, completions=2)
    record = pod_address_builders.pushed("job=nightly,instance=nightly-29000000-1")
    cache = pod_address_builders.with_pods(
        object_builders.cache(cronjob, run, holds=[record]),
        pod_address_builders.pod(run, name="nightly-29000000-1-b2c4d"),
    )
    assert [line.split()[0] for line in object_builders.planned(cache)] == ["claim", "retire"]


def test_claim_by_name_becomes_a_claim_by_address_when_the_address_is_known() -> None:
    cache = pod_address_builders.with_pods(
        object_builders.cache(X, holds=[pod_address_builders.pushed("job=x", claims=(X,))]),
        pod_address_builders.pod(X),
    )
    (action,) = object_builders.plan(cache).actions
    assert isinstance(action, control_api.ClaimGroup)
    assert action.claim == pod_address_builders.by_address(X)


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


def _retired(cache: cluster_cache.ClusterCache, *, at: float) -> bool:
    actions = object_builders.plan(cache, now=object_builders.START + at).actions
    return any(isinstance(action, control_api.StartDrain) for action in actions)


@pytest.mark.parametrize("deleted", [False, True], ids=["finished", "deleted"])
@pytest.mark.parametrize("claimed", [False, True], ids=["new", "claimed"])
@pytest.mark.parametrize(("name", "annotations"), BY_NAME_OR_KEY)
def test_group_of_a_pushing_service_is_never_retired_with_a_finished_job(
    name: str, annotations: dict[str, str], claimed: bool, deleted: bool
) -> None:
    for pushed in range(90, 300):
        cache = _with_a_service(name, annotations, pushed=float(pushed), claimed=claimed, deleted=deleted)
        assert not _retired(cache, at=pushed + 0.1), f"the push {pushed - 100} s after the end of the Job"


@pytest.mark.parametrize("claimed", [False, True], ids=["new", "claimed"])
@pytest.mark.parametrize(("name", "annotations"), BY_NAME_OR_KEY)
@pytest.mark.parametrize(("pushed", "is_retired"), [(99.0, True), (104.0, True), (106.0, False)])
def test_group_forwarded_by_a_proxy_before_the_end_of_a_job_is_retired_a_minute_later(
    name: str, annotations: dict[str, str], claimed: bool, pushed: float, is_retired: bool
) -> None:
    cache = _with_a_service(name, annotations, pushed=pushed, claimed=claimed)
    assert [_retired(cache, at=at) for at in (150.0, 159.0, 161.0)] == [False, False, is_retired]


def test_group_that_names_a_pod_is_retired_at_once_although_a_proxy_forwarded_it() -> None:
    record = pod_address_builders.pushed("job=anything,instance=x-b2c4d", at=90.0)
    cache = pod_address_builders.with_pods(
        object_builders.cache(object_builders.job("x", finished=100), holds=[record]),
        pod_address_builders.pod(SERVICE),
        at=90.0,
    )
    cache.put_pod_owner(cluster_cache.PodLookup("prod", "x-b2c4d"), X.uid)
    assert _retired(cache, at=101.0)


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


def test_address_outside_the_cluster_does_not_delay_later_pushes() -> None:
    record = pod_address_builders.pushed("job=x", at=15.0)
    cache = pod_address_builders.with_pods(object_builders.cache(FINISHED, holds=[record]), at=2.0)
    pod_address_builders.with_pods(cache, at=7.0)
    assert _retired(cache, at=15.1)


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


# Cases of several pushers.

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
