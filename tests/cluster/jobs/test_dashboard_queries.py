"""Runs each query of the dashboard on a real Prometheus that has scraped a gateway and an operator at work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import components, environments, waiting
from tests.support.gateway import rejected_requests
from tests.support.jobs import pushing_jobs
from tests.support.kubernetes import clusters
from tests.support.manifests import manifest_objects
from tests.support.processes import ports, tidegate_processes
from tests.support.prometheus import prometheus_server

PANELS: list[dict[str, Any]] = [
    panel for panel in json.loads(manifest_objects.DASHBOARD.read_text())["panels"] if panel["type"] != "row"
]
_VARIABLES = {"$job": ".*", "$instance": ".*", "$__rate_interval": "5s"}
_LIMITS = ("--limit.memory=1GiB", "--limit.push-series=100")


@pytest.fixture(scope="module")
def server(
    cluster: clusters.Cluster, operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[prometheus_server.Prometheus]:
    """A Prometheus with data on pushes, rejected pushes, drains, drain timeouts, deletions and a TTL."""
    folder = tmp_path_factory.mktemp("dashboard")
    port = ports.free_port()
    stored = ("--drain.confirm=stored", f"--prometheus.url=http://{prometheus_server.IPV4}:{port}")
    flags = (f"--persistence.file={folder / 'groups'}", *stored, *_LIMITS)
    with (
        components.Components(cluster, folder, kubeconfig=operator_kubeconfig, gateway_flags=flags) as own,
        environments.opened(own, folder) as environment,
    ):
        running = own.another_prometheus(
            "prometheus",
            prometheus_server.Target(port=own.gateway.port),
            prometheus_server.Target(port=own.operator.port, job="operator", honor_labels=False),
            port=port,
        )
        _generate_data(environment.push, own.gateway)
        waiting.eventually(
            lambda: running.value('sum(increase(tidegate_groups_deleted_total{reason="stored"}[1m]))'),
            why="the end of a drain to be scraped",
        )
        yield running


def _generate_data(push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway) -> None:
    gateway.push("job/left", "x 1\n")
    gateway.push("job/deleted", "x 1\n")
    gateway.push("job/deleted", "", method="DELETE")
    gateway.push("job/outside?ttl=1s", "x 1\n")
    for path, body in (
        ("job/left", "no metric"),
        ("job/left", "# TYPE x counter\nx 1\n"),
        ("job/large", "".join(f'x{{n="{number}"}} 1\n' for number in range(101))),
    ):
        with rejected_requests.expected():
            gateway.push(path, body)
    gateway.push("job/other", "# TYPE y gauge\ny 1\n")
    with rejected_requests.expected():
        gateway.push("job/left", "# TYPE y counter\ny 1\n", method="POST")
    name = push.unique("seen")
    push.job(name)
    waiting.eventually(
        lambda: gateway.metric('tidegate_groups_deleted_total{reason="stored"}') >= 2, why="the drains to end"
    )


@pytest.mark.parametrize(
    "target",
    [pytest.param(target, id=f"{panel['title']}-{target['refId']}") for panel in PANELS for target in panel["targets"]],
)
def test_dashboard_query_returns_data(server: prometheus_server.Prometheus, target: dict[str, Any]) -> None:
    query = target["expr"]
    for name, value in _VARIABLES.items():
        query = query.replace(name, value)
    assert "$" not in query
    assert waiting.eventually(lambda: server.query(query), why=query, timeout=60.0)
