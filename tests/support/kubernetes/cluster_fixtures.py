"""Fixtures for tests on the real control plane and the real Prometheus; loaded by tests/conftest.py."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.support import repository, waiting
from tests.support.kubernetes import clusters
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
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[clusters.Cluster]:
    """The dev cluster, one for the whole run; each test should use its own `namespace`."""
    with clusters.Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def namespace(cluster: clusters.Cluster) -> Iterator[str]:
    """A new namespace; its deletion starts after the test, without waiting for it."""
    name = cluster.create_namespace()
    yield name
    cluster.api.delete("namespaces", name)


@pytest.fixture(scope="module")
def policy_kinds(cluster: clusters.Cluster) -> Iterator[clusters.Cluster]:
    """The cluster with the policy CRDs, for one module; afterwards they are deleted together with all policies."""
    cluster.kubectl("apply", "--server-side", "-k", _POLICY_KINDS)
    ours = "--selector=app.kubernetes.io/part-of=tidegate"
    cluster.kubectl("wait", "--for=condition=Established", "crd", ours, "--timeout=30s")
    for kind in ("groupcleanuppolicies", "clustergroupcleanuppolicies"):
        # The schemas for `kubectl explain` and strict validation are published a little later than the kind.
        waiting.eventually(
            functools.partial(cluster.kubectl, "explain", kind),
            why=f"what explains {kind}",
            retry_on=(clusters.KubectlError,),
        )
    yield cluster
    cluster.kubectl("delete", "-k", _POLICY_KINDS, "--timeout=30s")


@pytest.fixture(scope="session")
def prometheus_operator_kinds(cluster: clusters.Cluster) -> clusters.Cluster:
    """The cluster with the CRDs of prometheus-operator that the manifests use; they remain."""
    definitions = binaries.prometheus_operator_crds()
    cluster.kubectl("apply", "--server-side", "-f", definitions)
    cluster.kubectl("wait", "--for=condition=Established", "-f", definitions, "--timeout=30s")
    return cluster


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
