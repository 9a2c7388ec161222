"""During an outage of the operator or the gateway, no live group is deleted; afterwards every finished group is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import components, environments, waiting
from tests.support.kubernetes import clusters


@pytest.fixture(scope="module")
def running(
    cluster: clusters.Cluster, operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[components.Components]:
    """Components that these tests kill."""
    folder = tmp_path_factory.mktemp("outages")
    with components.Components(cluster, folder, kubeconfig=operator_kubeconfig) as started:
        yield started


@pytest.fixture
def environment(running: components.Components, tmp_path: Path) -> Iterator[environments.Environment]:
    with environments.opened(running, tmp_path) as opened:
        opened.start()
        yield opened


def test_restarted_operator_deletes_groups_of_jobs_that_finished_while_it_was_down(
    environment: environments.Environment,
) -> None:
    push = environment.push
    names = [push.unique(f"orphan-{number}") for number in range(5)]
    stranger, still_running = push.unique("stranger"), push.unique("running")
    environment.gateway.push(f"job/{stranger}", "value 1\n")
    push.job(still_running, runs_on=True)
    for name in names:
        push.job(name, runs_on=True, ttl=0)
    for name in (*names, still_running):
        environment.wait_until_claimed(name)
    environment.operator.process.kill()
    for name in names:
        push.delete(name)

    environment.operator.start()
    environment.wait_until_deleted(*names)

    assert environment.gateway.groups().keys() >= {stranger, still_running}


def test_groups_of_jobs_removed_by_their_ttl_while_the_operator_is_down_are_deleted(
    environment: environments.Environment,
) -> None:
    name = environment.push.unique("ttl")
    environment.push.job(name, ttl=1, runs_on=True, annotations={"tidegate.dev/drain-timeout": "1m"})
    environment.wait_until_claimed(name)
    environment.operator.process.kill()
    environment.api.patch("jobs", name, {"spec": {"activeDeadlineSeconds": 1}}, namespace=environment.namespace)
    environment.push.wait_until_deleted(name)

    environment.operator.start()

    environment.wait_until_deleted(name)
    assert environment.final(name) == 1.0


def test_gateway_killed_while_draining_restarts_empty_and_without_errors(
    environment: environments.Environment,
) -> None:
    environment.prometheus.stop()
    draining, live = environment.push.unique("draining"), environment.push.unique("live")
    environment.push.job(draining, annotations={"tidegate.dev/drain-timeout": "1m"})
    environment.push.job(live, runs_on=True)
    environment.wait_until_draining(draining)
    waiting.eventually(lambda: environment.groups(live), why="the push of the running Job")
    environment.gateway.process.kill()
    environment.gateway.start()
    environment.gateway.push(f"job/{live}", "job_result 2\n")

    environment.wait_until_claimed(live)

    assert environment.gateway.groups()[live]["drain_pushed_revision"] is None
    environment.push.delete(live)
    environment.prometheus.start()
    environment.wait_until_deleted(live)
    assert environment.final(live) == 2.0
