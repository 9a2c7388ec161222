"""The gateway as one thing that starts and stops: its parts put together, its sockets, its background task."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping

import prometheus_client
from aiohttp import web

from tidegate import settings
from tidegate.aiokits import addresses, clocks
from tidegate.gateway import admin, apps, control, flights, health, pushes, queries, scrapes
from tidegate.gateway import metrics as own_metrics
from tidegate.scrapes import drains, trackers
from tidegate.store import memory

_logger = logging.getLogger(__name__)

_CLOSE_SECONDS = 1.0
"""For the last bytes of answers, after the requests in flight have had their time."""


class Gateway:
    """Push, scrape and query on one address, the control API on another.

    :param stop: set where a client asks the process to end; whoever started the gateway stops it then.
    :ivar web_port: the port in use once started, also where port 0 was asked for; ``control_port`` likewise.
    """

    def __init__(
        self,
        chosen: settings.GatewaySettings,
        *,
        clock: clocks.Clock,
        registry: prometheus_client.CollectorRegistry,
        flags: Mapping[str, str],
        stop: asyncio.Event,
    ) -> None:
        self._settings = chosen
        self._metrics = own_metrics.GatewayMetrics(registry)
        self.tracker = trackers.ScrapeTracker()
        self.store = memory.MemoryStore(clock=clock, own_types=self._metrics.types())
        self._metrics.watch(self.store, self.tracker, clock=clock)
        self.drainer = drains.Drainer(self.store, self.tracker, clock=clock, on_deleted=self._metrics.deleted)
        self._probes = health.HealthEndpoint()
        self._control = control.ControlEndpoint(self.store, drainer=self.drainer, metrics=self._metrics)
        self._scrape = scrapes.ScrapeEndpoint(
            self.store, self.tracker, drainer=self.drainer, metrics=self._metrics, clock=clock
        )
        self._groups = pushes.GroupEndpoint(self.store, self._metrics, chosen=chosen.push)
        self._admin = admin.AdminEndpoint(self.store, self._metrics, stop=stop)
        self._query = queries.QueryEndpoint(self.store, flags=flags, started=clock.wall())
        self._running = contextlib.AsyncExitStack()
        self.web_port = 0
        self.control_port = 0

    async def start(self) -> None:
        """Open both addresses. ``OSError`` where one cannot be had; nothing stays open then."""
        async with contextlib.AsyncExitStack() as stack:
            draining = asyncio.create_task(self.drainer.run(), name="drain groups")
            stack.push_async_callback(_cancel, draining)
            stack.push_async_callback(self._scrape.close)
            public = apps.public(
                self._settings,
                groups=self._groups,
                scrape=self._scrape,
                query=self._query,
                probes=self._probes,
                administer=self._admin,
                metrics=self._metrics,
            )
            self.control_port = await self._serve(stack, apps.private(self._control), self._settings.control_address)
            self.web_port = await self._serve(stack, public, self._settings.web.listen_address)
            self._running = stack.pop_all()
        _logger.info("listening on %s, control API on %s", self._settings.web.listen_address, self.control_port)

    async def stop(self) -> None:
        """Stop being ready, finish the requests in flight, close everything."""
        self._probes.stop()
        self._control.stop()
        await self._running.aclose()
        _logger.info("stopped")

    async def _serve(self, stack: contextlib.AsyncExitStack, app: web.Application, address: str) -> int:
        host, port = addresses.parse(address)
        flight = flights.InFlight()
        app.middlewares.insert(0, flight.count)
        # Unpacking is ours: aiohttp's leaves some damaged bodies without an answer, and takes cut ones for whole.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_SECONDS, auto_decompress=False)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, host, port, backlog=1024)
        await site.start()
        # The runner's own end reads nothing more from its clients, so a body that is under way would never arrive.
        stack.push_async_callback(flight.ended, within=self._settings.stop_seconds)
        stack.push_async_callback(site.stop)
        return int(runner.addresses[0][1])


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
