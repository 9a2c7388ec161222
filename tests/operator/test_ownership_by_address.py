"""Which pod pushed: by the address that the gateway saw, and by what the API server has at it."""

from __future__ import annotations

import pytest

from tests.operator import object_builders, pod_address_builders
from tidegate import settings
from tidegate.model import control_api, owners
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.objects import pod_addresses
from tidegate.operator.planning import planner

X = object_builders.job("x")
OVER = object_builders.job("x", finished=15)
CLAIM = 'claim {job="anything"} for Job prod/x'
RETIRE = f'retire {{job="anything"}} of {X.uid}'


def test_nothing_is_said_of_a_group_before_its_address_is_known() -> None:
    made = object_builders.plan(object_builders.cache(X, holds=[pod_address_builders.pushed("job=x")]))
    assert made.lookups == {cluster_cache.AddressLookup(pod_address_builders.IP)}
    assert made.actions == []


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
            id="address-that-was-anothers",
        ),
        pytest.param(
            [pod_address_builders.pod(X), pod_address_builders.pod("a-replica-set")], [], id="two-pods-with-one-address"
        ),
        pytest.param([], [], id="nobody-of-the-cluster"),
    ],
)
def test_a_job_owns_whatever_its_pod_pushed(pods: list[pod_addresses.AddressPod], claims: list[str]) -> None:
    assert (
        object_builders.planned(
            pod_address_builders.told(
                object_builders.cache(X, holds=[pod_address_builders.pushed("job=anything")]), *pods
            )
        )
        == claims
    )


def test_a_job_that_is_over_takes_what_its_pod_pushed_with_it() -> None:
    cache = pod_address_builders.told(
        object_builders.cache(OVER, holds=[pod_address_builders.pushed("job=anything")]),
        pod_address_builders.pod(OVER, until=15.0),
    )
    assert object_builders.planned(cache) == [CLAIM, RETIRE]


def test_the_address_leads_to_a_job_that_is_seen_after_its_pod() -> None:
    record = pod_address_builders.pushed("job=anything")
    cache = pod_address_builders.told(object_builders.cache(holds=[record]), pod_address_builders.pod(X))
    assert object_builders.planned(cache) == []
    assert cache.put_object(X, monotonic=9.0) == {record.key}
    assert object_builders.planned(cache) == [CLAIM]


def test_what_has_the_name_of_its_cronjob_stays_between_the_runs() -> None:
    cronjob = object_builders.cronjob("nightly")
    run = object_builders.job("nightly-29000000", parent=cronjob.owner, finished=15)
    cache = pod_address_builders.told(
        object_builders.cache(cronjob, run, holds=[pod_address_builders.pushed("job=nightly")]),
        pod_address_builders.pod(run),
    )
    assert object_builders.planned(cache) == ['claim {job="nightly"} for CronJob prod/nightly']


def test_what_names_the_pod_too_is_of_the_run_though_its_cronjob_has_the_name() -> None:
    cronjob = object_builders.cronjob("nightly")
    run = object_builders.job("nightly-29000000", parent=cronjob.owner, finished=15)
    record = pod_address_builders.pushed("job=nightly,instance=nightly-29000000-b2c4d")
    cache = pod_address_builders.told(
        object_builders.cache(cronjob, run, holds=[record]),
        pod_address_builders.pod(run, name="nightly-29000000-b2c4d"),
    )
    assert [line.split()[0] for line in object_builders.planned(cache)] == ["claim", "retire"]


@pytest.mark.parametrize("labels", ["job=x", "job=anything"])
def test_no_job_of_another_namespace_owns_what_a_jobs_pod_pushed(labels: str) -> None:
    foreign = object_builders.job(
        "x", namespace="dev", finished=15, annotations={"tidegate.dev/grouping-key": "job=anything;job=x"}
    )
    cache = pod_address_builders.told(
        object_builders.cache(foreign, X, holds=[pod_address_builders.pushed(labels)]), pod_address_builders.pod(X)
    )
    assert [line.partition(" for ")[2] for line in object_builders.planned(cache)] == ["Job prod/x"]


def test_a_claim_by_name_from_another_namespace_goes_once_the_address_is_known() -> None:
    foreign = object_builders.job("x", namespace="dev")
    cache = pod_address_builders.told(
        object_builders.cache(
            foreign,
            X,
            holds=[pod_address_builders.pushed("job=x", claims=(foreign, pod_address_builders.by_address(X)))],
        ),
        pod_address_builders.pod(X),
    )
    assert object_builders.planned(cache) == ['release {job="x"} of dev-x-uid']


def test_a_group_that_another_jobs_pod_pushed_last_does_not_end_with_the_job_of_its_name() -> None:
    other = object_builders.job("other")
    cache = pod_address_builders.told(
        object_builders.cache(OVER, other, holds=[pod_address_builders.pushed("job=x", claims=(OVER,))]),
        pod_address_builders.pod(other),
    )
    assert object_builders.planned(cache) == [
        'claim {job="x"} for Job prod/other',
        f'release {{job="x"}} of {OVER.uid}',
    ]


def test_what_something_that_runs_on_pushes_too_is_no_jobs_by_its_address() -> None:
    record = object_builders.group("job=anything", pushers=(pod_address_builders.IP, pod_address_builders.OTHER_IP))
    cache = pod_address_builders.told(object_builders.cache(OVER, holds=[record]), pod_address_builders.pod(OVER))
    pod_address_builders.told(cache, pod_address_builders.pod("a-replica-set"), address=pod_address_builders.OTHER_IP)
    assert object_builders.planned(cache) == []


def test_behind_a_proxy_the_name_decides() -> None:
    cache = pod_address_builders.told(
        object_builders.cache(OVER, holds=[pod_address_builders.pushed("job=x")]),
        pod_address_builders.pod("a-replica-set"),
    )
    assert [line.split()[0] for line in object_builders.planned(cache)] == ["claim", "retire"]


@pytest.mark.parametrize(
    ("objects", "claims", "at", "is_asked"),
    [
        pytest.param([X], (pod_address_builders.by_address(X),), 20.0, False, id="its-job-runs-and-claims-it"),
        pytest.param([OVER], (pod_address_builders.by_address(OVER),), 20.0, True, id="its-job-is-over"),
        pytest.param([X], (), 20.0, True, id="nobody-claims-it-yet"),
        pytest.param([X], (), 10.0, False, id="asked-since-the-push"),
    ],
)
def test_an_address_is_asked_about_again_only_where_it_matters(
    objects: list[owner_views.OwnerView], claims: tuple[owners.Claim, ...], at: float, is_asked: bool
) -> None:
    cache = object_builders.cache(*objects, holds=[pod_address_builders.pushed("job=anything", at=at, claims=claims)])
    pod_address_builders.told(cache, pod_address_builders.pod(objects[0]), at=12.0)
    assert object_builders.plan(cache, now=object_builders.START + at).lookups == (
        {cluster_cache.AddressLookup(pod_address_builders.IP)} if is_asked else set()
    )


@pytest.mark.parametrize(("now", "is_asked"), [(30.0, False), (43.0, True)])
def test_an_address_that_leads_to_nothing_is_asked_about_twice_a_minute(now: float, is_asked: bool) -> None:
    cache = pod_address_builders.told(
        object_builders.cache(holds=[pod_address_builders.pushed("job=anything", at=20.0)]),
        pod_address_builders.pod("a-replica-set"),
        at=12.0,
    )
    assert bool(object_builders.plan(cache, now=object_builders.START + now).lookups) is is_asked


@pytest.mark.parametrize(
    ("ownership", "claimants"),
    [
        pytest.param(("address", "annotation", "pod", "name"), ["Job prod/x"], id="all"),
        pytest.param(("name",), ["Job prod/y"], id="name-alone"),
        pytest.param(("name", "address"), ["Job prod/y"], id="name-first"),
        pytest.param(("annotation",), [], id="annotation-alone"),
    ],
)
def test_the_rules_can_be_ordered_and_left_out(ownership: tuple[str, ...], claimants: list[str]) -> None:
    rules = settings.RuleSettings(ownership=ownership)
    cache = pod_address_builders.told(
        object_builders.cache(X, object_builders.job("y"), holds=[pod_address_builders.pushed("job=y")]),
        pod_address_builders.pod(X),
    )
    actions = planner.plan(cache, rules=rules, now=object_builders.NOW).actions
    assert [str(action.claim.owner) for action in actions if isinstance(action, control_api.ClaimGroup)] == claimants


def test_an_address_that_no_group_has_any_more_is_forgotten() -> None:
    record = pod_address_builders.pushed("job=anything")
    cache = pod_address_builders.told(object_builders.cache(X, holds=[record]), pod_address_builders.pod(X))
    cache.delete_group(record.key)
    assert cache.get_address(pod_address_builders.IP) is None


def test_what_names_the_host_of_its_pod_is_of_the_run_though_its_cronjob_has_the_name() -> None:
    cronjob = object_builders.cronjob("nightly")
    run = object_builders.job("nightly-29000000", parent=cronjob.owner, finished=15, completions=2)
    record = pod_address_builders.pushed("job=nightly,instance=nightly-29000000-1")
    cache = pod_address_builders.told(
        object_builders.cache(cronjob, run, holds=[record]),
        pod_address_builders.pod(run, name="nightly-29000000-1-b2c4d"),
    )
    assert [line.split()[0] for line in object_builders.planned(cache)] == ["claim", "retire"]


def test_a_claim_by_name_becomes_one_by_address_when_that_is_known() -> None:
    cache = pod_address_builders.told(
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


def _beside_a_service(
    name: str, annotations: dict[str, str], *, pushed: float, claimed: bool, gone: bool = False
) -> cluster_cache.ClusterCache:
    """A Job that ends after 100 s, and a group that the pod of a service pushes."""
    running = object_builders.job(name, annotations=annotations)
    record = pod_address_builders.pushed("job=x", at=pushed, claims=(running,) if claimed else ())
    if gone:
        cache = object_builders.cache(gone=[running], gone_at=100, holds=[record])
    else:
        cache = object_builders.cache(object_builders.job(name, annotations=annotations, finished=100), holds=[record])
    return pod_address_builders.told(cache, pod_address_builders.pod(SERVICE), at=pushed)


def _retired(cache: cluster_cache.ClusterCache, *, at: float) -> bool:
    actions = object_builders.plan(cache, now=object_builders.START + at).actions
    return any(isinstance(action, control_api.StartDrain) for action in actions)


@pytest.mark.parametrize("gone", [False, True], ids=["finished", "gone"])
@pytest.mark.parametrize("claimed", [False, True], ids=["new", "claimed"])
@pytest.mark.parametrize(("name", "annotations"), BY_NAME_OR_KEY)
def test_a_service_that_goes_on_pushing_never_loses_its_group_to_a_job_that_has_ended(
    name: str, annotations: dict[str, str], claimed: bool, gone: bool
) -> None:
    for pushed in range(90, 300):
        cache = _beside_a_service(name, annotations, pushed=float(pushed), claimed=claimed, gone=gone)
        assert not _retired(cache, at=pushed + 0.1), f"the push {pushed - 100} s after the end of the Job"


@pytest.mark.parametrize("claimed", [False, True], ids=["new", "claimed"])
@pytest.mark.parametrize(("name", "annotations"), BY_NAME_OR_KEY)
@pytest.mark.parametrize(("pushed", "is_retired"), [(99.0, True), (104.0, True), (106.0, False)])
def test_what_a_proxy_passed_on_before_the_end_of_a_job_goes_with_it_a_minute_later(
    name: str, annotations: dict[str, str], claimed: bool, pushed: float, is_retired: bool
) -> None:
    cache = _beside_a_service(name, annotations, pushed=pushed, claimed=claimed)
    assert [_retired(cache, at=at) for at in (150.0, 159.0, 161.0)] == [False, False, is_retired]


def test_a_group_with_the_name_of_a_jobs_pod_goes_at_once_though_it_came_through_a_proxy() -> None:
    record = pod_address_builders.pushed("job=anything,instance=x-b2c4d", at=90.0)
    cache = pod_address_builders.told(
        object_builders.cache(object_builders.job("x", finished=100), holds=[record]),
        pod_address_builders.pod(SERVICE),
        at=90.0,
    )
    cache.put_pod_owner(cluster_cache.PodLookup("prod", "x-b2c4d"), X.uid)
    assert _retired(cache, at=101.0)


def test_a_group_that_a_service_pushed_first_and_a_job_last_stays_when_the_job_ends() -> None:
    over = object_builders.job("x", finished=100)
    record = object_builders.group(
        "job=anything",
        pushed=99.0,
        pushers=(pod_address_builders.IP, pod_address_builders.OTHER_IP),
        claims=(pod_address_builders.by_address(over),),
    )
    cache = pod_address_builders.told(
        object_builders.cache(over, holds=[record]), pod_address_builders.pod(over, until=99.0), at=101.0
    )
    pod_address_builders.told(cache, pod_address_builders.pod(SERVICE), address=pod_address_builders.OTHER_IP, at=101.0)
    assert object_builders.planned(cache) == [f'release {{job="anything"}} of {over.uid}']


@pytest.mark.parametrize(
    ("asked", "is_retired"),
    [
        pytest.param(16.0, False, id="a-second-after-the-push"),
        pytest.param(19.5, True, id="when-any-pod-would-have-been-reported"),
    ],
)
def test_no_name_decides_before_a_new_pod_would_have_been_reported(asked: float, is_retired: bool) -> None:
    cache = pod_address_builders.told(
        object_builders.cache(OVER, holds=[pod_address_builders.pushed("job=x", at=15.0)]), at=asked
    )
    made = object_builders.plan(cache, now=object_builders.START + asked)
    assert any(isinstance(action, control_api.StartDrain) for action in made.actions) is is_retired
    assert [one.verdict for one in made.decisions] == [
        planner.Verdict.OWNERS_FINISHED if is_retired else planner.Verdict.LOOKUP_PENDING
    ]
    assert made.lookups == (set() if is_retired else {cluster_cache.AddressLookup(pod_address_builders.IP)})


def test_an_address_outside_of_the_cluster_is_not_waited_for_again() -> None:
    record = pod_address_builders.pushed("job=x", at=15.0)
    cache = pod_address_builders.told(object_builders.cache(OVER, holds=[record]), at=2.0)
    pod_address_builders.told(cache, at=7.0)
    assert _retired(cache, at=15.1)


def test_an_active_job_is_named_while_its_address_is_not_settled() -> None:
    cache = pod_address_builders.told(
        object_builders.cache(X, holds=[pod_address_builders.pushed("job=x", at=15.0)]), at=15.5
    )
    assert object_builders.planned(cache) == ['claim {job="x"} for Job prod/x']


def test_the_last_of_several_equal_answers_settles_a_push_that_the_first_did_not() -> None:
    record = pod_address_builders.pushed("job=x", at=15.0)
    cache = pod_address_builders.told(object_builders.cache(OVER, holds=[record]), at=15.5)
    answer = pod_addresses.LookupResult((), object_builders.START + 19.5)
    assert cache.put_address(cluster_cache.AddressLookup(pod_address_builders.IP), answer) == {record.key}


# Several pushers

Y, Y_ELSEWHERE = object_builders.job("y"), object_builders.job("y", namespace="dev")


def _pushed_by_both(
    over: owner_views.OwnerView, running: owner_views.OwnerView, *, claims: tuple[owners.Claim, ...] = ()
) -> cluster_cache.ClusterCache:
    """One group that the pods of two Jobs pushed within 100 ms, the one that is over last."""
    sources = ((pod_address_builders.IP, 10.1), (pod_address_builders.OTHER_IP, 10.0))
    record = object_builders.group("job=anything", pushed=10.1, pushers=sources, claims=claims)
    cache = pod_address_builders.told(
        object_builders.cache(over, running, holds=[record]), pod_address_builders.pod(over, until=14.0)
    )
    return pod_address_builders.told(cache, pod_address_builders.pod(running), address=pod_address_builders.OTHER_IP)


@pytest.mark.parametrize("running", [Y, Y_ELSEWHERE], ids=["same-namespace", "other-namespace"])
def test_each_job_that_pushed_a_group_holds_it_while_it_runs(running: owner_views.OwnerView) -> None:
    cache = _pushed_by_both(OVER, running)
    assert object_builders.planned(cache) == [f'claim {{job="anything"}} for {running.owner}', CLAIM]
    assert [one.verdict for one in object_builders.plan(cache).decisions] == [planner.Verdict.ACTIVE]


@pytest.mark.parametrize("running", [Y, Y_ELSEWHERE], ids=["same-namespace", "other-namespace"])
def test_a_claim_by_its_address_outlasts_the_push_of_a_job_of_another_namespace(running: owner_views.OwnerView) -> None:
    cache = pod_address_builders.told(
        object_builders.cache(
            OVER,
            running,
            holds=[pod_address_builders.pushed("job=anything", claims=(pod_address_builders.by_address(running),))],
        ),
        pod_address_builders.pod(OVER, until=14.0),
    )
    assert object_builders.planned(cache) == [CLAIM]


def test_the_name_of_a_job_of_another_namespace_joins_nothing_though_its_pod_pushed_something_else() -> None:
    named = object_builders.job("x", namespace="dev")
    cache = _pushed_by_both(OVER, named)
    elsewhere = object_builders.group("job=x", pushed=10.0, pushers=(pod_address_builders.IP,))
    cache.put_group(elsewhere, monotonic=0.0)
    assert [line for line in object_builders.planned(cache) if 'job="x"' in line and "dev" in line] == []


def test_an_address_that_is_another_pods_by_now_says_nothing_of_a_push_before() -> None:
    record = object_builders.group(
        "job=anything", pushed=40.0, pushers=((pod_address_builders.IP, 40.0), (pod_address_builders.OTHER_IP, 10.0))
    )
    over = object_builders.job("x", finished=45)
    cache = pod_address_builders.told(
        object_builders.cache(over, Y, holds=[record]), pod_address_builders.pod(over, until=44.0)
    )
    pod_address_builders.told(cache, pod_address_builders.pod(Y, since=30.0), address=pod_address_builders.OTHER_IP)
    assert [line.split()[0] for line in object_builders.planned(cache)] == ["claim", "retire"]


def test_no_group_is_retired_before_the_pods_of_all_its_pushes_would_have_been_reported() -> None:
    cache = _pushed_by_both(OVER, Y)
    pod_address_builders.told(cache, address=pod_address_builders.OTHER_IP, at=12.0)
    (decision,) = object_builders.plan(cache, now=object_builders.START + 15.0).decisions
    assert (decision.verdict, decision.actions) == (planner.Verdict.LOOKUP_PENDING, ())
    assert decision.ownership.lookups == (cluster_cache.AddressLookup(pod_address_builders.OTHER_IP),)


def test_a_running_job_holds_its_group_though_a_service_pushes_it_too() -> None:
    over = object_builders.job("anything", finished=60)
    sources = ((pod_address_builders.IP, 50.0), (pod_address_builders.OTHER_IP, 10.0), ("10.0.0.9", 5.0))
    cache = object_builders.cache(over, Y, holds=[object_builders.group("job=anything", pushed=50.0, pushers=sources)])
    pod_address_builders.told(cache, pod_address_builders.pod(over, until=59.0))
    pod_address_builders.told(cache, pod_address_builders.pod(Y), address=pod_address_builders.OTHER_IP)
    pod_address_builders.told(cache, pod_address_builders.pod(SERVICE), address="10.0.0.9")
    assert 'claim {job="anything"} for Job prod/y' in object_builders.planned(cache)
