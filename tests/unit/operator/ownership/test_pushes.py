"""Pushes whose pod is known: which objects they are from."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders, pod_address_builders
from tidegate.model import control_api
from tidegate.operator.cache import object_cache, owner_views
from tidegate.operator.ownership import ownership_rules

NIGHTLY = object_builders.cronjob("nightly", uid="m")
RUN = object_builders.job("nightly-1", uid="k", parent=NIGHTLY.owner)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(RUN, True, id="the object of the pod"),
        pytest.param(NIGHTLY, True, id="the CronJob of its run"),
        pytest.param(object_builders.cronjob("hourly", uid="a"), False, id="another CronJob"),
        pytest.param(object_builders.cronjob("weekly", uid="z"), False, id="another CronJob with a later UID"),
        pytest.param(object_builders.job("nightly-2", uid="y", parent=NIGHTLY.owner), False, id="another run"),
    ],
)
def test_push_is_from_the_object_of_its_pod_and_from_the_cronjob_of_that_run(
    of: owner_views.OwnerView, expected: bool
) -> None:
    push = ownership_rules.Push(pod_address_builders.pod(RUN), object_cache.CachedObject(RUN))
    assert push.is_from(of.owner) is expected


def test_push_of_a_pod_without_a_known_object_is_from_no_object() -> None:
    push = ownership_rules.Push(pod_address_builders.pod("unwatched"), None)
    assert not push.is_from(RUN.owner)


@pytest.mark.parametrize(
    ("group", "owner"),
    [
        pytest.param("job=nightly", "CronJob prod/nightly", id="with the name of the CronJob"),
        pytest.param("job=nightly,instance=nightly-1-b2c4d", "Job prod/nightly-1", id="with the name of the Pod, too"),
        pytest.param("job=anything", "Job prod/nightly-1", id="with another name"),
    ],
)
def test_push_by_a_run_makes_the_cronjob_the_owner_only_of_a_group_with_its_name(group: str, owner: str) -> None:
    cache = pod_address_builders.with_pods(
        object_builders.cache(NIGHTLY, RUN, holds=[pod_address_builders.pushed(group)]),
        pod_address_builders.pod(RUN, name="nightly-1-b2c4d"),
    )
    (decision,) = object_builders.plan(cache).decisions
    claims = [action.claim for action in decision.actions if isinstance(action, control_api.ClaimGroup)]
    assert [str(claim.owner) for claim in claims] == [owner]


def test_pod_of_an_earlier_push_is_found_behind_a_push_from_an_unknown_address() -> None:
    sources = ((pod_address_builders.IP, 10.1), (pod_address_builders.OTHER_IP, 10.0))
    record = object_builders.group("job=anything", pushed=10.1, pushers=sources)
    cache = pod_address_builders.with_pods(
        object_builders.cache(RUN, holds=[record]),
        pod_address_builders.pod(RUN),
        address=pod_address_builders.OTHER_IP,
    )
    pushers = ownership_rules.find_pushers(cache, record, rules=object_builders.RULES)
    assert [push.pod.owner for push in pushers.earlier] == [RUN.uid]
