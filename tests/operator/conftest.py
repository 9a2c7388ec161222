"""Fixtures for tests of the operator against a real API server."""

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
    """A kubeconfig with exactly the permissions that the manifests grant to the operator."""
    return tidegate_processes.operator_kubeconfig(cluster)


@pytest.fixture
async def api(operator_rights: Path) -> AsyncIterator[kube_api.KubeApi]:
    """The Kubernetes client of the operator, with pages of three objects."""
    kube_settings = settings.KubernetesSettings(kubeconfig=str(operator_rights), page_size=3)
    kube_client = kube_api.KubeApi(
        await credentials.load(kube_settings), kube_settings=kube_settings, clock=clocks.SystemClock()
    )
    yield kube_client
    await kube_client.close()


@pytest.fixture(params=pushgateway_servers.programs().items(), ids=lambda named: named[0])
def pushgateway_program(request: pytest.FixtureRequest) -> Path:
    """A real Pushgateway: each available version in turn."""
    find: Callable[[], Path] = request.param[1]
    return requirements.require(find)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client_session:
        yield client_session


@pytest.fixture
async def scene(session: aiohttp.ClientSession) -> AsyncIterator[operator_harness.Scene]:
    """A running gateway and API server; the test starts the operator."""
    async with operator_harness.opened(session) as running_scene:
        yield running_scene
