"""Indexed Jobs: each index may have a group of its own; all of them are deleted with the Job and not before."""

import pytest

from tests.support import environments, waiting

_INDEXES = 3


def _indexed(**fields: object) -> dict[str, object]:
    return {"completionMode": "Indexed", "completions": _INDEXES, "parallelism": _INDEXES, "backoffLimit": 6, **fields}


def _wait_for_indexes(environment: environments.Environment, name: str, *, field: str, indexes: str) -> None:
    waiting.eventually(
        lambda: environment.job(name)["status"].get(field) == indexes, why=f"{field} {indexes} of {name}"
    )


def test_groups_of_all_indexes_are_deleted_when_the_job_finishes(environment: environments.Environment) -> None:
    by_name, by_host, by_pod = (environment.push.unique(f"indexed-by-{what}") for what in ("name", "host", "pod"))
    keys = {by_name: "shard=$(INDEX)", by_host: f"instance={by_host}-$(INDEX)", by_pod: "pod=$(POD),shard=$(INDEX)"}
    gate = environment.gate("last-index")
    uids = {}
    for name, key in keys.items():
        group = name if name == by_name else f"any-{name}"
        late = {2: f"push 1; await {gate}; push 2"}
        uids[group] = environment.push.job_with_steps(
            name, "push 1", group=group, key=key, by_index=late, spec=_indexed()
        )["metadata"]
    for name, group in zip(keys, uids, strict=True):
        _wait_for_indexes(environment, name, field="completedIndexes", indexes="0,1")
        environment.wait_until_pushed(group, groups=_INDEXES)
    for group, metadata in uids.items():
        environment.assert_kept(group, metadata["uid"], groups=_INDEXES)

    gate.touch()

    environment.wait_until_deleted(*uids)
    for group in (by_name, f"any-{by_pod}"):
        assert [environment.final(group, shard=str(index)) for index in range(_INDEXES)] == [1.0, 1.0, 2.0]
    instances = [f"{by_host}-{index}" for index in range(_INDEXES)]
    assert [environment.final(f"any-{by_host}", instance=instance) for instance in instances] == [1.0, 1.0, 2.0]


def test_group_of_a_failed_index_is_kept_until_the_job_finishes(
    environment: environments.Environment,
) -> None:
    name, gate = environment.push.unique("per-index"), environment.gate("others")
    by_index = {1: "push 1; exit 3", 2: f"push 1; await {gate}; push 2"}
    job = environment.push.job_with_steps(
        name, "push 1", key="shard=$(INDEX)", by_index=by_index, spec=_indexed(backoffLimitPerIndex=0)
    )
    _wait_for_indexes(environment, name, field="failedIndexes", indexes="1")
    environment.wait_until_pushed(name, groups=_INDEXES)
    environment.assert_kept(name, job["metadata"]["uid"], groups=_INDEXES)

    gate.touch()

    assert environment.push.wait_until_finished(name) == "Failed"
    environment.wait_until_deleted(name)
    assert [environment.final(name, shard=str(index)) for index in range(_INDEXES)] == [1.0, 1.0, 2.0]


def test_job_that_fails_by_its_index_limit_deletes_the_groups_of_running_indexes(
    environment: environments.Environment,
) -> None:
    name, release = environment.push.unique("too-many"), environment.gate("release")
    # The Job stops index 2, which pushes once more before it ends.
    by_index = {2: f"push 1; sigterm; await {release}; push 2; exit 3"}
    fails = environment.gate("fails")
    part = f"push 1; await {fails}; exit 3"
    spec = _indexed(backoffLimitPerIndex=0, maxFailedIndexes=1)
    job = environment.push.job_with_steps(name, part, key="shard=$(INDEX)", by_index=by_index, spec=spec)
    environment.wait_until_pushed(name, groups=_INDEXES)
    fails.touch()
    waiting.eventually(lambda: environment.condition(name, "FailureTarget"), why="the Job to give up")
    environment.assert_kept(name, job["metadata"]["uid"], groups=_INDEXES)

    release.touch()

    environment.wait_until_deleted(name)
    failed = environment.condition(name, "Failed")
    assert failed is not None
    assert failed["reason"] == "MaxFailedIndexesExceeded"
    assert [environment.final(name, shard=str(index)) for index in range(_INDEXES)] == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("criteria", [{"succeededIndexes": "0"}, {"succeededCount": 1}], ids=["index", "count"])
def test_job_that_met_its_success_criteria_is_finished_only_when_its_pods_are(
    environment: environments.Environment, criteria: dict[str, object]
) -> None:
    what = next(iter(criteria)).lower()
    name, leader, release = (
        environment.push.unique(what),
        environment.gate(f"leader-{what}"),
        environment.gate(f"release-{what}"),
    )
    spec = _indexed(successPolicy={"rules": [criteria]})
    part = f"push 1; sigterm; await {release}; push 2; exit 3"
    leads = {0: f"push 1; await {leader}"}
    job = environment.push.job_with_steps(name, part, key="shard=$(INDEX)", by_index=leads, spec=spec)
    environment.wait_until_pushed(name, groups=_INDEXES)
    leader.touch()
    waiting.eventually(
        lambda: environment.condition(name, "SuccessCriteriaMet"), why="the Job to be sure of its success"
    )
    environment.assert_kept(name, job["metadata"]["uid"], groups=_INDEXES)

    release.touch()

    assert environment.push.wait_until_finished(name) == "Complete"
    environment.wait_until_deleted(name)
    assert [environment.final(name, shard=str(index)) for index in range(_INDEXES)] == [1.0, 2.0, 2.0]


def test_group_of_a_scaled_down_index_is_kept_until_the_job_finishes(environment: environments.Environment) -> None:
    name, gate = environment.push.unique("elastic"), environment.gate("elastic")
    group = f"any-{name}"
    part = f"push 1; await {gate}; push 2"
    job = environment.push.job_with_steps(name, part, group=group, key=f"instance={name}-$(INDEX)", spec=_indexed())
    environment.wait_until_pushed(group, groups=_INDEXES)
    fewer = {"spec": {"completions": 1, "parallelism": 1}}
    environment.api.patch("jobs", name, fewer, namespace=environment.namespace)
    waiting.eventually(
        lambda: len(environment.cluster.pods_of(name, namespace=environment.namespace)) == 1, why="the other pods to go"
    )
    environment.assert_kept(group, job["metadata"]["uid"], groups=_INDEXES)

    gate.touch()

    environment.wait_until_deleted(group)
    assert [environment.final(group, instance=f"{name}-{index}") for index in range(_INDEXES)] == [2.0, 1.0, 1.0]
