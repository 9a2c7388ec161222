"""The steps of draining groups."""

from __future__ import annotations

import pytest

from tests.support.gateway import drain_steps, gateway_client
from tidegate.gateway import server


@pytest.fixture
def drain(client: gateway_client.Client, gateway: server.Gateway) -> drain_steps.Drain:
    return drain_steps.Drain(client, gateway)
