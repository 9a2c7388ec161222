"""Jobs that are there for a moment, and names that are used again at once."""

from tests.e2e import e2e_environment
from tests.support import waiting

_TOGETHER = 5


def test_jobs_that_are_removed_the_moment_they_end_leave_no_group_and_lose_no_value(
    stage: e2e_environment.Stage,
) -> None:
    names = {stage.push.unique(f"ttl-{number}"): 10.0 + number for number in range(_TOGETHER)}
    for name, result in names.items():
        stage.push.job(name, result=result, ttl=0, fails=result % 2 == 0)

    for name in names:
        stage.push.gone(name)
    waiting.eventually(lambda: [stage.final(name) for name in names] == list(names.values()), why="every final value")
    stage.goes(*names)


def test_a_late_push_of_the_run_before_neither_ends_the_group_of_the_next_one_nor_outlives_it(
    stage: e2e_environment.Stage,
) -> None:
    name, late = stage.push.unique("again"), stage.gate("late")
    stage.push.acting(name, f"push 1; told; await {late}; push 3; exit 3", key="")
    stage.pushed(name)
    (pod,) = stage.cluster.pods_of(name, namespace=stage.namespace)
    stage.push.delete(name)
    uid = stage.push.acting(name, "push 2; rest")["metadata"]["uid"]
    waiting.eventually(lambda: stage.final(name) == 2.0, why="the push of the second run")
    stage.claimed(name, uid)

    late.touch()

    waiting.eventually(lambda: stage.final(name) == 3.0, why="the last push of the first run")
    waiting.eventually(
        lambda: stage.api.find("pods", pod["metadata"]["name"], namespace=stage.namespace) is None, why="no first pod"
    )
    stage.stays(name, uid)
    stage.push.delete(name)
    stage.goes(name)


def test_the_groups_of_the_pods_of_the_run_before_go_while_the_next_one_of_its_name_runs(
    stage: e2e_environment.Stage,
) -> None:
    name = stage.push.unique("pods-again")
    first = stage.push.acting(name, "push 1; rest", key="pod=$(POD)")
    stage.claimed(name, first["metadata"]["uid"])
    (group,) = stage.groups(name)
    stage.push.delete(name)

    second = stage.push.acting(name, "push 2; rest", key="pod=$(POD)")

    stage.goes(name, pod=group["labels"]["pod"])
    stage.claimed(name, second["metadata"]["uid"])
    stage.stays(name, second["metadata"]["uid"])
    stage.push.delete(name)
    stage.goes(name)
