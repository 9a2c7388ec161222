"""CronJobs: what a run names after itself goes with the run, what is named after the CronJob goes with the CronJob."""

from tests.cluster import admin_client
from tests.e2e import e2e_environment, pushing_jobs, triggered_cronjobs
from tests.support import waiting

_RUN = "$(RUN)"
"""The run's own name, as a group's `job` label."""


def _runs(stage: e2e_environment.Stage, cronjob: str) -> dict[str, admin_client.Object]:
    """The Jobs that the controller has made of this CronJob, by name."""
    jobs = stage.api.list("jobs", namespace=stage.namespace)
    return {job["metadata"]["name"]: job for job in jobs if job["metadata"]["name"].startswith(f"{cronjob}-")}


def _uid_of_run(stage: e2e_environment.Stage, cronjob: str, run: str) -> str:
    waiting.eventually(lambda: run in _runs(stage, cronjob), why=f"the controller to make {run}")
    uid: str = stage.job(run)["metadata"]["uid"]
    return uid


def test_each_run_takes_its_own_group_with_it_and_leaves_the_one_of_the_cronjob(stage: e2e_environment.Stage) -> None:
    name = stage.push.unique("nightly")
    own = stage.push.acts("push 1", group=_RUN)
    common = stage.push.acts("push 2", group=name, name="common")
    by_pod = stage.push.acts("push 3", group=name, key="pod=$(POD)", name="by-pod")
    cronjob = triggered_cronjobs.create(stage, name, own, common, by_pod, pod=pushing_jobs.QUICK_END)
    runs = []
    for minutes_ago in (4, 3):
        runs.append(triggered_cronjobs.due(stage, name, minutes_ago=minutes_ago))
        _uid_of_run(stage, name, runs[-1])
        assert stage.push.ended(runs[-1]) == "Complete"
    stage.goes(*runs)
    assert [stage.final(run) for run in runs] == [1.0, 1.0]
    waiting.eventually(lambda: len(stage.groups(name)) == 1, why="the groups of the runs' pods to go")
    assert "pod" not in stage.groups(name)[0]["labels"]
    stage.stays(name, cronjob["metadata"]["uid"])
    assert len(_runs(stage, name)) == 2

    stage.api.delete("cronjobs", name, namespace=stage.namespace)

    stage.goes(name)
    assert stage.final(name, pod="") == 2.0


def test_a_run_that_forbid_holds_back_ends_nothing_and_comes_later(stage: e2e_environment.Stage) -> None:
    name, gate = stage.push.unique("forbid"), stage.gate("forbid")
    triggered_cronjobs.create(
        stage,
        name,
        stage.push.acts(f"push 1; await {gate}; push 2", group=_RUN),
        pod=pushing_jobs.QUICK_END,
        concurrencyPolicy="Forbid",
    )
    first = triggered_cronjobs.due(stage, name, minutes_ago=4)
    uid = _uid_of_run(stage, name, first)
    stage.claimed(first, uid)
    second = triggered_cronjobs.due(stage, name, minutes_ago=3)
    stage.event("JobAlreadyActive", name)
    stage.stays(first, uid)
    assert set(_runs(stage, name)) == {first}

    gate.touch()

    stage.goes(first)
    _uid_of_run(stage, name, second)
    stage.push.ended(second)
    stage.goes(second)
    assert [stage.final(run) for run in (first, second)] == [2.0, 2.0]


def test_a_replaced_run_takes_its_own_group_with_it_and_leaves_what_the_next_one_has_too(
    stage: e2e_environment.Stage,
) -> None:
    by_run, by_key, group = (stage.push.unique(f"replace-{what}") for what in ("run", "key", "group"))
    annotations = {by_run: {}, by_key: {"tidegate.dev/grouping-key": f"job={group}"}}
    for name, group_of in ((by_run, _RUN), (by_key, group)):
        triggered_cronjobs.create(
            stage,
            name,
            stage.push.acts("push 1; rest", group=group_of),
            pod=pushing_jobs.QUICK_END,
            annotations=annotations[name],
            concurrencyPolicy="Replace",
        )
    firsts = {name: triggered_cronjobs.due(stage, name, minutes_ago=4) for name in annotations}
    stage.claimed(firsts[by_run], _uid_of_run(stage, by_run, firsts[by_run]))
    stage.claimed(group, _uid_of_run(stage, by_key, firsts[by_key]))

    seconds = {name: triggered_cronjobs.due(stage, name, minutes_ago=3) for name in annotations}

    uids = {name: _uid_of_run(stage, name, run) for name, run in seconds.items()}
    stage.goes(firsts[by_run])
    assert stage.final(firsts[by_run]) == 1.0
    # The run before may have pushed last: its claim stays beside the new one's until the new one has pushed later.
    waiting.eventually(lambda: uids[by_key] in stage.owners(group), why=f"{group} to be the second run's, too")
    stage.claimed(seconds[by_run], uids[by_run])
    stage.stays(group)
    stage.stay({seconds[by_run]: uids[by_run]})
    assert [set(_runs(stage, name)) for name in annotations] == [{run} for run in seconds.values()]
    for name in annotations:
        stage.api.delete("cronjobs", name, namespace=stage.namespace)
    stage.goes(group, seconds[by_run])


def test_what_stays_until_the_job_is_deleted_goes_when_the_history_limit_deletes_it(
    stage: e2e_environment.Stage,
) -> None:
    well, ill = stage.push.unique("history-well"), stage.push.unique("history-ill")
    for name, part in ((well, "push 1"), (ill, "push 1; exit 3")):
        triggered_cronjobs.create(
            stage,
            name,
            stage.push.acts(part, group=_RUN),
            pod=pushing_jobs.QUICK_END,
            annotations={"tidegate.dev/cleanup": "on-deletion"},
            successfulJobsHistoryLimit=1,
            failedJobsHistoryLimit=1,
        )
    firsts = [triggered_cronjobs.due(stage, name, minutes_ago=4) for name in (well, ill)]
    for name, run, end in zip((well, ill), firsts, ("Complete", "Failed"), strict=True):
        _uid_of_run(stage, name, run)
        assert stage.push.ended(run) == end
        stage.claimed(run, stage.job(run)["metadata"]["uid"])

    seconds = [triggered_cronjobs.due(stage, name, minutes_ago=3) for name in (well, ill)]

    for run in firsts:
        stage.push.gone(run)
    stage.goes(*firsts)
    for run in seconds:
        stage.push.ended(run)
    stage.stay({run: stage.job(run)["metadata"]["uid"] for run in seconds})


def test_an_orphaned_run_keeps_its_own_group_when_its_cronjob_goes(stage: e2e_environment.Stage) -> None:
    name, gate = stage.push.unique("orphaned"), stage.gate("orphaned")
    own = stage.push.acts(f"push 1; await {gate}; push 2", group=_RUN)
    common = stage.push.acts(f"push 1; await {gate}; push 2", group=name, name="common")
    cronjob = triggered_cronjobs.create(stage, name, own, common, pod=pushing_jobs.QUICK_END)
    run = triggered_cronjobs.due(stage, name, minutes_ago=3)
    uid = _uid_of_run(stage, name, run)
    stage.claimed(run, uid)
    stage.claimed(name, cronjob["metadata"]["uid"])

    stage.api.delete("cronjobs", name, namespace=stage.namespace, propagation="Orphan")

    stage.goes(name)
    stage.stays(run, uid)
    gate.touch()
    stage.push.ended(run)
    waiting.eventually(lambda: stage.final(run) == stage.final(name) == 2.0, why="what both groups have last")
    stage.goes(run, name)


def test_a_cronjob_deleted_in_the_foreground_waits_for_what_its_pods_push_last(stage: e2e_environment.Stage) -> None:
    name, told = stage.push.unique("foreground"), stage.gate("foreground")
    own = stage.push.acts(f"push 1; told; await {told}; push 2", group=_RUN)
    common = stage.push.acts(f"push 1; told; await {told}; push 2", group=name, name="common")
    cronjob = triggered_cronjobs.create(stage, name, own, common, pod=pushing_jobs.PATIENT_END)
    run = triggered_cronjobs.due(stage, name, minutes_ago=3)
    uid = _uid_of_run(stage, name, run)
    stage.claimed(run, uid)
    stage.claimed(name, cronjob["metadata"]["uid"])

    stage.api.delete("cronjobs", name, namespace=stage.namespace, propagation="Foreground")

    waiting.eventually(lambda: stage.job(run)["metadata"].get("deletionTimestamp"), why=f"{run} to be deleted, too")
    stage.stay({run: uid, name: cronjob["metadata"]["uid"]})
    told.touch()
    stage.goes(run, name)
    assert [stage.final(run), stage.final(name)] == [2.0, 2.0]


def test_a_cronjob_made_again_under_its_name_takes_its_group_over(stage: e2e_environment.Stage) -> None:
    name = stage.push.unique("again")
    container = stage.push.acts("push 1", group=name)
    triggered_cronjobs.create(stage, name, container, pod=pushing_jobs.QUICK_END)
    run = triggered_cronjobs.due(stage, name, minutes_ago=3)
    _uid_of_run(stage, name, run)
    stage.push.ended(run)
    stage.server.pause()
    try:
        stage.api.delete("cronjobs", name, namespace=stage.namespace, propagation="Foreground")
        waiting.eventually(
            lambda: stage.api.find("cronjobs", name, namespace=stage.namespace) is None, why="no CronJob of that name"
        )
        cronjob = triggered_cronjobs.create(stage, name, container, pod=pushing_jobs.QUICK_END)
        stage.claimed(name, cronjob["metadata"]["uid"])
    finally:
        stage.server.resume()
    stage.stays(name, cronjob["metadata"]["uid"])
    stage.api.delete("cronjobs", name, namespace=stage.namespace)
    stage.goes(name)
