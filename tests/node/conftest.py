"""One cluster, one Prometheus stack and one installation for all tests of `make e2e`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.images import base_image, project_image
from tests.support.node import kernel_namespaces, node_images, prometheus_stack, target_clusters, tidegate_installation


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[target_clusters.Place]:
    """A node of our own, or the cluster that E2E_KUBECONFIG names."""
    if given := os.environ.get(target_clusters.KUBECONFIG_VARIABLE):
        yield target_clusters.existing(Path(given))
        return
    if kernel_namespaces.CGROUP_VARIABLE not in os.environ:
        pytest.skip(f"a node takes namespaces of its own: make e2e, or set {target_clusters.KUBECONFIG_VARIABLE}")
    node = target_clusters.OwnNode(
        tmp_path_factory.mktemp("node"), images=[base_image.ensure(), project_image.ensure()]
    )
    try:
        node.start()
        yield node
    finally:
        node.stop()


@pytest.fixture(scope="session")
def prometheus(place: target_clusters.Place) -> Iterator[prometheus_stack.Prometheus]:
    """Two Prometheus replicas that prometheus-operator manages."""
    with prometheus_stack.installed(
        place, image=node_images.PROMETHEUS if isinstance(place, target_clusters.OwnNode) else None
    ) as running:
        yield running


@pytest.fixture(scope="session")
def installed(
    place: target_clusters.Place, prometheus: prometheus_stack.Prometheus, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tidegate_installation.Installation]:
    """tidegate, installed with the commands of README."""
    folder = tmp_path_factory.mktemp("deploy")
    with tidegate_installation.by_readme(place, prometheus, folder=folder) as running:
        yield running
