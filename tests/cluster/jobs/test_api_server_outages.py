"""During an outage of the API server, the gateway serves, and no live group is deleted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import environments, waiting
from tests.support.kubernetes import clusters

_OUTAGE_SCRAPES = 10


@pytest.fixture
def environment(own_cluster: clusters.LocalCluster, tmp_path: Path) -> Iterator[environments.Environment]:
    """Components on a cluster whose API server the test stops."""
    with environments.started(own_cluster, tmp_path) as started:
        yield started


def test_gateway_serves_without_api_server_and_the_backlog_is_cleaned_up_afterwards(
    environment: environments.Environment, own_cluster: clusters.LocalCluster
) -> None:
    name, other = environment.push.unique("backlog"), environment.push.unique("other")
    environment.push.job(name, runs_on=True, ttl=0)
    environment.wait_until_claimed(name)
    with own_cluster.control_plane.outage():
        pushes = _push_until_scraped(environment, other)
    environment.push.delete(name)

    environment.wait_until_deleted(name)

    assert environment.prometheus.final_value(f'pushes{{job="{other}"}}') == pushes
    assert other in environment.gateway.groups()
    environment.operator.process.check()


def _push_until_scraped(environment: environments.Environment, name: str) -> int:
    """Push until Prometheus has scraped several of the values; return the last value."""
    pushes = 0

    def push_and_look() -> bool:
        nonlocal pushes
        pushes += 1
        environment.gateway.push(f"job/{name}", f"pushes {pushes}\n")
        found = environment.prometheus.value(f'count_over_time(pushes{{job="{name}"}}[1h])')
        return found is not None and found >= _OUTAGE_SCRAPES

    waiting.eventually(push_and_look, why="values to be scraped during the outage", timeout=120.0)
    return pushes
