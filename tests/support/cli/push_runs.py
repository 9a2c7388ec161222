"""``tidegate push`` in a thread, and a gateway in the event loop of the test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

import aiohttp

from tests.support.cli import command_runs
from tests.support.gateway import gateway_client
from tidegate import settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.model import proofs


class Target(NamedTuple):
    """A gateway and a client of it."""

    gateway: server.Gateway
    client: gateway_client.Client

    @property
    def url(self) -> str:
        """The flag with the URL of the gateway."""
        return f"--gateway.url={self.client.url}"

    async def push(self, *arguments: str, stdin: int | bytes = b"") -> command_runs.Ran:
        """Run ``tidegate push`` to the gateway for the job ``x``."""
        return await command_runs.run_in_thread("push", "--job=x", self.url, *arguments, stdin=stdin)


@contextlib.asynccontextmanager
async def opened(*, port: int = 0, utf8_names: bool = False) -> AsyncIterator[Target]:
    """Start the gateway."""
    configuration = settings.GatewaySettings(
        web=settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:{port}",)),
        control_address=f"{gateway_client.HOST}:0",
        control_token=gateway_client.TOKEN,
        stop_seconds=0.1,
        drain=settings.DrainSettings(confirm=proofs.Grade.DELIVERED),
        push=settings.PushSettings(enable_utf8_names=utf8_names),
    )
    registry = telemetry.new_registry()
    gateway = server.Gateway(
        configuration, clock=clocks.SystemClock(), registry=registry, flags={}, stop=asyncio.Event()
    )
    await gateway.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Target(gateway, gateway_client.Client(gateway, session))
    finally:
        await gateway.stop()
