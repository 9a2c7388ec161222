"""An HTTP session, and a gateway with a fake API server for an operator."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.operator import operator_harness


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client_session:
        yield client_session


@pytest.fixture
async def scene(session: aiohttp.ClientSession) -> AsyncIterator[operator_harness.Scene]:
    """A running gateway and API server; the test starts the operator."""
    async with operator_harness.opened(session) as running_scene:
        yield running_scene
