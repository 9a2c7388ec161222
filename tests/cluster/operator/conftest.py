"""The operator's Kubernetes client with exactly the operator's permissions."""

from __future__ import annotations

import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.operator import operator_fixtures
from tidegate import settings
from tidegate.aio import clocks
from tidegate.operator.kube import credentials, kube_api

session = operator_fixtures.session


@pytest.fixture(autouse=True)
def kopf_leaves_nothing_for_other_tests() -> Iterator[None]:
    """Collect the unread responses of a watch that ended with an error here, where their warnings are ignored."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
async def api(operator_kubeconfig: Path) -> AsyncIterator[kube_api.KubeApi]:
    """The Kubernetes client of the operator, with pages of three objects."""
    kube_settings = settings.KubernetesSettings(kubeconfig=str(operator_kubeconfig), page_size=3)
    kube_client = kube_api.KubeApi(
        await credentials.load(kube_settings), kube_settings=kube_settings, clock=clocks.SystemClock()
    )
    yield kube_client
    await kube_client.close()
