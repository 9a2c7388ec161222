"""Fixtures of the whole: a gateway and an operator beside the real control plane."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import clusters, fixtures, prometheus
from tests.e2e import pushers, stages
from tests.support import tidegates


@pytest.fixture(scope="session")
def operator_kubeconfig(cluster: clusters.Cluster) -> Path:
    """The rights of the operator's ServiceAccount, from the manifests, and no others."""
    return tidegates.operator_kubeconfig(cluster)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tidegates.Gateway]:
    """A gateway, ready."""
    with tidegates.serving(tmp_path) as running:
        yield running


@pytest.fixture
def operator(
    gateway: tidegates.Gateway,
    operator_kubeconfig: Path,
    namespace: str,  # noqa: ARG001 - it goes after the operator has ended
    tmp_path: Path,
) -> Iterator[tidegates.Operator]:
    """An operator that drives the gateway, its first plan done."""
    running = tidegates.Operator(tmp_path, gateway=gateway, kubeconfig=operator_kubeconfig, arguments=(stages.RESYNC,))
    with contextlib.ExitStack() as stack:
        stack.callback(running.process.stop)
        running.start()
        yield running


@pytest.fixture
def server(gateway: tidegates.Gateway, start_prometheus: fixtures.StartPrometheus) -> prometheus.Prometheus:
    """A Prometheus that scrapes the gateway every second, and has begun to."""
    running = start_prometheus(prometheus.Target(port=gateway.port), interval=stages.SCRAPE_INTERVAL)
    running.wait_until_up()
    return running


@pytest.fixture
def push(cluster: clusters.Cluster, gateway: tidegates.Gateway, namespace: str) -> pushers.Pushers:
    """Makes Jobs in the test's namespace that push to the gateway."""
    return pushers.Pushers(cluster, gateway, namespace=namespace)


@pytest.fixture(scope="module")
def stage(
    cluster: clusters.Cluster, operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[stages.Stage]:
    """Gateway, operator and Prometheus for all tests of a module."""
    folder = tmp_path_factory.mktemp("stage")
    with stages.opened(cluster, kubeconfig=operator_kubeconfig, folder=folder) as opened:
        yield opened
