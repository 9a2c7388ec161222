"""A real gateway on free ports of loopback, with a clock that the test moves, and a client of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp
import pytest
import uvloop

from tests.gateway import gateway_client
from tidegate import settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server

SMALL_BODY = 512 * 1024
"""Bytes that one push may have here, so that a test of the limit is quick."""


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the command runs on; a module that says ``BOTH_LOOPS`` is tried on Python's own, too."""
    if isinstance(item, pytest.Function) and getattr(item.module, "BOTH_LOOPS", False):
        return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def clock() -> clocks.MovableClock:
    return clocks.MovableClock()


@pytest.fixture
def web_settings() -> settings.WebSettings:
    """What the gateway serves; a module that needs more of it has a fixture of this name of its own."""
    return settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",))


@pytest.fixture
def stop() -> asyncio.Event:
    """Set where a client asks for the end of the process."""
    return asyncio.Event()


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    """What a client may cost; a module that needs other limits has a fixture of this name of its own."""
    return settings.LimitSettings(body=SMALL_BODY, unpacked_body=SMALL_BODY)


@pytest.fixture
def persistence_settings() -> settings.PersistenceSettings:
    """What outlives the process; a module that needs a file has a fixture of this name of its own."""
    return settings.PersistenceSettings()


@pytest.fixture
async def gateway(
    clock: clocks.MovableClock,
    web_settings: settings.WebSettings,
    stop: asyncio.Event,
    limit_settings: settings.LimitSettings,
    persistence_settings: settings.PersistenceSettings,
) -> AsyncIterator[server.Gateway]:
    chosen = settings.GatewaySettings(
        web=web_settings,
        control_address=f"{gateway_client.HOST}:0",
        control_token=gateway_client.TOKEN,
        stop_seconds=2.0,
        limits=limit_settings,
        persistence=persistence_settings,
    )
    flags = {"web.listen-address": f"{gateway_client.HOST}:0"}
    running = server.Gateway(chosen, clock=clock, registry=telemetry.new_registry(), flags=flags, stop=stop)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def client(gateway: server.Gateway) -> AsyncIterator[gateway_client.Client]:
    async with aiohttp.ClientSession() as session:
        yield gateway_client.Client(gateway, session)
