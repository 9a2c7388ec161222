"""A gateway on free loopback ports with a movable clock, and a client for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp
import pytest
import uvloop

from tests.support.gateway import gateway_client
from tidegate import settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.model import proofs

SMALL_BODY = 512 * 1024
"""Maximum size of a pushed body in these tests, in bytes; small, so that tests of the limit are fast."""


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run each test on the event loop of the command, and those of a module with ``BOTH_LOOPS`` on asyncio, too."""
    if isinstance(item, pytest.Function) and getattr(item.module, "BOTH_LOOPS", False):
        return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def clock() -> clocks.MovableClock:
    return clocks.MovableClock()


@pytest.fixture
def web_settings() -> settings.WebSettings:
    """Web settings of the gateway; override this fixture in a module that needs others."""
    return settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",), scrape_settle_seconds=0.01)


@pytest.fixture
def stop() -> asyncio.Event:
    """The event that is set when a client requests the end of the process."""
    return asyncio.Event()


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    """Limits of the gateway; override this fixture in a module that needs others."""
    return settings.LimitSettings(body=SMALL_BODY, unpacked_body=SMALL_BODY)


@pytest.fixture
def persistence_settings() -> settings.PersistenceSettings:
    """Persistence settings, without a file; override this fixture in a module that needs one."""
    return settings.PersistenceSettings()


@pytest.fixture
async def gateway(
    clock: clocks.MovableClock,
    web_settings: settings.WebSettings,
    stop: asyncio.Event,
    limit_settings: settings.LimitSettings,
    persistence_settings: settings.PersistenceSettings,
) -> AsyncIterator[server.Gateway]:
    gateway_settings = settings.GatewaySettings(
        web=web_settings,
        control_address=f"{gateway_client.HOST}:0",
        control_token=gateway_client.TOKEN,
        stop_seconds=2.0,
        drain=settings.DrainSettings(confirm=proofs.Grade.DELIVERED),
        limits=limit_settings,
        persistence=persistence_settings,
    )
    flags = {"web.listen-address": f"{gateway_client.HOST}:0"}
    running = server.Gateway(gateway_settings, clock=clock, registry=telemetry.new_registry(), flags=flags, stop=stop)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def client(gateway: server.Gateway) -> AsyncIterator[gateway_client.Client]:
    async with aiohttp.ClientSession() as session:
        yield gateway_client.Client(gateway, session)
