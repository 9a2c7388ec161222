"""Two operators on one gateway: neither repeats the other's work, and either may be killed at any moment."""

import functools
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import environments, waiting
from tests.support.kubernetes import clusters
from tests.support.processes import tidegate_processes

_RETIRED, _DELETED = "GroupsRetired", "GroupsDeleted"
_DELETIONS = "tidegate_groups_deleted_total"


@pytest.fixture(scope="module")
def environment(
    cluster: clusters.Cluster, operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[environments.Environment]:
    """Components of these tests alone: they kill and pause operators."""
    folder = tmp_path_factory.mktemp("two-operators")
    with environments.started(cluster, folder, kubeconfig=operator_kubeconfig) as started:
        yield started


@pytest.fixture(scope="module")
def second(environment: environments.Environment) -> Iterator[tidegate_processes.Operator]:
    """A second operator for the same gateway."""
    running = environment.components.another_operator(environment.folder / "second")
    yield running
    running.process.check()
    assert running.logged_errors() == []


def _events(environment: environments.Environment, reason: str) -> Counter[str]:
    """The number of Events with this reason on each object."""
    events = environment.api.list("events", namespace=environment.namespace, fields=f"reason={reason}")
    return Counter(event["regarding"]["name"] for event in events)


def _deletions(environment: environments.Environment) -> dict[str, float]:
    return {
        reason: environment.gateway.metric(f'{_DELETIONS}{{reason="{reason}"}}') for reason in ("ingested", "timeout")
    }


def _mixed_jobs(environment: environments.Environment, prefix: str) -> list[str]:
    """Create Jobs that push 1 and end in different ways; return the `job` labels of their groups."""
    named = [environment.push.unique(f"{prefix}-{end}") for end in ("succeeds", "fails", "vanishes")]
    for name, fails, ttl in zip(named, (False, True, False), (None, None, 0), strict=True):
        environment.push.job(name, fails=fails, ttl=ttl)
    by_pod, annotated = environment.push.unique(f"{prefix}-by-pod"), environment.push.unique(f"{prefix}-annotated")
    environment.push.job(by_pod, group=f"any-{by_pod}", key="pod=$(POD)")
    annotations = {"tidegate.dev/grouping-key": f"job=any-{annotated}"}
    environment.push.job(annotated, group=f"any-{annotated}", annotations=annotations)
    return [*named, f"any-{by_pod}", f"any-{annotated}"]


def _read(environment: environments.Environment, groups: list[str]) -> None:
    waiting.eventually(lambda: {environment.final(group) for group in groups} == {1.0}, why="every final value")
    environment.wait_until_deleted(*groups)


def test_each_group_is_deleted_once_with_at_most_two_events_on_its_owner(
    environment: environments.Environment, second: tidegate_processes.Operator
) -> None:
    running = environment.push.unique("running")
    uid = environment.push.job(running, runs_on=True)["metadata"]["uid"]
    environment.wait_until_claimed(running, uid)
    (kept,) = environment.groups(running)
    before = _deletions(environment)

    groups = _mixed_jobs(environment, "both") + _mixed_jobs(environment, "again")

    _read(environment, groups)
    after = _deletions(environment)
    assert {reason: after[reason] - before[reason] for reason in after} == {"ingested": len(groups), "timeout": 0}
    jobs = {group.removeprefix("any-") for group in groups}
    waiting.eventually(
        lambda: all(jobs <= _events(environment, reason).keys() for reason in (_RETIRED, _DELETED)),
        why="both Events on each Job",
    )
    environment.assert_kept(running, uid)
    assert environment.groups(running) == [kept], "the two say again what was said"
    for reason in (_RETIRED, _DELETED):
        assert {job: count for job, count in _events(environment, reason).items() if count > 2} == {}
        assert running not in _events(environment, reason)
    for operator in (environment.operator, second):
        for errors in ("gateway_errors", "api_errors", "watch_restarts"):
            assert operator.total(f"tidegate_operator_{errors}_total") == 0
    environment.push.delete(running)
    environment.wait_until_deleted(running)


@pytest.mark.usefixtures("second")
def test_one_operator_continues_when_the_other_is_killed(environment: environments.Environment) -> None:
    names = {environment.push.unique(f"survives-{number}"): number % 2 for number in range(6)}
    uids = {name: environment.push.job(name, runs_on=True)["metadata"]["uid"] for name in names}
    for name, uid in uids.items():
        environment.wait_until_claimed(name, uid)

    for name, deleted in names.items():
        if deleted:
            environment.api.delete("jobs", name, namespace=environment.namespace)
    environment.operator.process.kill()

    try:
        environment.wait_until_deleted(*(name for name, deleted in names.items() if deleted))
        environment.assert_all_kept({name: uids[name] for name, deleted in names.items() if not deleted})
    finally:
        environment.operator.start()
    for name, deleted in names.items():
        if not deleted:
            environment.api.delete("jobs", name, namespace=environment.namespace)
    environment.wait_until_deleted(*names)


def test_operator_that_was_paused_acts_on_the_current_state(
    environment: environments.Environment, second: tidegate_processes.Operator
) -> None:
    names = [environment.push.unique(f"frozen-{number}") for number in range(4)]
    for name in names:
        environment.wait_until_claimed(name, environment.push.job(name, runs_on=True)["metadata"]["uid"])
    environment.operator.process.pause()
    try:
        for name in names:
            environment.push.delete(name)
        environment.wait_until_deleted(*names)
        uids = {name: environment.push.job(name, result=2.0, runs_on=True)["metadata"]["uid"] for name in names}
        for name, uid in uids.items():
            environment.wait_until_claimed(name, uid)
    finally:
        environment.operator.process.resume()

    environment.assert_all_kept(uids)
    second.process.kill()
    try:
        environment.assert_all_kept(uids)
        for name in names:
            environment.api.delete("jobs", name, namespace=environment.namespace)
        environment.wait_until_deleted(*names)
    finally:
        second.start()
    assert [environment.final(name) for name in names] == [2.0] * len(names)


@pytest.mark.parametrize("rounds", [2, pytest.param(6, marks=pytest.mark.long)])
def test_operators_killed_in_turn_keep_exactly_the_groups_of_running_jobs(
    environment: environments.Environment, second: tidegate_processes.Operator, rounds: int
) -> None:
    running, stranger, again = (environment.push.unique(name) for name in ("stays", "stranger", "run-again"))
    environment.gateway.push(f"job/{stranger}", "value_of_somebody_else 7\n")
    uid = environment.push.job(running, runs_on=True)["metadata"]["uid"]
    environment.wait_until_claimed(running, uid)
    before, ended = _deletions(environment), []
    for number in range(rounds):
        victim = (environment.operator, second)[number % 2]
        last = environment.push.job(again, result=float(number), runs_on=True)["metadata"]["uid"]
        ended += _mixed_jobs(environment, f"round-{number}-of-{rounds}")
        waiting.eventually(functools.partial(environment.groups, ended[-1]), why="a push of this round")
        # No other operator can know the owner of a group whose Job disappeared before the killed one had claimed it.
        vanishes = environment.push.unique(f"round-{number}-of-{rounds}-vanishes")
        waiting.eventually(
            functools.partial(_is_claimed_or_deleted, environment, vanishes), why=f"{vanishes} to be claimed"
        )
        victim.process.kill()
        victim.start()
        if number < rounds - 1:
            environment.push.delete(again)

    _read(environment, ended)
    _wait_for_lists(environment.operator, second)
    environment.wait_until_claimed(again, last)
    environment.assert_all_kept({running: uid, again: last})
    assert _deletions(environment)["timeout"] == before["timeout"]
    assert [group["claims"] for group in environment.groups(stranger)] == [[]]
    for name in (running, again):
        environment.push.delete(name)
    environment.wait_until_deleted(running, again)
    assert [group["labels"]["job"] for group in environment.gateway.listed()] == [stranger]


def _is_claimed_or_deleted(environment: environments.Environment, name: str) -> bool:
    found = environment.groups(name)
    return all(group["claims"] for group in found) if found else environment.final(name) == 1.0


def _wait_for_lists(*running: tidegate_processes.Operator) -> None:
    """Wait until each operator has listed all objects again; between list and watch it misses deletions."""
    since = time.time()
    for operator in running:
        waiting.eventually(
            functools.partial(operator.listed_since, since), why="another list", retry_on=(OSError,), timeout=60.0
        )
