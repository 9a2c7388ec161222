"""Ownership by the pod that pushed: by the address of the push, and the pods that the API server has at it."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders, pod_address_builders
from tidegate import settings
from tidegate.model import control_api
from tidegate.operator.objects import pod_addresses
from tidegate.operator.planning import drain_planner

X = object_builders.job("x")


FINISHED = object_builders.job("x", finished=15)


CLAIM = 'claim {job="anything"} for Job prod/x'


RETIRE = f'retire {{job="anything"}} of {X.uid}'


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
