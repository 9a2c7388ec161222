"""Which pod pushed: by the address that the gateway saw, and by what the API server has at it."""

from __future__ import annotations

import pytest

from tests.controller import builders, nets
from tidegate import settings
from tidegate.controller import pictures, plans, podaddresses, views
from tidegate.model import owners, records

X = builders.job("x")
OVER = builders.job("x", finished=15)
CLAIM = 'claim {job="anything"} for Job prod/x'
RETIRE = f'retire {{job="anything"}} of {X.uid}'


def test_nothing_is_said_of_a_group_before_its_address_is_known() -> None:
    made = builders.plan(builders.picture(X, holds=[nets.pushed("job=x")]))
    assert made.lookups == {pictures.Address(nets.IP)}
    assert made.actions == []


@pytest.mark.parametrize(
    ("pods", "claims"),
    [
        pytest.param([nets.pod(X)], [CLAIM], id="its-pod"),
        pytest.param([nets.pod(X, until=8.0)], [CLAIM], id="its-pod-that-ended-a-moment-before-by-its-clock"),
        pytest.param([nets.pod(X, until=3.0)], [], id="its-pod-had-ended"),
        pytest.param([nets.pod(X, since=16.0)], [], id="its-pod-came-later"),
        pytest.param([nets.pod(X, since=None)], [], id="its-pod-had-not-begun"),
        pytest.param([nets.pod(X, is_host=True)], [], id="on-the-network-of-its-node"),
        pytest.param([nets.pod("a-replica-set")], [], id="a-proxy"),
        pytest.param([nets.pod(X, until=5.0), nets.pod("a-replica-set", since=6.0)], [], id="address-used-again"),
        pytest.param(
            [nets.pod("a-replica-set", until=5.0), nets.pod(X, since=6.0)], [CLAIM], id="address-that-was-anothers"
        ),
        pytest.param([nets.pod(X), nets.pod("a-replica-set")], [], id="two-pods-with-one-address"),
        pytest.param([], [], id="nobody-of-the-cluster"),
    ],
)
def test_a_job_owns_whatever_its_pod_pushed(pods: list[podaddresses.AddressPod], claims: list[str]) -> None:
    assert builders.planned(nets.told(builders.picture(X, holds=[nets.pushed("job=anything")]), *pods)) == claims


def test_a_job_that_is_over_takes_what_its_pod_pushed_with_it() -> None:
    picture = nets.told(builders.picture(OVER, holds=[nets.pushed("job=anything")]), nets.pod(OVER, until=15.0))
    assert builders.planned(picture) == [CLAIM, RETIRE]


def test_the_address_leads_to_a_job_that_is_seen_after_its_pod() -> None:
    record = nets.pushed("job=anything")
    picture = nets.told(builders.picture(holds=[record]), nets.pod(X))
    assert builders.planned(picture) == []
    assert picture.saw(X, steady=9.0) == {record.key}
    assert builders.planned(picture) == [CLAIM]


def test_what_has_the_name_of_its_cronjob_stays_between_the_runs() -> None:
    cronjob = builders.cronjob("nightly")
    run = builders.job("nightly-29000000", parent=cronjob.owner, finished=15)
    picture = nets.told(builders.picture(cronjob, run, holds=[nets.pushed("job=nightly")]), nets.pod(run))
    assert builders.planned(picture) == ['claim {job="nightly"} for CronJob prod/nightly']


def test_what_names_the_pod_too_is_of_the_run_though_its_cronjob_has_the_name() -> None:
    cronjob = builders.cronjob("nightly")
    run = builders.job("nightly-29000000", parent=cronjob.owner, finished=15)
    record = nets.pushed("job=nightly,instance=nightly-29000000-b2c4d")
    picture = nets.told(builders.picture(cronjob, run, holds=[record]), nets.pod(run, name="nightly-29000000-b2c4d"))
    assert [line.split()[0] for line in builders.planned(picture)] == ["claim", "retire"]


@pytest.mark.parametrize("labels", ["job=x", "job=anything"])
def test_no_job_of_another_namespace_owns_what_a_jobs_pod_pushed(labels: str) -> None:
    foreign = builders.job(
        "x", namespace="dev", finished=15, annotations={"tidegate.dev/grouping-key": "job=anything;job=x"}
    )
    picture = nets.told(builders.picture(foreign, X, holds=[nets.pushed(labels)]), nets.pod(X))
    assert [line.partition(" for ")[2] for line in builders.planned(picture)] == ["Job prod/x"]


def test_a_claim_by_name_from_another_namespace_goes_once_the_address_is_known() -> None:
    foreign = builders.job("x", namespace="dev")
    picture = nets.told(builders.picture(foreign, X, holds=[nets.pushed("job=x", claims=(foreign, X))]), nets.pod(X))
    assert builders.planned(picture) == ['release {job="x"} of dev-x-uid']


def test_a_group_that_another_jobs_pod_pushed_last_does_not_end_with_the_job_of_its_name() -> None:
    other = builders.job("other")
    picture = nets.told(builders.picture(OVER, other, holds=[nets.pushed("job=x", claims=(OVER,))]), nets.pod(other))
    assert builders.planned(picture) == ['claim {job="x"} for Job prod/other', f'release {{job="x"}} of {OVER.uid}']


def test_what_something_that_runs_on_pushes_too_is_no_jobs_by_its_address() -> None:
    record = builders.group("job=anything", pushers=(nets.IP, nets.OTHER_IP))
    picture = nets.told(builders.picture(OVER, holds=[record]), nets.pod(OVER))
    nets.told(picture, nets.pod("a-replica-set"), address=nets.OTHER_IP)
    assert builders.planned(picture) == []


def test_behind_a_proxy_the_name_decides() -> None:
    picture = nets.told(builders.picture(OVER, holds=[nets.pushed("job=x")]), nets.pod("a-replica-set"))
    assert [line.split()[0] for line in builders.planned(picture)] == ["claim", "retire"]


@pytest.mark.parametrize(
    ("objects", "claims", "at", "is_asked"),
    [
        pytest.param([X], (nets.by_address(X),), 20.0, False, id="its-job-runs-and-claims-it"),
        pytest.param([OVER], (nets.by_address(OVER),), 20.0, True, id="its-job-is-over"),
        pytest.param([X], (), 20.0, True, id="nobody-claims-it-yet"),
        pytest.param([X], (), 10.0, False, id="asked-since-the-push"),
    ],
)
def test_an_address_is_asked_about_again_only_where_it_matters(
    objects: list[views.OwnerView], claims: tuple[owners.Claim, ...], at: float, is_asked: bool
) -> None:
    picture = builders.picture(*objects, holds=[nets.pushed("job=anything", at=at, claims=claims)])
    nets.told(picture, nets.pod(objects[0]), at=12.0)
    assert builders.plan(picture, now=builders.START + at).lookups == (
        {pictures.Address(nets.IP)} if is_asked else set()
    )


@pytest.mark.parametrize(("now", "is_asked"), [(30.0, False), (43.0, True)])
def test_an_address_that_leads_to_nothing_is_asked_about_twice_a_minute(now: float, is_asked: bool) -> None:
    picture = nets.told(
        builders.picture(holds=[nets.pushed("job=anything", at=20.0)]), nets.pod("a-replica-set"), at=12.0
    )
    assert bool(builders.plan(picture, now=builders.START + now).lookups) is is_asked


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
    picture = nets.told(builders.picture(X, builders.job("y"), holds=[nets.pushed("job=y")]), nets.pod(X))
    actions = plans.plan(picture, rules=rules, now=builders.NOW).actions
    assert [str(action.claim.owner) for action in actions if isinstance(action, records.ClaimGroup)] == claimants


def test_an_address_that_no_group_has_any_more_is_forgotten() -> None:
    record = nets.pushed("job=anything")
    picture = nets.told(builders.picture(X, holds=[record]), nets.pod(X))
    picture.deleted(record.key)
    assert picture.address(nets.IP) is None
