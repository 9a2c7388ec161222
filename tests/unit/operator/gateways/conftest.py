"""A fake Pushgateway, and the operator's adapter for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import test_utils

from tests.support.operator import fake_pushgateways, pushgateway_harness


@pytest.fixture
async def fake_pushgateway() -> fake_pushgateways.FakePushgateway:
    return fake_pushgateways.FakePushgateway()


@pytest.fixture
async def stage(
    fake_pushgateway: fake_pushgateways.FakePushgateway, session: aiohttp.ClientSession
) -> AsyncIterator[pushgateway_harness.Stage]:
    async with test_utils.TestServer(fake_pushgateway.app()) as server:
        yield pushgateway_harness.Stage(str(server.make_url("/")).rstrip("/"), session)
