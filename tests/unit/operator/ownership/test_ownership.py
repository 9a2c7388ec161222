"""The owner of a group: by annotation, pod and name, in this order."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders
from tidegate.model import control_api, owners
from tidegate.operator.cache import cluster_cache, owner_views


def _annotated(name: str, keys: str, *, created: float = 0.0) -> owner_views.OwnerView:
    return object_builders.job(name, annotations={"tidegate.dev/grouping-key": keys}, created=created)


def _claims(
    *objects: owner_views.OwnerView, of: control_api.GroupRecord, pods: dict[str, str | None] | None = None
) -> list[str]:
    """Return the claimants of the group, after the API server returned the Job (by uid) of each pod."""
    cache = object_builders.cache(*objects, holds=[of])
    for name, uid in (pods or {}).items():
        cache.put_pod_owner(cluster_cache.PodLookup("prod", name), None if uid is None else owners.Uid(uid))
    assert not object_builders.plan(cache).lookups
    return [line.partition(" for ")[2] for line in object_builders.planned(cache)]


@pytest.mark.parametrize(
    ("objects", "labels", "claimants"),
    [
        pytest.param([_annotated("a", "job=x")], "job=x", ["Job prod/a"], id="annotation"),
        pytest.param([_annotated("a", "job=x")], "job=x,instance=i", [], id="annotation-needs-the-whole-key"),
        pytest.param([_annotated("a", "job=x,instance=i")], "job=x", [], id="annotation-of-a-longer-key"),
        pytest.param([_annotated("a", "job=x;job=y")], "job=y", ["Job prod/a"], id="second-key-of-an-annotation"),
        pytest.param([_annotated("a", "job=x")], "job=a", [], id="annotation-instead-of-the-name"),
        pytest.param(
            [_annotated("a", "job=x"), object_builders.job("x")], "job=x", ["Job prod/a"], id="annotation-before-name"
        ),
        pytest.param(
            [_annotated("a", "job=x,namespace=prod")],
            "job=x,namespace=prod",
            ["Job prod/a"],
            id="annotation-with-namespace",
        ),
        pytest.param(
            [_annotated("a", "job=x,namespace=dev")], "job=x,namespace=dev", [], id="annotation-of-another-namespace"
        ),
        pytest.param([object_builders.job("x")], "job=x", ["Job prod/x"], id="name"),
        pytest.param([object_builders.job("x")], "job=x,path=/tmp", ["Job prod/x"], id="name-with-more-labels"),
        pytest.param([object_builders.job("x")], "job=xy", [], id="another-name"),
        pytest.param([object_builders.job("x")], "job=x,namespace=prod", ["Job prod/x"], id="name-in-the-namespace"),
        pytest.param([object_builders.job("x")], "job=x,namespace=dev", [], id="name-in-another-namespace"),
        pytest.param([object_builders.job("x")], "job=x,namespace=", ["Job prod/x"], id="name-and-an-empty-namespace"),
        pytest.param([object_builders.cronjob("x")], "job=x", ["CronJob prod/x"], id="cronjob-name"),
        pytest.param(
            [object_builders.cronjob("x"), object_builders.job("x-29000000")],
            "job=x",
            ["CronJob prod/x"],
            id="cronjob-and-not-its-run",
        ),
        pytest.param(
            [
                object_builders.cronjob("x", annotations={"tidegate.dev/grouping-key": "job=x"}),
                _annotated("x-29000000", "job=x"),
            ],
            "job=x",
            ["Job prod/x-29000000"],
            id="run-whose-template-names-the-group",
        ),
        pytest.param(
            [object_builders.job("t", completions=2)], "job=y,instance=t-1", ["Job prod/t"], id="indexed-hostname"
        ),
        pytest.param(
            [object_builders.job("t", completions=2)], "job=y,pod=t-1", ["Job prod/t"], id="indexed-hostname-in-pod"
        ),
        pytest.param(
            [object_builders.job("t", completions=2)], "job=y,host=t-1", [], id="indexed-hostname-in-another-label"
        ),
        pytest.param([object_builders.job("t", completions=2)], "job=y,instance=t-2", [], id="hostname-of-no-index"),
        pytest.param(
            [object_builders.job("t", hostname="worker")],
            "job=y,instance=worker",
            ["Job prod/t"],
            id="template-hostname",
        ),
        pytest.param(
            [object_builders.job("t", completions=2), object_builders.job("y")],
            "job=y,instance=t-0",
            ["Job prod/t"],
            id="hostname-before-name",
        ),
        pytest.param(
            [object_builders.job("t", completions=2)], "job=y,instance=t-0,namespace=dev", [], id="hostname-elsewhere"
        ),
    ],
)
def test_group_is_claimed_by_its_owners(
    objects: list[owner_views.OwnerView], labels: str, claimants: list[str]
) -> None:
    assert _claims(*objects, of=object_builders.group(labels)) == claimants


@pytest.mark.parametrize(
    ("pod_owner", "claimants"),
    [
        pytest.param("prod-x-uid", ["Job prod/x"], id="its-pod"),
        pytest.param(None, ["Job prod/x"], id="a-pod-that-is-no-longer-there"),
        pytest.param("earlier-uid", ["CronJob prod/nightly"], id="pod-of-an-earlier-job-of-that-name"),
    ],
)
def test_pod_name_in_the_instance_label_leads_to_its_job(pod_owner: str | None, claimants: list[str]) -> None:
    actual = _claims(
        object_builders.job("x"),
        object_builders.cronjob("nightly"),
        of=object_builders.group("job=nightly,instance=x-b2c4d"),
        pods={"x-b2c4d": pod_owner},
    )
    assert actual == claimants


@pytest.mark.parametrize(
    ("pushed", "claimants"),
    [
        pytest.param(94, [], id="before-the-job"),
        pytest.param(96, ["Job prod/x"], id="within-the-clock-skew"),
        pytest.param(200, ["Job prod/x"], id="after"),
        pytest.param(None, ["Job prod/x"], id="no-push-succeeded"),
    ],
)
def test_job_claims_by_name_only_groups_pushed_after_its_creation(pushed: float | None, claimants: list[str]) -> None:
    assert _claims(object_builders.job("x", created=100), of=object_builders.group("job=x", pushed=pushed)) == claimants
    assert _claims(object_builders.cronjob("x", created=100), of=object_builders.group("job=x", pushed=pushed)) == [
        claimant.replace("Job", "CronJob") for claimant in claimants
    ]


@pytest.mark.parametrize(
    ("pushed", "done"),
    [
        pytest.param(94, [], id="before-the-job"),
        pytest.param(105, ["claim", "retire"], id="in-its-life"),
        pytest.param(169, ["claim", "retire"], id="within-the-grace"),
        pytest.param(171, [], id="after-the-grace"),
        pytest.param(None, [], id="no-push-succeeded"),
    ],
)
@pytest.mark.parametrize("how", ["finished", "deleted"])
def test_finished_job_claims_only_groups_pushed_in_its_life(pushed: float | None, done: list[str], how: str) -> None:
    if how == "deleted":
        cache = object_builders.cache(
            deleted=[object_builders.job("x", created=100)],
            deleted_at=110,
            holds=[object_builders.group("job=x", pushed=pushed)],
        )
    else:
        cache = object_builders.cache(
            object_builders.job("x", created=100, finished=110), holds=[object_builders.group("job=x", pushed=pushed)]
        )
    assert [line.split()[0] for line in object_builders.planned(cache)] == done


def test_annotated_group_is_claimed_although_it_was_pushed_before_the_job() -> None:
    assert _claims(_annotated("a", "job=x", created=100), of=object_builders.group("job=x", pushed=10)) == [
        "Job prod/a"
    ]


def test_failed_job_with_on_success_keeps_its_group_regardless_of_the_last_pusher() -> None:
    failed = object_builders.job("x", finished=20, succeeded=False, annotations={"tidegate.dev/cleanup": "on-success"})
    assert _claims(failed, of=object_builders.group("job=x", pushed=30)) == ["Job prod/x"]
    assert _claims(failed, of=object_builders.group("job=x", pushed=500)) == ["Job prod/x"]


@pytest.mark.parametrize(
    ("pushed", "done"),
    [
        pytest.param(10, ["claim", "retire"], id="before-the-job"),
        pytest.param(171, [], id="after-the-grace"),
    ],
)
def test_annotated_group_is_retired_with_a_job_that_was_first_seen_finished(pushed: float, done: list[str]) -> None:
    named = {"tidegate.dev/grouping-key": "job=x"}
    job = object_builders.job("a", created=100, finished=110, annotations=named)
    cache = object_builders.cache(job, holds=[object_builders.group("job=x", pushed=pushed)])
    assert [line.split()[0] for line in object_builders.planned(cache)] == done
