"""Fixtures of the whole: a gateway and an operator beside the real control plane."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import clusters, fixtures, prometheus_server
from tests.e2e import e2e_environment, pushing_jobs
from tests.support import tidegate_processes


@pytest.fixture(scope="session")
def operator_kubeconfig(cluster: clusters.Cluster) -> Path:
    """The rights of the operator's ServiceAccount, from the manifests, and no others."""
    return tidegate_processes.operator_kubeconfig(cluster)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tidegate_processes.Gateway]:
    """A gateway, ready."""
    with tidegate_processes.serving(tmp_path) as running:
        yield running


@pytest.fixture
def operator(
    gateway: tidegate_processes.Gateway,
    operator_kubeconfig: Path,
    namespace: str,  # noqa: ARG001 - it goes after the operator has ended
    tmp_path: Path,
) -> Iterator[tidegate_processes.Operator]:
    """An operator that drives the gateway, its first plan done."""
    running = tidegate_processes.Operator(
        tmp_path, gateway=gateway, kubeconfig=operator_kubeconfig, arguments=(e2e_environment.RESYNC,)
    )
    with contextlib.ExitStack() as stack:
        stack.callback(running.process.stop)
        running.start()
        yield running


@pytest.fixture
def server(
    gateway: tidegate_processes.Gateway, start_prometheus: fixtures.StartPrometheus
) -> prometheus_server.Prometheus:
    """A Prometheus that scrapes the gateway every second, and has begun to."""
    running = start_prometheus(prometheus_server.Target(port=gateway.port), interval=e2e_environment.SCRAPE_INTERVAL)
    running.wait_until_up()
    return running


@pytest.fixture
def push(cluster: clusters.Cluster, gateway: tidegate_processes.Gateway, namespace: str) -> pushing_jobs.Pushers:
    """Makes Jobs in the test's namespace that push to the gateway."""
    return pushing_jobs.Pushers(cluster, gateway, namespace=namespace)


@pytest.fixture(scope="module")
def stage(
    cluster: clusters.Cluster, operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[e2e_environment.Stage]:
    """Gateway, operator and Prometheus for all tests of a module."""
    folder = tmp_path_factory.mktemp("stage")
    with e2e_environment.opened(cluster, kubeconfig=operator_kubeconfig, folder=folder) as opened:
        yield opened
