"""Connections without requests."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.gateway import gateway_client, raw_connections
from tidegate import settings
from tidegate.gateway import server

_SECONDS = 0.3
_USUAL_SCRAPE_INTERVALS = (15.0, 30.0, 60.0, 120.0)
_LOOKBACK_SECONDS = 300.0
"""Prometheus ignores older samples, so scrape intervals are not longer."""


@pytest.fixture
def web_settings() -> settings.WebSettings:
    return settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",), idle_timeout=_SECONDS)


async def test_idle_connection_is_closed_after_the_idle_timeout_and_not_before(gateway: server.Gateway) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(raw_connections.PUSH)
        began = asyncio.get_running_loop().time()
        assert (await wire.response_head()).startswith(b"HTTP/1.1 200 ")
        assert await wire.rest() == b""
        # The loop reads its clock when it wakes up, so a timer may fire a moment early.
        assert asyncio.get_running_loop().time() - began >= _SECONDS - 0.01


async def test_idle_timeout_does_not_apply_during_a_request(gateway: server.Gateway) -> None:
    async with raw_connections.connected(gateway.web_port) as busy, raw_connections.connected(gateway.web_port) as idle:
        await busy.send(raw_connections.PUSH_HEAD)
        await idle.send(raw_connections.PUSH)
        # This connection sent its request later than the other one, and is closed because it is idle.
        await idle.rest()
        await busy.send(b"m 1\n")
        assert (await busy.response_head()).startswith(b"HTTP/1.1 200 ")


def test_default_idle_timeout_exceeds_usual_scrape_intervals() -> None:
    default = settings.WebSettings().idle_timeout
    assert default >= 2 * max(_USUAL_SCRAPE_INTERVALS)
    assert default >= _LOOKBACK_SECONDS
