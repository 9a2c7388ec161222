"""A draining group waits for every active Prometheus, but never longer than its drain timeout."""

import time

import pytest

from tests.support import waiting
from tests.support.jobs import network_faults, pushing_jobs
from tests.support.kubernetes import cluster_fixtures
from tests.support.processes import ports, tidegate_processes
from tests.support.prometheus import prometheus_server

_TIMEOUT_DELETIONS = 'tidegate_groups_deleted_total{reason="timeout"}'


def _wait_until_draining(gateway: tidegate_processes.Gateway, name: str) -> None:
    waiting.eventually(
        lambda: gateway.groups()[name]["drain_pushed_revision"] is not None,
        why=f"{name} to drain",
        retry_on=(KeyError,),
    )


@pytest.mark.usefixtures("operator")
def test_stopped_prometheus_delays_the_deletion_until_the_drain_timeout(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, server: prometheus_server.Prometheus
) -> None:
    server.stop()
    name = push.unique("unread")
    push.job(name, annotations={"tidegate.dev/drain-timeout": "6s"})
    _wait_until_draining(gateway, name)
    began = time.monotonic()

    waiting.eventually(lambda: name not in gateway.groups(), why="the drain timeout", timeout=20.0)

    assert time.monotonic() - began > 5.0
    assert gateway.metric(_TIMEOUT_DELETIONS) == 1
    assert "after its drain timeout" in gateway.process.tail()


@pytest.mark.usefixtures("operator")
def test_group_is_kept_until_both_prometheus_servers_have_scraped_it(
    push: pushing_jobs.Pushers,
    gateway: tidegate_processes.Gateway,
    start_prometheus: cluster_fixtures.StartPrometheus,
) -> None:
    if not ports.ipv6_loopback():
        pytest.fail("this test needs IPv6 loopback ([::1]) so that two servers have two addresses")
    reader = start_prometheus(prometheus_server.Target(port=gateway.port))
    laggard = start_prometheus(prometheus_server.Target(port=gateway.port, host=prometheus_server.IPV6))
    reader.wait_until_up()
    laggard.wait_until_up()
    laggard.pause()
    name = push.unique("twice")
    push.job(name, result=7.0)
    _wait_until_draining(gateway, name)
    waiting.eventually(
        lambda: reader.value(f'job_result{{job="{name}"}}') == 7.0, why="the first server to have read it"
    )
    assert name in gateway.groups()
    laggard.resume()

    waiting.eventually(lambda: name not in gateway.groups(), why="the group to go", timeout=20.0)

    assert laggard.final_value(f'job_result{{job="{name}"}}') == 7.0
    assert gateway.metric(_TIMEOUT_DELETIONS) == 0


@pytest.mark.usefixtures("operator")
def test_truncated_scrape_does_not_count(
    push: pushing_jobs.Pushers,
    gateway: tidegate_processes.Gateway,
    start_prometheus: cluster_fixtures.StartPrometheus,
) -> None:
    with network_faults.Cutter(gateway.port) as wire:
        server = start_prometheus(prometheus_server.Target(port=wire.port))
        server.wait_until_up()
        wire.cut()
        name = push.unique("cut")
        push.job(name, result=9.0)
        _wait_until_draining(gateway, name)
        broken = wire.broken
        waiting.eventually(lambda: wire.broken >= broken + 2, why="two scrapes to be cut off")
        assert name in gateway.groups()
        wire.mend()

        waiting.eventually(lambda: name not in gateway.groups(), why="the group to go", timeout=20.0)

        assert server.final_value(f'job_result{{job="{name}"}}') == 9.0
        assert gateway.metric(_TIMEOUT_DELETIONS) == 0
