"""Indexed Jobs: each index may have a group of its own; all of them are deleted with the Job and not before."""

import pytest

from tests.support import waiting
from tests.support.jobs import e2e_environment

_INDEXES = 3


def _indexed(**fields: object) -> dict[str, object]:
    return {"completionMode": "Indexed", "completions": _INDEXES, "parallelism": _INDEXES, "backoffLimit": 6, **fields}


def _wait_for_indexes(stage: e2e_environment.Stage, name: str, *, field: str, indexes: str) -> None:
    waiting.eventually(lambda: stage.job(name)["status"].get(field) == indexes, why=f"{field} {indexes} of {name}")


def test_groups_of_all_indexes_are_deleted_when_the_job_finishes(stage: e2e_environment.Stage) -> None:
    by_name, by_host, by_pod = (stage.push.unique(f"indexed-by-{what}") for what in ("name", "host", "pod"))
    keys = {by_name: "shard=$(INDEX)", by_host: f"instance={by_host}-$(INDEX)", by_pod: "pod=$(POD),shard=$(INDEX)"}
    gate = stage.gate("last-index")
    uids = {}
    for name, key in keys.items():
        group = name if name == by_name else f"any-{name}"
        late = {2: f"push 1; await {gate}; push 2"}
        uids[group] = stage.push.job_with_steps(name, "push 1", group=group, key=key, by_index=late, spec=_indexed())[
            "metadata"
        ]
    for name, group in zip(keys, uids, strict=True):
        _wait_for_indexes(stage, name, field="completedIndexes", indexes="0,1")
        stage.wait_until_pushed(group, groups=_INDEXES)
    for group, metadata in uids.items():
        stage.assert_kept(group, metadata["uid"], groups=_INDEXES)

    gate.touch()

    stage.wait_until_deleted(*uids)
    for group in (by_name, f"any-{by_pod}"):
        assert [stage.final(group, shard=str(index)) for index in range(_INDEXES)] == [1.0, 1.0, 2.0]
    instances = [f"{by_host}-{index}" for index in range(_INDEXES)]
    assert [stage.final(f"any-{by_host}", instance=instance) for instance in instances] == [1.0, 1.0, 2.0]


def test_group_of_a_failed_index_is_kept_until_the_job_finishes(
    stage: e2e_environment.Stage,
) -> None:
    name, gate = stage.push.unique("per-index"), stage.gate("others")
    by_index = {1: "push 1; exit 3", 2: f"push 1; await {gate}; push 2"}
    job = stage.push.job_with_steps(
        name, "push 1", key="shard=$(INDEX)", by_index=by_index, spec=_indexed(backoffLimitPerIndex=0)
    )
    _wait_for_indexes(stage, name, field="failedIndexes", indexes="1")
    stage.wait_until_pushed(name, groups=_INDEXES)
    stage.assert_kept(name, job["metadata"]["uid"], groups=_INDEXES)

    gate.touch()

    assert stage.push.wait_until_finished(name) == "Failed"
    stage.wait_until_deleted(name)
    assert [stage.final(name, shard=str(index)) for index in range(_INDEXES)] == [1.0, 1.0, 2.0]


def test_job_that_fails_by_its_index_limit_deletes_the_groups_of_running_indexes(stage: e2e_environment.Stage) -> None:
    name, release = stage.push.unique("too-many"), stage.gate("release")
    # The Job stops index 2, which pushes once more before it ends.
    by_index = {2: f"push 1; sigterm; await {release}; push 2; exit 3"}
    fails = stage.gate("fails")
    part = f"push 1; await {fails}; exit 3"
    spec = _indexed(backoffLimitPerIndex=0, maxFailedIndexes=1)
    job = stage.push.job_with_steps(name, part, key="shard=$(INDEX)", by_index=by_index, spec=spec)
    stage.wait_until_pushed(name, groups=_INDEXES)
    fails.touch()
    waiting.eventually(lambda: stage.condition(name, "FailureTarget"), why="the Job to give up")
    stage.assert_kept(name, job["metadata"]["uid"], groups=_INDEXES)

    release.touch()

    stage.wait_until_deleted(name)
    failed = stage.condition(name, "Failed")
    assert failed is not None
    assert failed["reason"] == "MaxFailedIndexesExceeded"
    assert [stage.final(name, shard=str(index)) for index in range(_INDEXES)] == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("criteria", [{"succeededIndexes": "0"}, {"succeededCount": 1}], ids=["index", "count"])
def test_job_that_met_its_success_criteria_is_finished_only_when_its_pods_are(
    stage: e2e_environment.Stage, criteria: dict[str, object]
) -> None:
    what = next(iter(criteria)).lower()
    name, leader, release = stage.push.unique(what), stage.gate(f"leader-{what}"), stage.gate(f"release-{what}")
    spec = _indexed(successPolicy={"rules": [criteria]})
    part = f"push 1; sigterm; await {release}; push 2; exit 3"
    leads = {0: f"push 1; await {leader}"}
    job = stage.push.job_with_steps(name, part, key="shard=$(INDEX)", by_index=leads, spec=spec)
    stage.wait_until_pushed(name, groups=_INDEXES)
    leader.touch()
    waiting.eventually(lambda: stage.condition(name, "SuccessCriteriaMet"), why="the Job to be sure of its success")
    stage.assert_kept(name, job["metadata"]["uid"], groups=_INDEXES)

    release.touch()

    assert stage.push.wait_until_finished(name) == "Complete"
    stage.wait_until_deleted(name)
    assert [stage.final(name, shard=str(index)) for index in range(_INDEXES)] == [1.0, 2.0, 2.0]


def test_group_of_a_scaled_down_index_is_kept_until_the_job_finishes(stage: e2e_environment.Stage) -> None:
    name, gate = stage.push.unique("elastic"), stage.gate("elastic")
    group = f"any-{name}"
    part = f"push 1; await {gate}; push 2"
    job = stage.push.job_with_steps(name, part, group=group, key=f"instance={name}-$(INDEX)", spec=_indexed())
    stage.wait_until_pushed(group, groups=_INDEXES)
    fewer = {"spec": {"completions": 1, "parallelism": 1}}
    stage.api.patch("jobs", name, fewer, namespace=stage.namespace)
    waiting.eventually(
        lambda: len(stage.cluster.pods_of(name, namespace=stage.namespace)) == 1, why="the other pods to go"
    )
    stage.assert_kept(group, job["metadata"]["uid"], groups=_INDEXES)

    gate.touch()

    stage.wait_until_deleted(group)
    assert [stage.final(group, instance=f"{name}-{index}") for index in range(_INDEXES)] == [2.0, 1.0, 1.0]
