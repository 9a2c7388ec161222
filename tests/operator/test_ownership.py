"""Which object a group belongs to: annotation, pod, name, in this order."""

from __future__ import annotations

import pytest

from tests.operator import object_builders
from tidegate.model import control_api, owners
from tidegate.operator.cache import cluster_cache, owner_views


def _annotated(name: str, keys: str, *, created: float = 0.0) -> owner_views.OwnerView:
    return object_builders.job(name, annotations={"tidegate.dev/grouping-key": keys}, created=created)


def _claims(
    *objects: owner_views.OwnerView, of: control_api.GroupRecord, pods: dict[str, str | None] | None = None
) -> list[str]:
    """Who claims the group, once the API server has answered which Job (by uid) is behind each pod."""
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
def test_who_claims_a_group(objects: list[owner_views.OwnerView], labels: str, claimants: list[str]) -> None:
    assert _claims(*objects, of=object_builders.group(labels)) == claimants


@pytest.mark.parametrize(
    ("behind", "claimants"),
    [
        pytest.param("prod-x-uid", ["Job prod/x"], id="its-pod"),
        pytest.param(None, ["Job prod/x"], id="a-pod-that-is-no-longer-there"),
        pytest.param("earlier-uid", ["CronJob prod/nightly"], id="pod-of-an-earlier-job-of-that-name"),
    ],
)
def test_a_pods_name_in_the_instance_label_leads_to_its_job(behind: str | None, claimants: list[str]) -> None:
    made = _claims(
        object_builders.job("x"),
        object_builders.cronjob("nightly"),
        of=object_builders.group("job=nightly,instance=x-b2c4d"),
        pods={"x-b2c4d": behind},
    )
    assert made == claimants


def test_nothing_is_said_of_a_group_before_its_pod_is_known() -> None:
    cache = object_builders.cache(
        object_builders.job("x"),
        object_builders.cronjob("nightly"),
        holds=[object_builders.group("job=nightly,instance=x-b2c4d")],
    )
    made = object_builders.plan(cache)
    assert made.lookups == {cluster_cache.PodLookup("prod", "x-b2c4d")}
    assert made.actions == []


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
        pytest.param([_annotated("x", "job=z")], object_builders.group("job=y,instance=x-b2c4d"), id="annotated-job"),
        pytest.param(
            [object_builders.job("x")],
            object_builders.group("job=y,instance=x-b2c4d", claims=[object_builders.job("x")]),
            id="claimed-already",
        ),
        pytest.param([object_builders.cronjob("x")], object_builders.group("job=y,instance=x-b2c4d"), id="cronjob"),
    ],
)
def test_no_pod_is_asked_about_in_vain(objects: list[owner_views.OwnerView], record: control_api.GroupRecord) -> None:
    assert object_builders.plan(object_builders.cache(*objects, holds=[record])).lookups == set()


@pytest.mark.parametrize(
    ("pushed", "claimants"),
    [
        pytest.param(94, [], id="before-the-job"),
        pytest.param(96, ["Job prod/x"], id="within-the-clock-skew"),
        pytest.param(200, ["Job prod/x"], id="after"),
        pytest.param(None, ["Job prod/x"], id="no-push-succeeded"),
    ],
)
def test_by_name_a_job_claims_only_what_was_pushed_in_its_life(pushed: float | None, claimants: list[str]) -> None:
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
@pytest.mark.parametrize("how", ["finished", "gone"])
def test_a_job_that_is_over_claims_late_only_what_it_pushed_itself(
    pushed: float | None, done: list[str], how: str
) -> None:
    if how == "gone":
        cache = object_builders.cache(
            gone=[object_builders.job("x", created=100)],
            gone_at=110,
            holds=[object_builders.group("job=x", pushed=pushed)],
        )
    else:
        cache = object_builders.cache(
            object_builders.job("x", created=100, finished=110), holds=[object_builders.group("job=x", pushed=pushed)]
        )
    assert [line.split()[0] for line in object_builders.planned(cache)] == done


def test_a_group_that_an_annotation_names_is_claimed_before_its_first_push_by_this_job() -> None:
    assert _claims(_annotated("a", "job=x", created=100), of=object_builders.group("job=x", pushed=10)) == [
        "Job prod/a"
    ]


def test_a_failed_job_with_on_success_keeps_its_group_whoever_pushed_last() -> None:
    kept = object_builders.job("x", finished=20, succeeded=False, annotations={"tidegate.dev/cleanup": "on-success"})
    assert _claims(kept, of=object_builders.group("job=x", pushed=30)) == ["Job prod/x"]
    assert _claims(kept, of=object_builders.group("job=x", pushed=500)) == ["Job prod/x"]


@pytest.mark.parametrize(
    ("pushed", "done"),
    [
        pytest.param(10, ["claim", "retire"], id="before-the-job"),
        pytest.param(171, [], id="after-the-grace"),
    ],
)
def test_a_group_that_an_annotation_names_goes_with_a_job_that_nobody_saw_run(pushed: float, done: list[str]) -> None:
    named = {"tidegate.dev/grouping-key": "job=x"}
    job = object_builders.job("a", created=100, finished=110, annotations=named)
    cache = object_builders.cache(job, holds=[object_builders.group("job=x", pushed=pushed)])
    assert [line.split()[0] for line in object_builders.planned(cache)] == done
