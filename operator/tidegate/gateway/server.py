"""The gateway as one thing that starts and stops: its parts put together, its sockets, its background task."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import ssl
from collections.abc import Mapping
from pathlib import Path

import prometheus_client
from aiohttp import web

from tidegate import control_token, settings
from tidegate.aio import clocks, tasks
from tidegate.draining import collector, scrape_progress
from tidegate.gateway import route_table
from tidegate.gateway.api import (
    admin,
    control_handlers,
    event_stream,
    group_queries,
    pushgateway_api,
    selector_deletion,
    selector_search,
)
from tidegate.gateway.http import (
    basic_auth,
    config_reload,
    connections,
    health,
    listeners,
    request_handler,
    router,
    token_auth,
)
from tidegate.gateway.metrics import own_metrics, unowned_groups
from tidegate.gateway.openapi import endpoints as openapi_endpoints
from tidegate.gateway.push import push_bodies, push_handler
from tidegate.gateway.scrape import negotiation, scrape_handler
from tidegate.gateway.ui import page_deletion, static_files
from tidegate.store import group_store, interface, journals
from tidegate.store.sqlite import sqlite_journal
from tidegate.system import addresses, memory

_logger = logging.getLogger(__name__)

_CONTROL_BODY = 16 * 1024 * 1024
"""The largest body of a request to the control API, in bytes."""

_LOOK_SECONDS = 1.0
"""How often it is looked whether a client takes too long."""

_MEMORY_PART = 0.8
"""Of the memory that its cgroup allows. The rest is for bodies under way and for scrapes."""

_CLOSE_SECONDS = 1.0
"""For the last bytes of answers, after the requests in flight have had their time."""


class Gateway:
    """Push, scrape and query on their addresses; with a token, the control API on another.

    :param stop: set where a client asks the process to end; whoever started the gateway stops it then.
    :ivar web_port: the first port in use once started, also where port 0 was asked for; ``control_port`` likewise,
        and 0 while there is no control API.
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
        self._clock = clock
        self.store = self._new_store(registry)
        self.tracker = scrape_progress.ScrapeTracker(self.store)
        self._metrics.watch(self.store, self.tracker, clock=clock)
        ends = self._metrics.ends
        self.drainer = collector.Drainer(
            self.store, self.tracker, clock=clock, on_deleted=ends.drained, on_expired=ends.expired
        )
        self._census = unowned_groups.Census(self.store, clock=clock, show=self._metrics.without_owner)
        self._probes = health.HealthEndpoint()
        self._control = control_handlers.ControlEndpoint(self.store, drainer=self.drainer, metrics=self._metrics)
        formats = negotiation.offered(chosen.web)
        self._scrape = scrape_handler.ScrapeEndpoint(
            self.store, self.tracker, drainer=self.drainer, metrics=self._metrics, clock=clock, formats=formats
        )
        self._intake = push_bodies.Intake(chosen.limits)
        self._groups = push_handler.GroupEndpoint(
            self.store,
            self._metrics,
            chosen=chosen.push,
            limits=chosen.limits,
            intake=self._intake,
            prefix=chosen.web.prefix,
            on_expiry=self.drainer.wake,
        )
        self._picker = selector_search.Picker(self.store)
        self._page = static_files.Files(is_read_only=chosen.web.page_read_only)
        self._browse = group_queries.BrowsingEndpoint(self.store, self.tracker, clock=clock, picker=self._picker)
        self._stream = event_stream.StreamEndpoint(
            self.store, self.tracker, clock=clock, metrics=self._metrics, version=self._page.version
        )
        self._admin = admin.AdminEndpoint(self.store, self._metrics, stop=stop)
        self._query = pushgateway_api.QueryEndpoint(self.store, flags=flags, started=clock.wall())
        self._running = contextlib.AsyncExitStack()
        self._tasks = tasks.TaskSet()
        self.web_port = 0
        self.control_port = 0

    async def start(self) -> None:
        """Open all addresses, and restore the groups; nothing stays open where that fails.

        :raises OSError: an address, the token, or the file of the groups, cannot be had.
        :raises settings.BadSettingsError: the web configuration file cannot be used, or the control API would be open
            to other machines.
        """
        _expect_loopback(self._settings.control_address)
        async with contextlib.AsyncExitStack() as stack:
            await self.store.open()
            stack.push_async_callback(self.store.close)
            stack.push_async_callback(self._scrape.close)
            stack.push_async_callback(self._tasks.cancel)
            front = await self._serve_web(stack)
            await self._restore()
            self._tasks.start(self.drainer.run(), name="drain groups")
            self._tasks.start(self._census.run(), name="count groups without an owner")
            self.control_port = await self._serve_control(stack)
            front.change(self.public_routes())
            self._probes.restored()
            self._running = stack.pop_all()
        chosen = self._settings.web
        where = "the sockets of systemd" if chosen.systemd_socket else ", ".join(chosen.listen_addresses)
        _logger.info("listening on %s", where)
        if self.control_port:
            _logger.info("the control API is on %s", self._settings.control_address)
        else:
            _logger.info("there is no control API, and so no operator: --control.token-file is not set")

    async def stop(self) -> None:
        """Stop being ready, finish the requests in flight, close everything."""
        self._probes.stop()
        self._control.stop()
        self._stream.stop()
        await self._running.aclose()
        _logger.info("stopped")

    def _new_store(self, registry: prometheus_client.CollectorRegistry) -> interface.Store:
        limits = self._settings.limits
        most_memory = _most_memory(limits)
        self._metrics.limited(limits, memory=most_memory)
        return group_store.GroupStore(
            journal=self._new_journal(registry),
            limits=limits,
            clock=self._clock,
            own_types=self._metrics.types(),
            is_memory_short=memory.MemoryGauge(most_memory).is_short,
            ttl_drain_timeout=self._settings.push.ttl_drain_timeout,
        )

    def _new_journal(self, registry: prometheus_client.CollectorRegistry) -> journals.Journal:
        chosen = self._settings.persistence
        if not chosen.file:
            return journals.NullJournal()
        metrics = own_metrics.PersistenceMetrics(registry)
        journal = sqlite_journal.SqliteJournal(
            Path(chosen.file), fsync=chosen.fsync, clock=self._clock, observer=metrics
        )
        metrics.watch(journal)
        return journal

    def public_routes(self) -> router.Routes:
        """What the public side answers once the groups are restored."""
        chosen = self._settings.web
        found = route_table.public(
            chosen,
            groups=self._groups,
            scrape=self._scrape,
            query=self._query,
            probes=self._probes,
            selection=selector_deletion.SelectionEndpoint(self.store, self._metrics, picker=self._picker),
            browse=self._browse,
            stream=self._stream,
            administer=self._admin,
            described=openapi_endpoints.DocumentEndpoint(self._settings),
        )
        deletion = page_deletion.DeleteEndpoint(
            self.store,
            self._metrics,
            picker=self._picker,
            intake=self._intake,
            is_read_only=chosen.page_read_only,
            external_url=chosen.external_url,
        )
        route_table.add_page(found, chosen.prefix, shown=self._page, deletion=deletion)
        return found

    async def _serve_control(self, stack: contextlib.AsyncExitStack) -> int:
        token = control_token.issue(self._settings.control_token)
        if token is None:
            return 0
        guard = token_auth.TokenGuard(token, on_refused=self._metrics.control_denied.inc)
        opened = listeners.open_addresses((self._settings.control_address,))
        front = request_handler.Front(
            route_table.private(self._control),
            chosen=_of_control(self._settings.limits),
            idle_timeout=self._settings.web.idle_timeout,
            guard=guard,
        )
        await self._serve(stack, front, opened, tls=None)
        return opened.port

    async def _restore(self) -> None:
        await self.store.restore()
        readings, ended = self.store.kept_readings()
        self.tracker.resume(readings, ended=ended, now=self._clock.steady())

    async def _serve_web(self, stack: contextlib.AsyncExitStack) -> request_handler.Front:
        chosen = self._settings.web
        file = config_reload.WebConfigFile(chosen.config_file)
        loaded = file.load()
        guard = basic_auth.Guard(loaded.config)
        found = route_table.restoring(chosen, probes=self._probes)
        front = request_handler.Front(
            found,
            chosen=self._settings.limits,
            idle_timeout=chosen.idle_timeout,
            guard=guard,
            metrics=self._metrics,
        )
        opened = listeners.passed() if chosen.systemd_socket else listeners.open_addresses(chosen.listen_addresses)
        runner = await self._serve(stack, front, opened, tls=loaded.tls)

        async def change(loaded: config_reload.Loaded) -> None:
            guard.change(loaded.config)
            await opened.serve(runner, tls=loaded.tls)

        following = asyncio.create_task(file.follow(change), name="follow the web configuration file")
        stack.push_async_callback(_cancel, following)
        self.web_port = opened.port
        return front

    async def _serve(
        self,
        stack: contextlib.AsyncExitStack,
        front: request_handler.Front,
        opened: listeners.Listeners,
        *,
        tls: ssl.SSLContext | None,
    ) -> web.BaseRunner:
        looking = connections.look_after(front.server.look, self._intake.look, every=_LOOK_SECONDS)
        stack.push_async_callback(_cancel, asyncio.create_task(looking, name="look after slow clients"))
        runner = web.ServerRunner(front.server, shutdown_timeout=_CLOSE_SECONDS)
        stack.push_async_callback(opened.stop)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await opened.serve(runner, tls=tls)
        # The runner's own end reads nothing more from its clients, so a body that is under way would never arrive.
        stack.push_async_callback(front.finish, within=self._settings.stop_seconds)
        stack.push_async_callback(opened.stop)
        return runner


def _of_control(chosen: settings.LimitSettings) -> settings.LimitSettings:
    return dataclasses.replace(chosen, body=_CONTROL_BODY, unpacked_body=_CONTROL_BODY, bodies=2 * _CONTROL_BODY)


def _most_memory(chosen: settings.LimitSettings) -> int | None:
    if chosen.memory is not None:
        return chosen.memory
    allowed = memory.allowed()
    return None if allowed is None else int(_MEMORY_PART * allowed)


def _expect_loopback(address: str) -> None:
    # SECURITY: the token goes over this address in clear.
    if not addresses.is_loopback(addresses.parse(address)[0]):
        raise settings.BadSettingsError(
            f"--control.listen-address {address} is not loopback alone: the control API is for an operator on the same "
            f"machine or in the same Pod; give 127.0.0.1:PORT or [::1]:PORT"
        )


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
