"""Two operators on one gateway: neither repeats the other's work, and either may be killed at any moment."""

import functools
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.jobs import e2e_environment
from tests.support.processes import tidegate_processes

_RETIRED, _DELETED = "GroupsRetired", "GroupsDeleted"
_DELETIONS = "tidegate_groups_deleted_total"
_ROUNDS = 6


@pytest.fixture(scope="module")
def second(stage: e2e_environment.Stage, operator_kubeconfig: Path) -> Iterator[tidegate_processes.Operator]:
    """A second operator for the same gateway."""
    running = tidegate_processes.Operator(
        stage.folder / "second",
        gateway=stage.gateway,
        kubeconfig=operator_kubeconfig,
        arguments=(e2e_environment.RESYNC,),
    )
    try:
        running.start()
        yield running
        running.process.check()
        assert running.logged_errors() == []
    finally:
        running.process.stop()


def _events(stage: e2e_environment.Stage, reason: str) -> Counter[str]:
    """The number of Events with this reason on each object."""
    events = stage.api.list("events", namespace=stage.namespace, fields=f"reason={reason}")
    return Counter(event["regarding"]["name"] for event in events)


def _deletions(stage: e2e_environment.Stage) -> dict[str, float]:
    return {reason: stage.gateway.metric(f'{_DELETIONS}{{reason="{reason}"}}') for reason in ("drained", "timeout")}


def _mixed_jobs(stage: e2e_environment.Stage, prefix: str) -> list[str]:
    """Create Jobs that push 1 and end in different ways; return the `job` labels of their groups."""
    named = [stage.push.unique(f"{prefix}-{end}") for end in ("succeeds", "fails", "vanishes")]
    for name, fails, ttl in zip(named, (False, True, False), (None, None, 0), strict=True):
        stage.push.job(name, fails=fails, ttl=ttl)
    by_pod, annotated = stage.push.unique(f"{prefix}-by-pod"), stage.push.unique(f"{prefix}-annotated")
    stage.push.job(by_pod, group=f"any-{by_pod}", key="pod=$(POD)")
    annotations = {"tidegate.dev/grouping-key": f"job=any-{annotated}"}
    stage.push.job(annotated, group=f"any-{annotated}", annotations=annotations)
    return [*named, f"any-{by_pod}", f"any-{annotated}"]


def _read(stage: e2e_environment.Stage, groups: list[str]) -> None:
    waiting.eventually(lambda: {stage.final(group) for group in groups} == {1.0}, why="every final value")
    stage.wait_until_deleted(*groups)


def test_each_group_is_deleted_once_with_at_most_two_events_on_its_owner(
    stage: e2e_environment.Stage, second: tidegate_processes.Operator
) -> None:
    running = stage.push.unique("running")
    uid = stage.push.job(running, runs_on=True)["metadata"]["uid"]
    stage.wait_until_claimed(running, uid)
    (kept,) = stage.groups(running)
    before = _deletions(stage)

    groups = _mixed_jobs(stage, "both") + _mixed_jobs(stage, "again")

    _read(stage, groups)
    after = _deletions(stage)
    assert {reason: after[reason] - before[reason] for reason in after} == {"drained": len(groups), "timeout": 0}
    jobs = {group.removeprefix("any-") for group in groups}
    waiting.eventually(
        lambda: all(jobs <= _events(stage, reason).keys() for reason in (_RETIRED, _DELETED)),
        why="both Events on each Job",
    )
    stage.assert_kept(running, uid)
    assert stage.groups(running) == [kept], "the two say again what was said"
    for reason in (_RETIRED, _DELETED):
        assert {job: count for job, count in _events(stage, reason).items() if count > 2} == {}
        assert running not in _events(stage, reason)
    for operator in (stage.operator, second):
        for errors in ("gateway_errors", "api_errors", "watch_restarts"):
            assert operator.total(f"tidegate_operator_{errors}_total") == 0
    stage.push.delete(running)
    stage.wait_until_deleted(running)


@pytest.mark.usefixtures("second")
def test_one_operator_continues_when_the_other_is_killed(stage: e2e_environment.Stage) -> None:
    names = {stage.push.unique(f"survives-{number}"): number % 2 for number in range(6)}
    uids = {name: stage.push.job(name, runs_on=True)["metadata"]["uid"] for name in names}
    for name, uid in uids.items():
        stage.wait_until_claimed(name, uid)

    for name, deleted in names.items():
        if deleted:
            stage.api.delete("jobs", name, namespace=stage.namespace)
    stage.operator.process.kill()

    try:
        stage.wait_until_deleted(*(name for name, deleted in names.items() if deleted))
        stage.assert_all_kept({name: uids[name] for name, deleted in names.items() if not deleted})
    finally:
        stage.operator.start()
    for name, deleted in names.items():
        if not deleted:
            stage.api.delete("jobs", name, namespace=stage.namespace)
    stage.wait_until_deleted(*names)


def test_operator_that_was_paused_acts_on_the_current_state(
    stage: e2e_environment.Stage, second: tidegate_processes.Operator
) -> None:
    names = [stage.push.unique(f"frozen-{number}") for number in range(4)]
    for name in names:
        stage.wait_until_claimed(name, stage.push.job(name, runs_on=True)["metadata"]["uid"])
    stage.operator.process.pause()
    try:
        for name in names:
            stage.push.delete(name)
        stage.wait_until_deleted(*names)
        uids = {name: stage.push.job(name, result=2.0, runs_on=True)["metadata"]["uid"] for name in names}
        for name, uid in uids.items():
            stage.wait_until_claimed(name, uid)
    finally:
        stage.operator.process.resume()

    stage.assert_all_kept(uids)
    second.process.kill()
    try:
        stage.assert_all_kept(uids)
        for name in names:
            stage.api.delete("jobs", name, namespace=stage.namespace)
        stage.wait_until_deleted(*names)
    finally:
        second.start()
    assert [stage.final(name) for name in names] == [2.0] * len(names)


def test_operators_killed_in_turn_keep_exactly_the_groups_of_running_jobs(
    stage: e2e_environment.Stage, second: tidegate_processes.Operator
) -> None:
    running, stranger, again = (stage.push.unique(name) for name in ("stays", "stranger", "run-again"))
    stage.gateway.push(f"job/{stranger}", "value_of_somebody_else 7\n")
    uid = stage.push.job(running, runs_on=True)["metadata"]["uid"]
    stage.wait_until_claimed(running, uid)
    before, ended = _deletions(stage), []
    for number in range(_ROUNDS):
        victim = (stage.operator, second)[number % 2]
        last = stage.push.job(again, result=float(number), runs_on=True)["metadata"]["uid"]
        ended += _mixed_jobs(stage, f"round-{number}")
        waiting.eventually(functools.partial(stage.groups, ended[-1]), why="a push of this round")
        victim.process.kill()
        victim.start()
        if number < _ROUNDS - 1:
            stage.push.delete(again)

    _read(stage, ended)
    _wait_for_lists(stage.operator, second)
    stage.wait_until_claimed(again, last)
    stage.assert_all_kept({running: uid, again: last})
    assert _deletions(stage)["timeout"] == before["timeout"]
    assert [group["claims"] for group in stage.groups(stranger)] == [[]]
    for name in (running, again):
        stage.push.delete(name)
    stage.wait_until_deleted(running, again)
    assert [group["labels"]["job"] for group in stage.gateway.listed()] == [stranger]


def _wait_for_lists(*running: tidegate_processes.Operator) -> None:
    """Wait until each operator has listed all objects again; between list and watch it misses deletions."""
    since = time.time()
    for operator in running:
        waiting.eventually(
            functools.partial(operator.listed_since, since), why="another list", retry_on=(OSError,), timeout=20.0
        )
