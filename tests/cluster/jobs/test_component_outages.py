"""During an outage of any component, no live group is deleted; afterwards every finished group is."""

import time

import pytest

from tests.support import waiting
from tests.support.jobs import pushing_jobs
from tests.support.kubernetes import clusters
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server

_MINUTE = 60.0


@pytest.mark.usefixtures("server")
def test_restarted_operator_deletes_groups_of_jobs_that_finished_while_it_was_down(
    push: pushing_jobs.Pushers,
    gateway: tidegate_processes.Gateway,
    operator: tidegate_processes.Operator,
) -> None:
    names = [push.unique(f"orphan-{number}") for number in range(5)]
    stranger, still_running = push.unique("stranger"), push.unique("running")
    gateway.push(f"job/{stranger}", "value 1\n")
    push.job(still_running, runs_on=True)
    for name in names:
        push.job(name, runs_on=True, ttl=0)
    _wait_until_claimed(gateway, [*names, still_running])
    operator.process.kill()
    for name in names:
        push.delete(name)

    operator.start()
    waiting.eventually(
        lambda: not gateway.groups().keys() & set(names), why="the groups of vanished Jobs to go", timeout=10.0
    )

    assert gateway.groups().keys() >= {stranger, still_running}


def test_groups_of_jobs_removed_by_their_ttl_while_the_operator_is_down_are_deleted(
    cluster: clusters.Cluster,
    push: pushing_jobs.Pushers,
    gateway: tidegate_processes.Gateway,
    operator: tidegate_processes.Operator,
    server: prometheus_server.Prometheus,
) -> None:
    name = push.unique("ttl")
    push.job(name, ttl=1, runs_on=True, annotations={"tidegate.dev/drain-timeout": "1m"})
    _wait_until_claimed(gateway, [name])
    operator.process.kill()
    cluster.api.patch("jobs", name, {"spec": {"activeDeadlineSeconds": 1}}, namespace=push.namespace)
    waiting.eventually(
        lambda: cluster.api.find("jobs", name, namespace=push.namespace) is None, why="the TTL controller", timeout=60.0
    )

    operator.start()

    waiting.eventually(lambda: name not in gateway.groups(), why="the group to go", timeout=10.0)
    assert server.final_value(f'job_result{{job="{name}"}}') == 1.0


@pytest.mark.usefixtures("operator")
def test_gateway_killed_while_draining_restarts_empty_and_without_errors(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, server: prometheus_server.Prometheus
) -> None:
    server.stop()
    draining, live = push.unique("draining"), push.unique("live")
    push.job(draining, annotations={"tidegate.dev/drain-timeout": "1m"})
    push.job(live, runs_on=True)
    waiting.eventually(
        lambda: gateway.groups()[draining]["drain_pushed_revision"] is not None, why="a drain", retry_on=(KeyError,)
    )
    gateway.process.kill()
    gateway.start()
    gateway.push(f"job/{live}", "job_result 2\n")

    _wait_until_claimed(gateway, [live])

    assert gateway.groups()[live]["drain_pushed_revision"] is None
    push.delete(live)
    server.start()
    waiting.eventually(lambda: live not in gateway.groups(), why="the group to go", timeout=20.0)
    assert server.final_value(f'job_result{{job="{live}"}}') == 2.0


def test_gateway_serves_without_api_server_and_the_backlog_is_cleaned_up_afterwards(
    cluster: clusters.Cluster,
    push: pushing_jobs.Pushers,
    gateway: tidegate_processes.Gateway,
    operator: tidegate_processes.Operator,
    server: prometheus_server.Prometheus,
) -> None:
    name, other = push.unique("backlog"), push.unique("other")
    push.job(name, runs_on=True, ttl=0)
    _wait_until_claimed(gateway, [name])
    with cluster.control_plane.outage():
        pushes = _push_for(_MINUTE, gateway, other)
    push.delete(name)

    waiting.eventually(lambda: name not in gateway.groups(), why="the backlog to be cleaned", timeout=60.0)

    assert server.final_value(f'pushes{{job="{other}"}}') == pushes
    assert server.value(f"min_over_time(up[{_MINUTE:.0f}s])") == 1.0
    assert other in gateway.groups()
    operator.process.check()


def _push_for(seconds: float, gateway: tidegate_processes.Gateway, name: str) -> int:
    pushes = 0

    def push_until_deadline() -> bool:
        nonlocal pushes
        pushes += 1
        gateway.push(f"job/{name}", f"pushes {pushes}\n")
        return time.monotonic() > until

    until = time.monotonic() + seconds
    waiting.eventually(push_until_deadline, why="the outage to be over", timeout=seconds + 10.0)
    return pushes


def _wait_until_claimed(gateway: tidegate_processes.Gateway, names: list[str]) -> None:
    def all_claimed() -> bool:
        groups = gateway.groups()
        return all(name in groups and groups[name]["claims"] for name in names)

    waiting.eventually(all_claimed, why=f"claims on {', '.join(names)}", timeout=60.0)
