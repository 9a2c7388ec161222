"""How long the groups of an object are kept after its end: after=…, keep-failed-for, superseded."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders
from tidegate.model import control_api, owners
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.ownership import cleanup_time


def _is_kept(cache: cluster_cache.ClusterCache, *, at: float) -> bool:
    """Whether the only group is still kept at that time."""
    (decision,) = object_builders.plan(cache, now=object_builders.START + at).decisions
    return not any(isinstance(action, control_api.StartDrain) for action in decision.actions)


def _job(cleanup: str, *, failed: bool = False, keep_failed: str = "0s") -> owner_views.OwnerView:
    annotations = {"tidegate.dev/cleanup": cleanup, "tidegate.dev/keep-failed-for": keep_failed}
    return object_builders.job("x", finished=100.0, succeeded=not failed, annotations=annotations)


@pytest.mark.parametrize(
    ("job", "until"),
    [
        pytest.param(_job("after=10m"), 700, id="after"),
        pytest.param(_job("after=10m", failed=True), 700, id="after-a-failure"),
        pytest.param(_job("on-completion", failed=True, keep_failed="20m"), 1300, id="failed"),
        pytest.param(_job("after=10m", failed=True, keep_failed="20m"), 1300, id="the-longer-one"),
        pytest.param(_job("after=10m", failed=True, keep_failed="5m"), 700, id="not-the-shorter-one"),
    ],
)
def test_groups_are_kept_for_the_configured_time_after_the_end_of_a_job(job: owner_views.OwnerView, until: int) -> None:
    cache = object_builders.cache(job, holds=[object_builders.group("job=x", claims=[job])])
    assert _is_kept(cache, at=until - 1)
    assert not _is_kept(cache, at=until)


@pytest.mark.parametrize("job", [_job("on-completion", keep_failed="20m"), _job("on-success"), _job("on-completion")])
def test_groups_without_a_time_to_keep_are_retired_at_once_even_by_a_late_clock(job: owner_views.OwnerView) -> None:
    cache = object_builders.cache(job, holds=[object_builders.group("job=x", claims=[job])])
    assert not _is_kept(cache, at=60.0)


@pytest.mark.parametrize("job", [_job("after=10m"), _job("on-completion", failed=True, keep_failed="10m")])
def test_groups_of_a_deleted_job_are_kept_as_long_after_a_restart_of_the_operator(job: owner_views.OwnerView) -> None:
    held = object_builders.group("job=x", pushed=90, claims=[job])
    (claim,) = [
        action.claim
        for action in object_builders.plan(
            object_builders.cache(job, holds=[held]), now=object_builders.START + 101
        ).actions
        if isinstance(action, control_api.ClaimGroup)
    ]
    restored_claims = control_api.claims_from_json(control_api.claims_to_json({claim.owner.uid: claim}))
    kept = object_builders.group("job=x", pushed=90, claims=restored_claims.values())
    restarted = object_builders.cache(holds=[kept], deleted_at=150.0)
    assert _is_kept(restarted, at=699)
    assert not _is_kept(restarted, at=700)


def test_job_that_disappeared_counts_as_ended_when_the_operator_missed_it() -> None:
    claim = object_builders.claim(object_builders.job("x"))._replace(kept_for=600.0)
    cache = object_builders.cache(holds=[object_builders.group("job=x", claims=[claim])], deleted_at=150.0)
    assert _is_kept(cache, at=749)
    assert not _is_kept(cache, at=750)


def test_claim_of_a_running_job_holds_how_long_its_groups_are_kept() -> None:
    job = object_builders.job("x", annotations={"tidegate.dev/cleanup": "after=10m"})
    (action,) = object_builders.plan(object_builders.cache(job, holds=[object_builders.group("job=x")])).actions
    assert isinstance(action, control_api.ClaimGroup)
    assert action.claim.kept_for == 600.0


def test_only_a_cronjob_is_the_cronjob_of_a_job() -> None:
    workflow = owners.Owner("Workflow", "prod", "nightly", owners.Uid("w"))
    cron = object_builders.cronjob("nightly").owner
    assert cleanup_time.cronjob(object_builders.job("x", parent=workflow)) is None
    assert cleanup_time.cronjob(object_builders.job("x", parent=cron)) == cron


CRON = object_builders.cronjob("nightly")


def _run(number: int, *, created: float, finished: float | None = None) -> owner_views.OwnerView:
    return object_builders.job(
        f"nightly-{number}",
        created=created,
        finished=finished,
        parent=CRON.owner,
        annotations={"tidegate.dev/cleanup": "superseded"},
    )


def _held(run: owner_views.OwnerView, *, pushed: float, revision: int) -> control_api.GroupRecord:
    claim = owners.Claim(run.owner, 300.0, series=CRON.owner)
    return object_builders.group(f"job={run.owner.name}", pushed=pushed, revision=revision, claims=[claim])


FIRST, SECOND = _run(1, created=0, finished=20), _run(2, created=1000)


def _retired(cache: cluster_cache.ClusterCache) -> list[str]:
    return [line for line in object_builders.planned(cache) if line.startswith("retire")]


def test_run_is_superseded_by_the_first_push_of_the_next_run() -> None:
    first = _held(FIRST, pushed=10, revision=7)
    cache = object_builders.cache(CRON, FIRST, SECOND, holds=[first])
    assert _retired(cache) == []
    second = _held(SECOND, pushed=1010, revision=8)
    assert cache.put_group(second, monotonic=9.0) == {first.key, second.key}
    assert _retired(cache) == [f'retire {{job="nightly-1"}} of {FIRST.uid}']


def test_group_of_a_deleted_run_is_kept_until_the_next_run_pushes() -> None:
    cache = object_builders.cache(CRON, SECOND, deleted=[FIRST], holds=[_held(FIRST, pushed=10, revision=7)])
    assert _retired(cache) == []
    cache.put_group(_held(SECOND, pushed=1010, revision=8), monotonic=9.0)
    assert _retired(cache) == [f'retire {{job="nightly-1"}} of {FIRST.uid}']


def test_group_of_the_last_run_is_retired_with_its_cronjob() -> None:
    cache = object_builders.cache(deleted=[CRON, FIRST], holds=[_held(FIRST, pushed=10, revision=7)])
    assert _retired(cache) == [f'retire {{job="nightly-1"}} of {FIRST.uid}']


def test_late_push_of_an_earlier_run_does_not_supersede_a_later_run() -> None:
    late = _held(FIRST, pushed=1020, revision=9)
    cache = object_builders.cache(CRON, FIRST, SECOND, holds=[late, _held(SECOND, pushed=1010, revision=8)])
    assert f'retire {{job="nightly-2"}} of {SECOND.uid}' not in _retired(cache)


def test_job_without_a_cronjob_is_superseded_when_it_is_deleted() -> None:
    alone = object_builders.job("x", finished=20, annotations={"tidegate.dev/cleanup": "superseded"})
    held = [object_builders.group("job=x", claims=[alone])]
    assert _retired(object_builders.cache(alone, holds=held)) == []
    assert _retired(object_builders.cache(deleted=[alone], holds=held)) == [f'retire {{job="x"}} of {alone.uid}']


def _shares(number: int, *, created: float, finished: float | None = None) -> owner_views.OwnerView:
    return object_builders.job(
        f"dump-{number}",
        created=created,
        finished=finished,
        parent=CRON.owner,
        annotations={"tidegate.dev/cleanup": "superseded", "tidegate.dev/grouping-key": "job=dumps"},
    )


def _shared(*runs: owner_views.OwnerView, pushed: float) -> control_api.GroupRecord:
    claims = [owners.Claim(run.owner, 300.0, rule="annotation", series=CRON.owner) for run in runs]
    return object_builders.group("job=dumps", pushed=pushed, revision=7, claims=claims)


EARLIER, LATER = _shares(1, created=0, finished=20), _shares(2, created=1000, finished=1020)


def test_last_run_is_the_only_owner_of_a_shared_group() -> None:
    held = _shared(EARLIER, LATER, pushed=1010)
    assert object_builders.planned(object_builders.cache(CRON, EARLIER, LATER, holds=[held])) == [
        f'release {{job="dumps"}} of {EARLIER.uid}'
    ]
    assert object_builders.planned(object_builders.cache(CRON, LATER, deleted=[EARLIER], holds=[held])) == [
        f'release {{job="dumps"}} of {EARLIER.uid}'
    ]


def test_last_run_claims_a_shared_group_without_claims() -> None:
    held = _shared(pushed=1010)
    [action] = object_builders.planned(object_builders.cache(CRON, EARLIER, LATER, holds=[held]))
    assert action == 'claim {job="dumps"} for Job prod/dump-2'


def test_run_that_pushed_last_keeps_a_shared_group() -> None:
    held = _shared(EARLIER, LATER, pushed=10)
    assert object_builders.planned(object_builders.cache(CRON, EARLIER, LATER, holds=[held])) == []
