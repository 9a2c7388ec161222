"""Fixtures for tests on the real control plane and the real Prometheus; loaded by tests/conftest.py."""

import contextlib
import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.support import components, environments, file_locks, repository, waiting
from tests.support.kubernetes import clusters, shared_cluster
from tests.support.processes import tidegate_processes
from tests.support.programs import binaries
from tests.support.prometheus import prometheus_server

_POLICY_KINDS = repository.MANIFESTS / "crds"


class StartPrometheus(Protocol):
    """The type of the fixture `start_prometheus`."""

    def __call__(
        self, *targets: prometheus_server.Target, interval: str = "1s", timeout: str | None = None
    ) -> prometheus_server.Prometheus:
        """Start a Prometheus that scrapes `targets`; it is ready, but its targets may not be up yet."""


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def cluster(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[clusters.Cluster]:
    """The cluster that all processes of the run share; each test uses its own `namespace`.

    A test that interrupts the control plane, or adds what changes the operators of other tests, uses `own_cluster`.
    """
    scratch = tmp_path_factory.mktemp("cluster")
    given = os.environ.get(shared_cluster.KUBECONFIG_VARIABLE)
    with (
        shared_cluster.existing(Path(given), scratch=scratch)
        if given
        else shared_cluster.leased(run_folder / "shared-cluster", scratch=scratch)
    ) as running:
        yield running


@pytest.fixture(scope="session")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[clusters.LocalCluster]:
    """A cluster of this process, with an audit log; all tests with it run in the same process (tests/conftest.py)."""
    with clusters.LocalCluster(tmp_path_factory.mktemp("own-cluster"), audit=True) as running:
        yield running


@pytest.fixture
def namespace(cluster: clusters.Cluster) -> Iterator[str]:
    """A new namespace; its deletion starts after the test, without waiting for it."""
    name = cluster.create_namespace()
    yield name
    cluster.api.delete("namespaces", name)


@pytest.fixture
def own_namespace(own_cluster: clusters.LocalCluster) -> str:
    """A new namespace on `own_cluster`."""
    return own_cluster.create_namespace()


@pytest.fixture(scope="session")
def operator_kubeconfig(cluster: clusters.Cluster) -> Path:
    """A kubeconfig with exactly the rights that the manifests give the operator's ServiceAccount."""
    return tidegate_processes.operator_kubeconfig(cluster)


@pytest.fixture(scope="session")
def shared_components(
    cluster: clusters.Cluster, operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[components.Components]:
    """The gateway, operator and Prometheus of all tests of this process that only add Jobs."""
    folder = tmp_path_factory.mktemp("components")
    with components.Components(cluster, folder, kubeconfig=operator_kubeconfig) as running:
        yield running


@pytest.fixture
def environment(shared_components: components.Components, tmp_path: Path) -> Iterator[environments.Environment]:
    """Gateway, operator and Prometheus, which other tests use, too, and a namespace for this test."""
    with environments.opened(shared_components, tmp_path) as opened:
        opened.start()
        before = len(opened.operator.logged_errors())
        yield opened
        opened.operator.process.check()
        assert opened.operator.logged_errors()[before:] == []


@pytest.fixture
def own_environment(
    cluster: clusters.Cluster, operator_kubeconfig: Path, tmp_path: Path
) -> Iterator[environments.Environment]:
    """Gateway, operator and Prometheus of this test alone, each started when it is first used."""
    with (
        components.Components(cluster, tmp_path, kubeconfig=operator_kubeconfig) as own,
        environments.opened(own, tmp_path) as opened,
    ):
        yield opened


@pytest.fixture(scope="session")
def policy_kinds(own_cluster: clusters.LocalCluster) -> clusters.LocalCluster:
    """`own_cluster` with the policy CRDs, which remain.

    An operator that may not read policies does not clean up while these kinds exist; tests with such an operator on
    this cluster run before (tests/cluster/conftest.py).
    """
    cluster = own_cluster
    cluster.kubectl("apply", "--server-side", "-k", _POLICY_KINDS)
    ours = "--selector=app.kubernetes.io/part-of=tidegate"
    cluster.kubectl("wait", "--for=condition=Established", "crd", ours, "--timeout=120s")
    for kind in ("groupcleanuppolicies", "clustergroupcleanuppolicies"):
        # The schemas for `kubectl explain` and strict validation are published a little later than the kind.
        waiting.eventually(
            functools.partial(cluster.kubectl, "explain", kind),
            why=f"what explains {kind}",
            retry_on=(clusters.KubectlError,),
        )
    return cluster


@pytest.fixture(scope="session")
def prometheus_operator_kinds(cluster: clusters.Cluster, run_folder: Path) -> clusters.Cluster:
    """The cluster with the CRDs of prometheus-operator that the manifests use; they remain."""
    file_locks.once(run_folder / "prometheus-operator-crds", functools.partial(add_prometheus_operator_kinds, cluster))
    return cluster


def add_prometheus_operator_kinds(cluster: clusters.Cluster) -> None:
    """Define the kinds of prometheus-operator that the manifests use."""
    definitions = binaries.prometheus_operator_crds()
    cluster.kubectl("apply", "--server-side", "-f", definitions)
    cluster.kubectl("wait", "--for=condition=Established", "-f", definitions, "--timeout=120s")


@pytest.fixture
def start_prometheus(tmp_path: Path) -> Iterator[StartPrometheus]:
    """A function that starts a Prometheus, any number of times; all of them stop after the test."""
    with contextlib.ExitStack() as running:
        started: list[prometheus_server.Prometheus] = []

        def start(
            *targets: prometheus_server.Target, interval: str = "1s", timeout: str | None = None
        ) -> prometheus_server.Prometheus:
            name = f"prometheus-{len(started)}"
            server = prometheus_server.Prometheus(
                tmp_path / name, targets=targets, interval=interval, timeout=timeout, name=name
            )
            running.callback(server.kill)
            server.start()
            started.append(server)
            return server

        yield start
