"""The operator's Kubernetes client with exactly the operator's permissions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.kubernetes import clusters
from tests.support.operator import operator_fixtures
from tests.support.processes import tidegate_processes
from tidegate import settings
from tidegate.aio import clocks
from tidegate.operator.kube import credentials, kube_api

session = operator_fixtures.session


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
