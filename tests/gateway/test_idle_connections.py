"""Connections that nobody asks anything over any more."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway import gateway_client, raw_connections
from tidegate import settings
from tidegate.gateway import server

_SECONDS = 0.3
_USUAL_SCRAPE_INTERVALS = (15.0, 30.0, 60.0, 120.0)
_LOOKBACK_SECONDS = 300.0
"""Prometheus shows no sample that is older, so nobody scrapes less often."""


@pytest.fixture
def web_settings() -> settings.WebSettings:
    return settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",), idle_timeout=_SECONDS)


async def test_an_idle_connection_is_closed_after_its_time_and_not_before(gateway: server.Gateway) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(raw_connections.PUSH)
        began = asyncio.get_running_loop().time()
        assert (await wire.answer()).startswith(b"HTTP/1.1 200 ")
        assert await wire.rest() == b""
        # The loop's clock is read when it wakes up, so a moment before a timer's time it may call it.
        assert asyncio.get_running_loop().time() - began >= _SECONDS - 0.01


async def test_a_request_takes_as_long_as_it_takes(gateway: server.Gateway) -> None:
    async with raw_connections.connected(gateway.web_port) as busy, raw_connections.connected(gateway.web_port) as idle:
        await busy.send(raw_connections.PUSH_HEAD)
        await idle.send(raw_connections.PUSH)
        # It has asked later than the other one, and is closed for its silence.
        await idle.rest()
        await busy.send(b"m 1\n")
        assert (await busy.answer()).startswith(b"HTTP/1.1 200 ")


def test_by_default_a_scraper_keeps_its_connection() -> None:
    default = settings.WebSettings().idle_timeout
    assert default >= 2 * max(_USUAL_SCRAPE_INTERVALS)
    assert default >= _LOOKBACK_SECONDS
