"""Fixtures for end-to-end tests: a gateway and an operator with the real control plane."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.jobs import e2e_environment, pushing_jobs
from tests.support.kubernetes import cluster_fixtures, clusters
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server


@pytest.fixture(scope="session")
def operator_kubeconfig(cluster: clusters.Cluster) -> Path:
    """A kubeconfig with exactly the rights that the manifests give the operator's ServiceAccount."""
    return tidegate_processes.operator_kubeconfig(cluster)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tidegate_processes.Gateway]:
    """A gateway that is ready."""
    with tidegate_processes.serving(tmp_path) as running:
        yield running


@pytest.fixture
def operator(
    gateway: tidegate_processes.Gateway,
    operator_kubeconfig: Path,
    namespace: str,  # noqa: ARG001 - it goes after the operator has ended
    tmp_path: Path,
) -> Iterator[tidegate_processes.Operator]:
    """An operator for the gateway that has applied its first plan."""
    running = tidegate_processes.Operator(
        tmp_path, gateway=gateway, kubeconfig=operator_kubeconfig, arguments=(e2e_environment.RESYNC,)
    )
    with contextlib.ExitStack() as stack:
        stack.callback(running.process.stop)
        running.start()
        yield running


@pytest.fixture
def server(
    gateway: tidegate_processes.Gateway, start_prometheus: cluster_fixtures.StartPrometheus
) -> prometheus_server.Prometheus:
    """A Prometheus that scrapes the gateway every second, after its first scrape."""
    running = start_prometheus(prometheus_server.Target(port=gateway.port), interval=e2e_environment.SCRAPE_INTERVAL)
    running.wait_until_up()
    return running


@pytest.fixture
def push(cluster: clusters.Cluster, gateway: tidegate_processes.Gateway, namespace: str) -> pushing_jobs.Pushers:
    """Creates Jobs in the test's namespace that push to the gateway."""
    return pushing_jobs.Pushers(cluster, gateway, namespace=namespace)


@pytest.fixture(scope="module")
def stage(
    cluster: clusters.Cluster, operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[e2e_environment.Stage]:
    """A gateway, operator and Prometheus for all tests of a module."""
    folder = tmp_path_factory.mktemp("stage")
    with e2e_environment.opened(cluster, kubeconfig=operator_kubeconfig, folder=folder) as opened:
        yield opened
