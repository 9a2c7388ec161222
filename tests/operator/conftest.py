"""Fixtures for tests of the operator's edges on a real API server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.cluster import clusters
from tests.differential import pushgateway_servers
from tests.operator import operator_harness
from tests.support import requirements, tidegate_processes
from tidegate import settings
from tidegate.aio import clocks
from tidegate.operator.kube import credentials, kube_api


@pytest.fixture(scope="session")
def operator_rights(cluster: clusters.Cluster) -> Path:
    """A kubeconfig with the rights that the manifests give to the operator, and no others."""
    return tidegate_processes.operator_kubeconfig(cluster)


@pytest.fixture
async def api(operator_rights: Path) -> AsyncIterator[kube_api.KubeApi]:
    """The operator's own client, three objects a page."""
    chosen = settings.KubernetesSettings(kubeconfig=str(operator_rights), page_size=3)
    made = kube_api.KubeApi(await credentials.load(chosen), kube_settings=chosen, clock=clocks.SystemClock())
    yield made
    await made.close()


@pytest.fixture(params=pushgateway_servers.programs().items(), ids=lambda named: named[0])
def pushgateway_program(request: pytest.FixtureRequest) -> Path:
    """A real Pushgateway: each that there is in turn."""
    find: Callable[[], Path] = request.param[1]
    return requirements.require(find)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
async def scene(session: aiohttp.ClientSession) -> AsyncIterator[operator_harness.Scene]:
    """A gateway and an API server, up; the operator is the test's."""
    async with operator_harness.opened(session) as made:
        yield made
