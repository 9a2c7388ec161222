"""Jobs that exist only for a moment, and Jobs that are recreated immediately under the same name."""

from tests.support import waiting
from tests.support.jobs import e2e_environment

_TOGETHER = 5


def test_jobs_removed_when_they_finish_leave_no_group_and_lose_no_value(
    stage: e2e_environment.Stage,
) -> None:
    names = {stage.push.unique(f"ttl-{number}"): 10.0 + number for number in range(_TOGETHER)}
    for name, result in names.items():
        stage.push.job(name, result=result, ttl=0, fails=result % 2 == 0)

    for name in names:
        stage.push.wait_until_deleted(name)
    waiting.eventually(lambda: [stage.final(name) for name in names] == list(names.values()), why="every final value")
    stage.wait_until_deleted(*names)


def test_late_push_of_a_previous_run_neither_ends_the_next_runs_group_nor_remains_after_it(
    stage: e2e_environment.Stage,
) -> None:
    name, late = stage.push.unique("again"), stage.gate("late")
    stage.push.job_with_steps(name, f"push 1; sigterm; await {late}; push 3; exit 3", key="")
    stage.wait_until_pushed(name)
    (pod,) = stage.cluster.pods_of(name, namespace=stage.namespace)
    stage.push.delete(name)
    uid = stage.push.job_with_steps(name, "push 2; rest")["metadata"]["uid"]
    waiting.eventually(lambda: stage.final(name) == 2.0, why="the push of the second run")
    stage.wait_until_claimed(name, uid)

    late.touch()

    waiting.eventually(lambda: stage.final(name) == 3.0, why="the last push of the first run")
    waiting.eventually(
        lambda: stage.api.find("pods", pod["metadata"]["name"], namespace=stage.namespace) is None, why="no first pod"
    )
    stage.assert_kept(name, uid)
    stage.push.delete(name)
    stage.wait_until_deleted(name)


def test_groups_of_a_previous_runs_pods_are_deleted_while_the_next_run_of_that_name_runs(
    stage: e2e_environment.Stage,
) -> None:
    name = stage.push.unique("pods-again")
    first = stage.push.job_with_steps(name, "push 1; rest", key="pod=$(POD)")
    stage.wait_until_claimed(name, first["metadata"]["uid"])
    (group,) = stage.groups(name)
    stage.push.delete(name)

    second = stage.push.job_with_steps(name, "push 2; rest", key="pod=$(POD)")

    stage.wait_until_deleted(name, pod=group["labels"]["pod"])
    stage.wait_until_claimed(name, second["metadata"]["uid"])
    stage.assert_kept(name, second["metadata"]["uid"])
    stage.push.delete(name)
    stage.wait_until_deleted(name)
