"""CronJobs: a group named after a run is deleted with the run, a group named after the CronJob with the CronJob."""

from tests.support import environments, waiting
from tests.support.jobs import pushing_jobs, triggered_cronjobs
from tests.support.kubernetes import admin_client

_RUN = "$(RUN)"
"""A group's `job` label with the name of the run."""


def _runs(environment: environments.Environment, cronjob: str) -> dict[str, admin_client.Object]:
    """The Jobs that the controller has created for this CronJob, by name."""
    jobs = environment.api.list("jobs", namespace=environment.namespace)
    return {job["metadata"]["name"]: job for job in jobs if job["metadata"]["name"].startswith(f"{cronjob}-")}


def _uid_of_run(environment: environments.Environment, cronjob: str, run: str) -> str:
    waiting.eventually(lambda: run in _runs(environment, cronjob), why=f"the controller to make {run}")
    uid: str = environment.job(run)["metadata"]["uid"]
    return uid


def test_group_of_a_run_is_deleted_with_the_run_and_that_of_the_cronjob_is_kept(
    environment: environments.Environment,
) -> None:
    name = environment.push.unique("nightly")
    own = environment.push.container_with_steps("push 1", group=_RUN)
    common = environment.push.container_with_steps("push 2", group=name, name="common")
    by_pod = environment.push.container_with_steps("push 3", group=name, key="pod=$(POD)", name="by-pod")
    cronjob = triggered_cronjobs.create(environment, name, own, common, by_pod, pod=pushing_jobs.QUICK_END)
    runs = []
    for minutes_ago in (4, 3):
        runs.append(triggered_cronjobs.due(environment, name, minutes_ago=minutes_ago))
        _uid_of_run(environment, name, runs[-1])
        assert environment.push.wait_until_finished(runs[-1]) == "Complete"
    environment.wait_until_deleted(*runs)
    assert [environment.final(run) for run in runs] == [1.0, 1.0]
    waiting.eventually(lambda: len(environment.groups(name)) == 1, why="the groups of the runs' pods to go")
    assert "pod" not in environment.groups(name)[0]["labels"]
    environment.assert_kept(name, cronjob["metadata"]["uid"])
    assert len(_runs(environment, name)) == 2

    environment.api.delete("cronjobs", name, namespace=environment.namespace)

    environment.wait_until_deleted(name)
    assert environment.final(name, pod="") == 2.0


def test_run_delayed_by_forbid_deletes_no_group_and_starts_later(environment: environments.Environment) -> None:
    name, gate = environment.push.unique("forbid"), environment.gate("forbid")
    triggered_cronjobs.create(
        environment,
        name,
        environment.push.container_with_steps(f"push 1; await {gate}; push 2", group=_RUN),
        pod=pushing_jobs.QUICK_END,
        concurrencyPolicy="Forbid",
    )
    first = triggered_cronjobs.due(environment, name, minutes_ago=4)
    uid = _uid_of_run(environment, name, first)
    environment.wait_until_claimed(first, uid)
    second = triggered_cronjobs.due(environment, name, minutes_ago=3)
    environment.event("JobAlreadyActive", name)
    environment.assert_kept(first, uid)
    assert set(_runs(environment, name)) == {first}

    gate.touch()

    environment.wait_until_deleted(first)
    _uid_of_run(environment, name, second)
    environment.push.wait_until_finished(second)
    environment.wait_until_deleted(second)
    assert [environment.final(run) for run in (first, second)] == [2.0, 2.0]


def test_group_of_a_replaced_run_is_deleted_and_the_group_shared_with_the_next_run_is_kept(
    environment: environments.Environment,
) -> None:
    by_run, by_key, group = (environment.push.unique(f"replace-{what}") for what in ("run", "key", "group"))
    annotations = {by_run: {}, by_key: {"tidegate.dev/grouping-key": f"job={group}"}}
    for name, group_of in ((by_run, _RUN), (by_key, group)):
        triggered_cronjobs.create(
            environment,
            name,
            environment.push.container_with_steps("push 1; rest", group=group_of),
            pod=pushing_jobs.QUICK_END,
            annotations=annotations[name],
            concurrencyPolicy="Replace",
        )
    firsts = {name: triggered_cronjobs.due(environment, name, minutes_ago=4) for name in annotations}
    environment.wait_until_claimed(firsts[by_run], _uid_of_run(environment, by_run, firsts[by_run]))
    environment.wait_until_claimed(group, _uid_of_run(environment, by_key, firsts[by_key]))

    seconds = {name: triggered_cronjobs.due(environment, name, minutes_ago=3) for name in annotations}

    uids = {name: _uid_of_run(environment, name, run) for name, run in seconds.items()}
    environment.wait_until_deleted(firsts[by_run])
    assert environment.final(firsts[by_run]) == 1.0
    # The previous run may have pushed last: both claims remain until the new run has pushed later.
    waiting.eventually(lambda: uids[by_key] in environment.owners(group), why=f"{group} to be the second run's, too")
    environment.wait_until_claimed(seconds[by_run], uids[by_run])
    environment.assert_kept(group)
    environment.assert_all_kept({seconds[by_run]: uids[by_run]})
    assert [set(_runs(environment, name)) for name in annotations] == [{run} for run in seconds.values()]
    for name in annotations:
        environment.api.delete("cronjobs", name, namespace=environment.namespace)
    environment.wait_until_deleted(group, seconds[by_run])


def test_group_with_cleanup_on_deletion_is_deleted_when_the_history_limit_deletes_the_run(
    environment: environments.Environment,
) -> None:
    well, ill = environment.push.unique("history-well"), environment.push.unique("history-ill")
    for name, part in ((well, "push 1"), (ill, "push 1; exit 3")):
        triggered_cronjobs.create(
            environment,
            name,
            environment.push.container_with_steps(part, group=_RUN),
            pod=pushing_jobs.QUICK_END,
            annotations={"tidegate.dev/cleanup": "on-deletion"},
            successfulJobsHistoryLimit=1,
            failedJobsHistoryLimit=1,
        )
    firsts = [triggered_cronjobs.due(environment, name, minutes_ago=4) for name in (well, ill)]
    for name, run, end in zip((well, ill), firsts, ("Complete", "Failed"), strict=True):
        _uid_of_run(environment, name, run)
        assert environment.push.wait_until_finished(run) == end
        environment.wait_until_claimed(run, environment.job(run)["metadata"]["uid"])

    seconds = [triggered_cronjobs.due(environment, name, minutes_ago=3) for name in (well, ill)]

    for run in firsts:
        environment.push.wait_until_deleted(run)
    environment.wait_until_deleted(*firsts)
    for run in seconds:
        environment.push.wait_until_finished(run)
    environment.assert_all_kept({run: environment.job(run)["metadata"]["uid"] for run in seconds})


def test_orphaned_run_keeps_its_group_after_its_cronjob_is_deleted(environment: environments.Environment) -> None:
    name, gate = environment.push.unique("orphaned"), environment.gate("orphaned")
    own = environment.push.container_with_steps(f"push 1; await {gate}; push 2", group=_RUN)
    common = environment.push.container_with_steps(f"push 1; await {gate}; push 2", group=name, name="common")
    cronjob = triggered_cronjobs.create(environment, name, own, common, pod=pushing_jobs.QUICK_END)
    run = triggered_cronjobs.due(environment, name, minutes_ago=3)
    uid = _uid_of_run(environment, name, run)
    environment.wait_until_claimed(run, uid)
    environment.wait_until_claimed(name, cronjob["metadata"]["uid"])

    environment.api.delete("cronjobs", name, namespace=environment.namespace, propagation="Orphan")

    environment.wait_until_deleted(name)
    environment.assert_kept(run, uid)
    gate.touch()
    environment.push.wait_until_finished(run)
    waiting.eventually(
        lambda: environment.final(run) == environment.final(name) == 2.0, why="what both groups have last"
    )
    environment.wait_until_deleted(run, name)


def test_final_pushes_of_a_cronjob_deleted_in_the_foreground_are_scraped(environment: environments.Environment) -> None:
    name, release = environment.push.unique("foreground"), environment.gate("foreground")
    own = environment.push.container_with_steps(f"push 1; sigterm; await {release}; push 2", group=_RUN)
    common = environment.push.container_with_steps(
        f"push 1; sigterm; await {release}; push 2", group=name, name="common"
    )
    cronjob = triggered_cronjobs.create(environment, name, own, common, pod=pushing_jobs.PATIENT_END)
    run = triggered_cronjobs.due(environment, name, minutes_ago=3)
    uid = _uid_of_run(environment, name, run)
    environment.wait_until_claimed(run, uid)
    environment.wait_until_claimed(name, cronjob["metadata"]["uid"])

    environment.api.delete("cronjobs", name, namespace=environment.namespace, propagation="Foreground")

    waiting.eventually(
        lambda: environment.job(run)["metadata"].get("deletionTimestamp"), why=f"{run} to be deleted, too"
    )
    environment.assert_all_kept({run: uid, name: cronjob["metadata"]["uid"]})
    release.touch()
    environment.wait_until_deleted(run, name)
    assert [environment.final(run), environment.final(name)] == [2.0, 2.0]


def test_recreated_cronjob_becomes_the_owner_of_its_group(environment: environments.Environment) -> None:
    name = environment.push.unique("again")
    container = environment.push.container_with_steps("push 1", group=name)
    first = triggered_cronjobs.create(environment, name, container, pod=pushing_jobs.QUICK_END)
    run = triggered_cronjobs.due(environment, name, minutes_ago=3)
    _uid_of_run(environment, name, run)
    environment.push.wait_until_finished(run)
    # The next CronJob is younger than the push: it can only follow an owner of its name.
    environment.wait_until_claimed(name, first["metadata"]["uid"])
    environment.prometheus.pause()
    try:
        environment.api.delete("cronjobs", name, namespace=environment.namespace, propagation="Foreground")
        waiting.eventually(
            lambda: environment.api.find("cronjobs", name, namespace=environment.namespace) is None,
            why="no CronJob of that name",
        )
        cronjob = triggered_cronjobs.create(environment, name, container, pod=pushing_jobs.QUICK_END)
        environment.wait_until_claimed(name, cronjob["metadata"]["uid"])
    finally:
        environment.prometheus.resume()
    environment.assert_kept(name, cronjob["metadata"]["uid"])
    environment.api.delete("cronjobs", name, namespace=environment.namespace)
    environment.wait_until_deleted(name)
