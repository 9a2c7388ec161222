"""Indexed Jobs: each index may have a group of its own, and all of them are over with the Job and not before."""

import pytest

from tests.e2e import e2e_environment
from tests.support import waiting

_INDEXES = 3


def _indexed(**fields: object) -> dict[str, object]:
    return {"completionMode": "Indexed", "completions": _INDEXES, "parallelism": _INDEXES, "backoffLimit": 6, **fields}


def _wait_for_indexes(stage: e2e_environment.Stage, name: str, *, field: str, indexes: str) -> None:
    waiting.eventually(lambda: stage.job(name)["status"].get(field) == indexes, why=f"{field} {indexes} of {name}")


def test_the_groups_of_all_indexes_go_when_the_job_ends_however_they_name_it(stage: e2e_environment.Stage) -> None:
    by_name, by_host, by_pod = (stage.push.unique(f"indexed-by-{what}") for what in ("name", "host", "pod"))
    keys = {by_name: "shard=$(INDEX)", by_host: f"instance={by_host}-$(INDEX)", by_pod: "pod=$(POD),shard=$(INDEX)"}
    gate = stage.gate("last-index")
    uids = {}
    for name, key in keys.items():
        group = name if name == by_name else f"any-{name}"
        late = {2: f"push 1; await {gate}; push 2"}
        uids[group] = stage.push.acting(name, "push 1", group=group, key=key, by_index=late, spec=_indexed())[
            "metadata"
        ]
    for name, group in zip(keys, uids, strict=True):
        _wait_for_indexes(stage, name, field="completedIndexes", indexes="0,1")
        stage.pushed(group, groups=_INDEXES)
    for group, metadata in uids.items():
        stage.stays(group, metadata["uid"], groups=_INDEXES)

    gate.touch()

    stage.goes(*uids)
    for group in (by_name, f"any-{by_pod}"):
        assert [stage.final(group, shard=str(index)) for index in range(_INDEXES)] == [1.0, 1.0, 2.0]
    instances = [f"{by_host}-{index}" for index in range(_INDEXES)]
    assert [stage.final(f"any-{by_host}", instance=instance) for instance in instances] == [1.0, 1.0, 2.0]


def test_an_index_that_has_failed_for_good_keeps_its_group_until_the_others_have_ended(
    stage: e2e_environment.Stage,
) -> None:
    name, gate = stage.push.unique("per-index"), stage.gate("others")
    by_index = {1: "push 1; exit 3", 2: f"push 1; await {gate}; push 2"}
    job = stage.push.acting(
        name, "push 1", key="shard=$(INDEX)", by_index=by_index, spec=_indexed(backoffLimitPerIndex=0)
    )
    _wait_for_indexes(stage, name, field="failedIndexes", indexes="1")
    stage.pushed(name, groups=_INDEXES)
    stage.stays(name, job["metadata"]["uid"], groups=_INDEXES)

    gate.touch()

    assert stage.push.ended(name) == "Failed"
    stage.goes(name)
    assert [stage.final(name, shard=str(index)) for index in range(_INDEXES)] == [1.0, 1.0, 2.0]


def test_too_many_failed_indexes_end_the_groups_of_those_that_still_ran_too(stage: e2e_environment.Stage) -> None:
    name, told = stage.push.unique("too-many"), stage.gate("told")
    # Index 2 is stopped by the Job, and pushes once more before it obeys.
    by_index = {2: f"push 1; told; await {told}; push 2; exit 3"}
    fails = stage.gate("fails")
    part = f"push 1; await {fails}; exit 3"
    spec = _indexed(backoffLimitPerIndex=0, maxFailedIndexes=1)
    job = stage.push.acting(name, part, key="shard=$(INDEX)", by_index=by_index, spec=spec)
    stage.pushed(name, groups=_INDEXES)
    fails.touch()
    waiting.eventually(lambda: stage.condition(name, "FailureTarget"), why="the Job to give up")
    stage.stays(name, job["metadata"]["uid"], groups=_INDEXES)

    told.touch()

    stage.goes(name)
    failed = stage.condition(name, "Failed")
    assert failed is not None
    assert failed["reason"] == "MaxFailedIndexesExceeded"
    assert [stage.final(name, shard=str(index)) for index in range(_INDEXES)] == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("criteria", [{"succeededIndexes": "0"}, {"succeededCount": 1}], ids=["index", "count"])
def test_a_job_whose_success_is_certain_is_over_only_when_its_pods_are(
    stage: e2e_environment.Stage, criteria: dict[str, object]
) -> None:
    what = next(iter(criteria)).lower()
    name, leader, told = stage.push.unique(what), stage.gate(f"leader-{what}"), stage.gate(f"told-{what}")
    spec = _indexed(successPolicy={"rules": [criteria]})
    part = f"push 1; told; await {told}; push 2; exit 3"
    leads = {0: f"push 1; await {leader}"}
    job = stage.push.acting(name, part, key="shard=$(INDEX)", by_index=leads, spec=spec)
    stage.pushed(name, groups=_INDEXES)
    leader.touch()
    waiting.eventually(lambda: stage.condition(name, "SuccessCriteriaMet"), why="the Job to be sure of its success")
    stage.stays(name, job["metadata"]["uid"], groups=_INDEXES)

    told.touch()

    assert stage.push.ended(name) == "Complete"
    stage.goes(name)
    assert [stage.final(name, shard=str(index)) for index in range(_INDEXES)] == [1.0, 2.0, 2.0]


def test_an_index_that_is_scaled_away_leaves_its_group_to_the_job(stage: e2e_environment.Stage) -> None:
    name, gate = stage.push.unique("elastic"), stage.gate("elastic")
    group = f"any-{name}"
    part = f"push 1; await {gate}; push 2"
    job = stage.push.acting(name, part, group=group, key=f"instance={name}-$(INDEX)", spec=_indexed())
    stage.pushed(group, groups=_INDEXES)
    fewer = {"spec": {"completions": 1, "parallelism": 1}}
    stage.api.patch("jobs", name, fewer, namespace=stage.namespace)
    waiting.eventually(
        lambda: len(stage.cluster.pods_of(name, namespace=stage.namespace)) == 1, why="the other pods to go"
    )
    stage.stays(group, job["metadata"]["uid"], groups=_INDEXES)

    gate.touch()

    stage.goes(group)
    assert [stage.final(group, instance=f"{name}-{index}") for index in range(_INDEXES)] == [2.0, 1.0, 1.0]
