"""A draining group waits for every active Prometheus, but never longer than its drain timeout."""

import time

import pytest

from tests.support import environments, waiting
from tests.support.jobs import network_faults
from tests.support.kubernetes import cluster_fixtures
from tests.support.processes import ports
from tests.support.prometheus import prometheus_server

_TIMEOUT_DELETIONS = 'tidegate_groups_deleted_total{reason="timeout"}'


@pytest.fixture
def environment(own_environment: environments.Environment) -> environments.Environment:
    """Gateway and operator of this test alone: it counts deletions and chooses its Prometheus servers."""
    _ = own_environment.operator
    return own_environment


def test_stopped_prometheus_delays_the_deletion_until_the_drain_timeout(environment: environments.Environment) -> None:
    environment.prometheus.stop()
    name = environment.push.unique("unread")
    environment.push.job(name, annotations={"tidegate.dev/drain-timeout": "6s"})
    environment.wait_until_draining(name)
    began = time.monotonic()

    environment.wait_until_deleted(name)

    assert time.monotonic() - began > 5.0
    assert environment.gateway.metric(_TIMEOUT_DELETIONS) == 1
    assert "after its drain timeout" in environment.gateway.process.tail()


def test_group_is_kept_until_both_prometheus_servers_have_scraped_it(
    environment: environments.Environment, start_prometheus: cluster_fixtures.StartPrometheus
) -> None:
    if not ports.ipv6_loopback():
        pytest.fail("this test needs IPv6 loopback ([::1]) so that two servers have two addresses")
    reader = start_prometheus(prometheus_server.Target(port=environment.gateway.port))
    laggard = start_prometheus(prometheus_server.Target(port=environment.gateway.port, host=prometheus_server.IPV6))
    reader.wait_until_up()
    laggard.wait_until_up()
    laggard.pause()
    name = environment.push.unique("twice")
    environment.push.job(name, result=7.0)
    environment.wait_until_draining(name)
    waiting.eventually(
        lambda: reader.value(f'job_result{{job="{name}"}}') == 7.0, why="the first server to have read it"
    )
    assert name in environment.gateway.groups()
    laggard.resume()

    environment.wait_until_deleted(name)

    assert laggard.final_value(f'job_result{{job="{name}"}}') == 7.0
    assert environment.gateway.metric(_TIMEOUT_DELETIONS) == 0


def test_truncated_scrape_does_not_count(
    environment: environments.Environment, start_prometheus: cluster_fixtures.StartPrometheus
) -> None:
    with network_faults.Cutter(environment.gateway.port) as wire:
        server = start_prometheus(prometheus_server.Target(port=wire.port))
        server.wait_until_up()
        wire.cut()
        name = environment.push.unique("cut")
        environment.push.job(name, result=9.0)
        environment.wait_until_draining(name)
        broken = wire.broken
        waiting.eventually(lambda: wire.broken >= broken + 2, why="two scrapes to be cut off")
        assert name in environment.gateway.groups()
        wire.mend()

        environment.wait_until_deleted(name)

        assert server.final_value(f'job_result{{job="{name}"}}') == 9.0
        assert environment.gateway.metric(_TIMEOUT_DELETIONS) == 0
