"""Lookups of pods: when the operator asks the API server which object the pod in a label belongs to."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders
from tidegate import settings
from tidegate.model import control_api
from tidegate.operator.cache import cluster_cache, owner_views

LOOKUP = cluster_cache.PodLookup("prod", "x-b2c4d")


def _claimed_by_pod(name: str) -> control_api.GroupRecord:
    """Build a group that a Job of this name claims, because a label names its pod."""
    claim = object_builders.claim(object_builders.job(name), rule=settings.POD)
    return object_builders.group("job=y,instance=x-b2c4d", claims=[claim])


def test_group_is_not_decided_before_its_pod_is_looked_up() -> None:
    cache = object_builders.cache(
        object_builders.job("x"),
        object_builders.cronjob("nightly"),
        holds=[object_builders.group("job=nightly,instance=x-b2c4d")],
    )
    plan = object_builders.plan(cache)
    assert plan.lookups == {LOOKUP}
    assert plan.actions == []


@pytest.mark.parametrize(
    ("objects", "record"),
    [
        pytest.param(
            [object_builders.job("y")], object_builders.group("job=y,instance=x-b2c4d"), id="no-job-of-that-name"
        ),
        pytest.param([object_builders.job("x")], object_builders.group("job=y,instance=db1"), id="no-pod-name"),
        pytest.param(
            [object_builders.job("x")],
            object_builders.group("job=y,instance=x-b2c4d,namespace=dev"),
            id="another-namespace",
        ),
        pytest.param(
            [object_builders.job("x", created=100)],
            object_builders.group("job=y,instance=x-b2c4d", pushed=10),
            id="pushed-before-the-job",
        ),
        pytest.param(
            [object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=z"})],
            object_builders.group("job=y,instance=x-b2c4d"),
            id="annotated-job",
        ),
        pytest.param(
            [object_builders.job("x")],
            object_builders.group("job=y,instance=x-b2c4d", claims=[object_builders.job("x")]),
            id="claimed-already",
        ),
        pytest.param([object_builders.cronjob("x")], object_builders.group("job=y,instance=x-b2c4d"), id="cronjob"),
        pytest.param(
            [object_builders.job("x", finished=100)],
            object_builders.group("job=y,instance=x-b2c4d", pushed=161),
            id="pushed-after-the-grace",
        ),
        pytest.param([object_builders.job("x")], _claimed_by_pod("w"), id="claimed-by-pod-by-a-job-with-a-lower-uid"),
        pytest.param([object_builders.job("x")], _claimed_by_pod("z"), id="claimed-by-pod-by-a-job-with-a-higher-uid"),
    ],
)
def test_pod_is_not_looked_up_without_need(
    objects: list[owner_views.OwnerView], record: control_api.GroupRecord
) -> None:
    assert object_builders.plan(object_builders.cache(*objects, holds=[record])).lookups == set()


@pytest.mark.parametrize("pushed", [50, 159], ids=["before-the-end", "within-the-grace"])
@pytest.mark.parametrize("how", ["finished", "deleted"])
def test_pod_of_a_job_that_has_ended_is_looked_up(pushed: float, how: str) -> None:
    records = [object_builders.group("job=y,instance=x-b2c4d", pushed=pushed)]
    if how == "deleted":
        cache = object_builders.cache(deleted=[object_builders.job("x")], deleted_at=100, holds=records)
    else:
        cache = object_builders.cache(object_builders.job("x", finished=100), holds=records)
    assert object_builders.plan(cache).lookups == {LOOKUP}


def test_own_claim_does_not_replace_the_lookup_of_a_job_that_keeps_its_groups_without_one() -> None:
    never = object_builders.job("x", annotations={"tidegate.dev/cleanup": "never"})
    cache = object_builders.cache(never, holds=[_claimed_by_pod("x")])
    assert object_builders.plan(cache).lookups == {LOOKUP}
