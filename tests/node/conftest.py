"""One node, one monitoring and one installation for all tests of `make e2e`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images import bases, checkouts
from tests.node import installations, nodeimages, places, spaces, stacks


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[places.Place]:
    """A cluster of our own, or the one that we were given."""
    if given := os.environ.get(places.KUBECONFIG_VARIABLE):
        yield places.existing(Path(given))
        return
    if spaces.CGROUP_VARIABLE not in os.environ:
        pytest.skip(f"a node takes namespaces of its own: make e2e, or set {places.KUBECONFIG_VARIABLE}")
    node = places.OwnNode(tmp_path_factory.mktemp("node"), images=[bases.ensure(), checkouts.ensure()])
    try:
        node.start()
        yield node
    finally:
        node.stop()


@pytest.fixture(scope="session")
def prometheus(place: places.Place) -> Iterator[stacks.Prometheus]:
    """Two replicas that prometheus-operator made and keeps configured."""
    with stacks.installed(place, image=nodeimages.PROMETHEUS if isinstance(place, places.OwnNode) else None) as running:
        yield running


@pytest.fixture(scope="session")
def installed(
    place: places.Place, prometheus: stacks.Prometheus, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[installations.Installation]:
    """tidegate, installed by README's own commands."""
    folder = tmp_path_factory.mktemp("deploy")
    with installations.by_readme(place, prometheus, folder=folder) as running:
        yield running
