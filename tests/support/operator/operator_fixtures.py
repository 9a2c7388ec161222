"""An HTTP session, a fake API server, and a gateway with one for an operator."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.operator import fake_api_server, operator_harness


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client_session:
        yield client_session


@pytest.fixture
async def server() -> AsyncIterator[fake_api_server.ApiServer]:
    """A running fake API server."""
    running = fake_api_server.ApiServer()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def scene(session: aiohttp.ClientSession) -> AsyncIterator[operator_harness.Scene]:
    """A running gateway and API server; the test starts the operator."""
    async with operator_harness.opened(session) as running_scene:
        yield running_scene
