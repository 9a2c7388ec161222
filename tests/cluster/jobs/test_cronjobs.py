"""CronJobs: a group named after a run is deleted with the run, a group named after the CronJob with the CronJob."""

from tests.support import waiting
from tests.support.jobs import e2e_environment, pushing_jobs, triggered_cronjobs
from tests.support.kubernetes import admin_client

_RUN = "$(RUN)"
"""A group's `job` label with the name of the run."""


def _runs(stage: e2e_environment.Stage, cronjob: str) -> dict[str, admin_client.Object]:
    """The Jobs that the controller has created for this CronJob, by name."""
    jobs = stage.api.list("jobs", namespace=stage.namespace)
    return {job["metadata"]["name"]: job for job in jobs if job["metadata"]["name"].startswith(f"{cronjob}-")}


def _uid_of_run(stage: e2e_environment.Stage, cronjob: str, run: str) -> str:
    waiting.eventually(lambda: run in _runs(stage, cronjob), why=f"the controller to make {run}")
    uid: str = stage.job(run)["metadata"]["uid"]
    return uid


def test_group_of_a_run_is_deleted_with_the_run_and_that_of_the_cronjob_is_kept(stage: e2e_environment.Stage) -> None:
    name = stage.push.unique("nightly")
    own = stage.push.container_with_steps("push 1", group=_RUN)
    common = stage.push.container_with_steps("push 2", group=name, name="common")
    by_pod = stage.push.container_with_steps("push 3", group=name, key="pod=$(POD)", name="by-pod")
    cronjob = triggered_cronjobs.create(stage, name, own, common, by_pod, pod=pushing_jobs.QUICK_END)
    runs = []
    for minutes_ago in (4, 3):
        runs.append(triggered_cronjobs.due(stage, name, minutes_ago=minutes_ago))
        _uid_of_run(stage, name, runs[-1])
        assert stage.push.wait_until_finished(runs[-1]) == "Complete"
    stage.wait_until_deleted(*runs)
    assert [stage.final(run) for run in runs] == [1.0, 1.0]
    waiting.eventually(lambda: len(stage.groups(name)) == 1, why="the groups of the runs' pods to go")
    assert "pod" not in stage.groups(name)[0]["labels"]
    stage.assert_kept(name, cronjob["metadata"]["uid"])
    assert len(_runs(stage, name)) == 2

    stage.api.delete("cronjobs", name, namespace=stage.namespace)

    stage.wait_until_deleted(name)
    assert stage.final(name, pod="") == 2.0


def test_run_delayed_by_forbid_deletes_no_group_and_starts_later(stage: e2e_environment.Stage) -> None:
    name, gate = stage.push.unique("forbid"), stage.gate("forbid")
    triggered_cronjobs.create(
        stage,
        name,
        stage.push.container_with_steps(f"push 1; await {gate}; push 2", group=_RUN),
        pod=pushing_jobs.QUICK_END,
        concurrencyPolicy="Forbid",
    )
    first = triggered_cronjobs.due(stage, name, minutes_ago=4)
    uid = _uid_of_run(stage, name, first)
    stage.wait_until_claimed(first, uid)
    second = triggered_cronjobs.due(stage, name, minutes_ago=3)
    stage.event("JobAlreadyActive", name)
    stage.assert_kept(first, uid)
    assert set(_runs(stage, name)) == {first}

    gate.touch()

    stage.wait_until_deleted(first)
    _uid_of_run(stage, name, second)
    stage.push.wait_until_finished(second)
    stage.wait_until_deleted(second)
    assert [stage.final(run) for run in (first, second)] == [2.0, 2.0]


def test_group_of_a_replaced_run_is_deleted_and_the_group_shared_with_the_next_run_is_kept(
    stage: e2e_environment.Stage,
) -> None:
    by_run, by_key, group = (stage.push.unique(f"replace-{what}") for what in ("run", "key", "group"))
    annotations = {by_run: {}, by_key: {"tidegate.dev/grouping-key": f"job={group}"}}
    for name, group_of in ((by_run, _RUN), (by_key, group)):
        triggered_cronjobs.create(
            stage,
            name,
            stage.push.container_with_steps("push 1; rest", group=group_of),
            pod=pushing_jobs.QUICK_END,
            annotations=annotations[name],
            concurrencyPolicy="Replace",
        )
    firsts = {name: triggered_cronjobs.due(stage, name, minutes_ago=4) for name in annotations}
    stage.wait_until_claimed(firsts[by_run], _uid_of_run(stage, by_run, firsts[by_run]))
    stage.wait_until_claimed(group, _uid_of_run(stage, by_key, firsts[by_key]))

    seconds = {name: triggered_cronjobs.due(stage, name, minutes_ago=3) for name in annotations}

    uids = {name: _uid_of_run(stage, name, run) for name, run in seconds.items()}
    stage.wait_until_deleted(firsts[by_run])
    assert stage.final(firsts[by_run]) == 1.0
    # The previous run may have pushed last: both claims remain until the new run has pushed later.
    waiting.eventually(lambda: uids[by_key] in stage.owners(group), why=f"{group} to be the second run's, too")
    stage.wait_until_claimed(seconds[by_run], uids[by_run])
    stage.assert_kept(group)
    stage.assert_all_kept({seconds[by_run]: uids[by_run]})
    assert [set(_runs(stage, name)) for name in annotations] == [{run} for run in seconds.values()]
    for name in annotations:
        stage.api.delete("cronjobs", name, namespace=stage.namespace)
    stage.wait_until_deleted(group, seconds[by_run])


def test_group_with_cleanup_on_deletion_is_deleted_when_the_history_limit_deletes_the_run(
    stage: e2e_environment.Stage,
) -> None:
    well, ill = stage.push.unique("history-well"), stage.push.unique("history-ill")
    for name, part in ((well, "push 1"), (ill, "push 1; exit 3")):
        triggered_cronjobs.create(
            stage,
            name,
            stage.push.container_with_steps(part, group=_RUN),
            pod=pushing_jobs.QUICK_END,
            annotations={"tidegate.dev/cleanup": "on-deletion"},
            successfulJobsHistoryLimit=1,
            failedJobsHistoryLimit=1,
        )
    firsts = [triggered_cronjobs.due(stage, name, minutes_ago=4) for name in (well, ill)]
    for name, run, end in zip((well, ill), firsts, ("Complete", "Failed"), strict=True):
        _uid_of_run(stage, name, run)
        assert stage.push.wait_until_finished(run) == end
        stage.wait_until_claimed(run, stage.job(run)["metadata"]["uid"])

    seconds = [triggered_cronjobs.due(stage, name, minutes_ago=3) for name in (well, ill)]

    for run in firsts:
        stage.push.wait_until_deleted(run)
    stage.wait_until_deleted(*firsts)
    for run in seconds:
        stage.push.wait_until_finished(run)
    stage.assert_all_kept({run: stage.job(run)["metadata"]["uid"] for run in seconds})


def test_orphaned_run_keeps_its_group_after_its_cronjob_is_deleted(stage: e2e_environment.Stage) -> None:
    name, gate = stage.push.unique("orphaned"), stage.gate("orphaned")
    own = stage.push.container_with_steps(f"push 1; await {gate}; push 2", group=_RUN)
    common = stage.push.container_with_steps(f"push 1; await {gate}; push 2", group=name, name="common")
    cronjob = triggered_cronjobs.create(stage, name, own, common, pod=pushing_jobs.QUICK_END)
    run = triggered_cronjobs.due(stage, name, minutes_ago=3)
    uid = _uid_of_run(stage, name, run)
    stage.wait_until_claimed(run, uid)
    stage.wait_until_claimed(name, cronjob["metadata"]["uid"])

    stage.api.delete("cronjobs", name, namespace=stage.namespace, propagation="Orphan")

    stage.wait_until_deleted(name)
    stage.assert_kept(run, uid)
    gate.touch()
    stage.push.wait_until_finished(run)
    waiting.eventually(lambda: stage.final(run) == stage.final(name) == 2.0, why="what both groups have last")
    stage.wait_until_deleted(run, name)


def test_final_pushes_of_a_cronjob_deleted_in_the_foreground_are_scraped(stage: e2e_environment.Stage) -> None:
    name, release = stage.push.unique("foreground"), stage.gate("foreground")
    own = stage.push.container_with_steps(f"push 1; sigterm; await {release}; push 2", group=_RUN)
    common = stage.push.container_with_steps(f"push 1; sigterm; await {release}; push 2", group=name, name="common")
    cronjob = triggered_cronjobs.create(stage, name, own, common, pod=pushing_jobs.PATIENT_END)
    run = triggered_cronjobs.due(stage, name, minutes_ago=3)
    uid = _uid_of_run(stage, name, run)
    stage.wait_until_claimed(run, uid)
    stage.wait_until_claimed(name, cronjob["metadata"]["uid"])

    stage.api.delete("cronjobs", name, namespace=stage.namespace, propagation="Foreground")

    waiting.eventually(lambda: stage.job(run)["metadata"].get("deletionTimestamp"), why=f"{run} to be deleted, too")
    stage.assert_all_kept({run: uid, name: cronjob["metadata"]["uid"]})
    release.touch()
    stage.wait_until_deleted(run, name)
    assert [stage.final(run), stage.final(name)] == [2.0, 2.0]


def test_recreated_cronjob_becomes_the_owner_of_its_group(stage: e2e_environment.Stage) -> None:
    name = stage.push.unique("again")
    container = stage.push.container_with_steps("push 1", group=name)
    triggered_cronjobs.create(stage, name, container, pod=pushing_jobs.QUICK_END)
    run = triggered_cronjobs.due(stage, name, minutes_ago=3)
    _uid_of_run(stage, name, run)
    stage.push.wait_until_finished(run)
    stage.server.pause()
    try:
        stage.api.delete("cronjobs", name, namespace=stage.namespace, propagation="Foreground")
        waiting.eventually(
            lambda: stage.api.find("cronjobs", name, namespace=stage.namespace) is None, why="no CronJob of that name"
        )
        cronjob = triggered_cronjobs.create(stage, name, container, pod=pushing_jobs.QUICK_END)
        stage.wait_until_claimed(name, cronjob["metadata"]["uid"])
    finally:
        stage.server.resume()
    stage.assert_kept(name, cronjob["metadata"]["uid"])
    stage.api.delete("cronjobs", name, namespace=stage.namespace)
    stage.wait_until_deleted(name)
