"""Jobs that exist only for a moment, and Jobs that are recreated immediately under the same name."""

from tests.support import environments, waiting

_TOGETHER = 5


def test_jobs_removed_when_they_finish_leave_no_group_and_lose_no_value(
    environment: environments.Environment,
) -> None:
    names = {environment.push.unique(f"ttl-{number}"): 10.0 + number for number in range(_TOGETHER)}
    for name, result in names.items():
        environment.push.job(name, result=result, ttl=0, fails=result % 2 == 0)

    for name in names:
        environment.push.wait_until_deleted(name)
    waiting.eventually(
        lambda: [environment.final(name) for name in names] == list(names.values()), why="every final value"
    )
    environment.wait_until_deleted(*names)


def test_late_push_of_a_previous_run_neither_ends_the_next_runs_group_nor_remains_after_it(
    environment: environments.Environment,
) -> None:
    name, late = environment.push.unique("again"), environment.gate("late")
    environment.push.job_with_steps(name, f"push 1; sigterm; await {late}; push 3; exit 3", key="")
    environment.wait_until_pushed(name)
    (pod,) = environment.cluster.pods_of(name, namespace=environment.namespace)
    environment.push.delete(name)
    uid = environment.push.job_with_steps(name, "push 2; rest")["metadata"]["uid"]
    waiting.eventually(lambda: environment.final(name) == 2.0, why="the push of the second run")
    environment.wait_until_claimed(name, uid)

    late.touch()

    waiting.eventually(lambda: environment.final(name) == 3.0, why="the last push of the first run")
    waiting.eventually(
        lambda: environment.api.find("pods", pod["metadata"]["name"], namespace=environment.namespace) is None,
        why="no first pod",
    )
    environment.assert_kept(name, uid)
    environment.push.delete(name)
    environment.wait_until_deleted(name)


def test_groups_of_a_previous_runs_pods_are_deleted_while_the_next_run_of_that_name_runs(
    environment: environments.Environment,
) -> None:
    name = environment.push.unique("pods-again")
    first = environment.push.job_with_steps(name, "push 1; rest", key="pod=$(POD)")
    environment.wait_until_claimed(name, first["metadata"]["uid"])
    (group,) = environment.groups(name)
    environment.push.delete(name)

    second = environment.push.job_with_steps(name, "push 2; rest", key="pod=$(POD)")

    environment.wait_until_deleted(name, pod=group["labels"]["pod"])
    environment.wait_until_claimed(name, second["metadata"]["uid"])
    environment.assert_kept(name, second["metadata"]["uid"])
    environment.push.delete(name)
    environment.wait_until_deleted(name)
