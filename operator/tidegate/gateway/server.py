"""The gateway: creates its parts, starts and stops its servers and background tasks."""

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
from tidegate.draining import drain_conditions, group_drainer, scrape_progress, stored_pushes, unrecognised_scrapers
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
from tidegate.gateway.metrics import database_metrics, own_metrics, unowned_groups
from tidegate.gateway.openapi import endpoints as openapi_endpoints
from tidegate.gateway.push import push_bodies, push_handler
from tidegate.gateway.scrape import scrape_handler
from tidegate.gateway.ui import page_deletion, static_files
from tidegate.model import grouping
from tidegate.prometheus import push_time_database, query_api, server_config
from tidegate.store import group_store, interface, journals
from tidegate.store.sqlite import sqlite_journal
from tidegate.system import addresses, memory

_logger = logging.getLogger(__name__)

_CONTROL_BODY = 16 * 1024 * 1024
"""Bytes of the largest request body of the control API."""

_TIMEOUT_CHECK_SECONDS = 1.0
"""Interval between checks for clients that take too long."""

_MEMORY_SHARE = 0.8
"""Share of the cgroup's memory that groups may take. The rest is for request bodies and scrapes."""

_CLOSE_SECONDS = 1.0
"""How long the last bytes of responses may take, after the requests in flight have had --web.stop-timeout."""


class Gateway:
    """Pushes, scrapes and queries on the public addresses and, if there is a token, the control API on another one.

    :param flags: the values of all command line flags, for the status page.
    :param stop: set when a client stops the process; the caller then stops the gateway.
    :ivar registry: the metrics of the gateway itself.
    :ivar web_port: the first port in use after the start, also if the configured port is 0.
    :ivar control_port: the port of the control API; 0 without one.
    """

    def __init__(
        self,
        gateway_settings: settings.GatewaySettings,
        *,
        clock: clocks.Clock,
        registry: prometheus_client.CollectorRegistry,
        flags: Mapping[str, str],
        stop: asyncio.Event,
    ) -> None:
        self._settings = gateway_settings
        web_settings = gateway_settings.web
        self.registry = registry
        self._metrics = own_metrics.GatewayMetrics(registry)
        self._clock = clock
        self.store = self._new_store(registry)
        self.tracker = scrape_progress.ScrapeTracker(self.store)
        self.unrecognised = unrecognised_scrapers.UnrecognisedScrapers()
        self._metrics.watch(self.store, self.tracker, self.unrecognised, clock=clock)
        self._servers = _query_apis(gateway_settings.drain)
        self._set_up_draining(gateway_settings.drain, registry)
        self._unowned = unowned_groups.UnownedGroupCounter(self.store, clock=clock, on_count=self._metrics.set_unowned)
        self._health = health.HealthHandlers()
        self._control = control_handlers.ControlHandlers(self.store, drainer=self.drainer, metrics=self._metrics)
        self._scrape = self._new_scrape_handler()
        self._bodies = push_bodies.BodyReader(gateway_settings.limits)
        self._push = self._new_push_handler()
        self._selector = selector_search.GroupSelector(self.store)
        self._page = static_files.StaticFiles(is_read_only=web_settings.page_read_only)
        self._queries = group_queries.GroupQueryHandlers(
            self.store,
            self.tracker,
            conditions=self.conditions,
            unrecognised=self.unrecognised,
            clock=clock,
            selector=self._selector,
        )
        self._stream = event_stream.EventStreamHandler(
            self.store, self.tracker, clock=clock, metrics=self._metrics, version=self._page.version
        )
        self._admin = admin.AdminHandlers(self.store, self._metrics, stop=stop)
        self._pushgateway_api = pushgateway_api.PushgatewayApiHandlers(self.store, flags=flags, started=clock.wall())
        self._running = contextlib.AsyncExitStack()
        self._tasks = tasks.TaskSet()
        self.web_port = 0
        self.control_port = 0

    async def start(self) -> None:
        """Open all addresses and restore the persisted groups. If that fails, everything is closed again.

        :raises OSError: an address cannot be opened, or the token file or the persistence file cannot be used.
        :raises settings.BadSettingsError: the web configuration file is invalid, or the address of the control API is
            not loopback.
        """
        _expect_loopback(self._settings.control_address)
        async with contextlib.AsyncExitStack() as stack:
            await self.store.open()
            stack.push_async_callback(self.store.close)
            stack.push_async_callback(self._scrape.close)
            stack.push_async_callback(self._tasks.cancel)
            for server in self._servers:
                await stack.enter_async_context(server)
            if self.conditions.databases is not None:
                stack.push_async_callback(self.conditions.databases.close)
            handler = await self._serve_web(stack)
            await self._restore()
            self._tasks.start(self.drainer.run(), name="drain groups")
            if self.conditions.databases is not None:
                self.conditions.databases.start()
            self._tasks.start(self._unowned.run(), name="count groups without an owner")
            self.control_port = await self._serve_control(stack)
            handler.set_routes(self.public_routes())
            self._health.set_restored()
            self._running = stack.pop_all()
        self._log_addresses()

    async def stop(self) -> None:
        """Stop being ready, finish the requests in flight, and close everything."""
        self._health.set_stopping()
        self._control.stop()
        self._stream.stop()
        await self._running.aclose()
        _logger.info("stopped")

    def _log_addresses(self) -> None:
        web_settings = self._settings.web
        public = "sockets of systemd" if web_settings.systemd_socket else ", ".join(web_settings.listen_addresses)
        _logger.info("listening on %s", public)
        if self.control_port:
            _logger.info("control API listening on %s", self._settings.control_address)
        else:
            _logger.info("control API disabled, so no operator can connect; set --control.token-file to enable it")

    def _set_up_draining(
        self, drain_settings: settings.DrainSettings, registry: prometheus_client.CollectorRegistry
    ) -> None:
        deletions = self._metrics.deletions
        self.conditions = drain_conditions.DrainConditions(self.tracker, grade=drain_settings.confirm)
        self.drainer = group_drainer.Drainer(
            self.store,
            self.conditions,
            clock=self._clock,
            on_deleted=deletions.drained,
            on_expired=deletions.expired,
        )
        if self._servers:
            self.conditions.databases = self._new_databases(registry)

    def _new_databases(self, registry: prometheus_client.CollectorRegistry) -> stored_pushes.StoredPushes:
        metrics = database_metrics.DatabaseMetrics(registry)
        databases = stored_pushes.StoredPushes(
            [push_time_database.PushTimeDatabase(server, push_time=self._push_time) for server in self._servers],
            clock=self._clock,
            waiting=self._waiting_for_databases,
            on_found=self.drainer.wake,
            on_query=metrics.queried,
        )
        metrics.watch(databases.names, count_missing=lambda: databases.count_missing(now=self._clock.monotonic()))
        return databases

    def _push_time(self, key: grouping.GroupingKey) -> float | None:
        summary = self.store.summary(key)
        return None if summary is None else summary.push_time

    def _waiting_for_databases(self) -> Mapping[grouping.GroupingKey, int]:
        return self.conditions.read_by_all(self.store.confirmed_drains(), now=self._clock.monotonic())

    def _new_scrape_handler(self) -> scrape_handler.ScrapeHandler:
        return scrape_handler.ScrapeHandler(
            self.store,
            self.tracker,
            drainer=self.drainer,
            unrecognised=self.unrecognised,
            metrics=self._metrics,
            clock=self._clock,
            web_settings=self._settings.web,
        )

    def _new_push_handler(self) -> push_handler.PushHandler:
        return push_handler.PushHandler(
            self.store,
            self._metrics,
            push_settings=self._settings.push,
            limit_settings=self._settings.limits,
            bodies=self._bodies,
            prefix=self._settings.web.prefix,
            on_ttl_set=self.drainer.wake,
        )

    def _new_store(self, registry: prometheus_client.CollectorRegistry) -> interface.Store:
        limits = self._settings.limits
        max_memory = _max_memory(limits)
        self._metrics.set_limits(limits, memory=max_memory)
        return group_store.GroupStore(
            journal=self._new_journal(registry),
            limits=limits,
            clock=self._clock,
            own_types=self._metrics.types(),
            is_memory_short=memory.MemoryGauge(max_memory).is_short,
            ttl_drain_timeout=self._settings.push.ttl_drain_timeout,
        )

    def _new_journal(self, registry: prometheus_client.CollectorRegistry) -> journals.Journal:
        persistence = self._settings.persistence
        if not persistence.file:
            return journals.NullJournal()
        metrics = own_metrics.PersistenceMetrics(registry)
        journal = sqlite_journal.SqliteJournal(
            Path(persistence.file), fsync=persistence.fsync, clock=self._clock, observer=metrics
        )
        metrics.watch(journal)
        return journal

    def public_routes(self) -> router.Routes:
        """The routes of the public address after the restore."""
        web_settings = self._settings.web
        handlers = route_table.PublicHandlers(
            push=self._push,
            scrape=self._scrape,
            pushgateway_api=self._pushgateway_api,
            health=self._health,
            selector_deletion=selector_deletion.SelectorDeletionHandler(
                self.store, self._metrics, selector=self._selector
            ),
            group_queries=self._queries,
            event_stream=self._stream,
            admin=self._admin,
            openapi=openapi_endpoints.DocumentEndpoint(self._settings),
        )
        routes = route_table.public(web_settings, handlers)
        deletion = page_deletion.PageDeletionHandler(
            self.store,
            self._metrics,
            selector=self._selector,
            bodies=self._bodies,
            is_read_only=web_settings.page_read_only,
            external_url=web_settings.external_url,
        )
        route_table.add_page(routes, web_settings.prefix, files=self._page, deletion=deletion)
        return routes

    async def _serve_control(self, stack: contextlib.AsyncExitStack) -> int:
        token = control_token.issue(self._settings.control_token)
        if token is None:
            return 0
        control_listeners = listeners.open_addresses((self._settings.control_address,))
        handler = request_handler.RequestHandler(
            route_table.control(self._control),
            limit_settings=_control_limits(self._settings.limits),
            idle_timeout=self._settings.web.idle_timeout,
            authenticator=token_auth.TokenAuthenticator(token, on_denied=self._metrics.control_denied.inc),
        )
        await self._serve(stack, handler, control_listeners, tls=None)
        return control_listeners.port

    async def _restore(self) -> None:
        await self.store.restore()
        readings, ended = self.store.restored_readers()
        self.tracker.restore(readings, ended=ended, now=self._clock.monotonic())

    async def _serve_web(self, stack: contextlib.AsyncExitStack) -> request_handler.RequestHandler:
        web_settings = self._settings.web
        config_file = config_reload.WebConfigFile(
            web_settings.config_file, check_seconds=web_settings.config_check_seconds
        )
        loaded = config_file.load()
        authenticator = basic_auth.WebAuthenticator(loaded.config)
        handler = request_handler.RequestHandler(
            route_table.restoring(web_settings, self._health),
            limit_settings=self._settings.limits,
            idle_timeout=web_settings.idle_timeout,
            authenticator=authenticator,
            metrics=self._metrics,
        )
        if web_settings.systemd_socket:
            web_listeners = listeners.from_systemd()
        else:
            web_listeners = listeners.open_addresses(web_settings.listen_addresses)
        runner = await self._serve(stack, handler, web_listeners, tls=loaded.tls)

        async def reload(loaded: config_reload.LoadedConfig) -> None:
            authenticator.update(loaded.config)
            await web_listeners.serve(runner, tls=loaded.tls)

        watching = asyncio.create_task(config_file.watch(reload), name="watch the web configuration file")
        stack.push_async_callback(_cancel, watching)
        self.web_port = web_listeners.port
        return handler

    async def _serve(
        self,
        stack: contextlib.AsyncExitStack,
        handler: request_handler.RequestHandler,
        handler_listeners: listeners.Listeners,
        *,
        tls: ssl.SSLContext | None,
    ) -> web.BaseRunner:
        checking = connections.check_periodically(
            handler.server.check_timeouts, self._bodies.check_timeouts, interval=_TIMEOUT_CHECK_SECONDS
        )
        stack.push_async_callback(_cancel, asyncio.create_task(checking, name="check timeouts of clients"))
        runner = web.ServerRunner(handler.server, shutdown_timeout=_CLOSE_SECONDS)
        stack.push_async_callback(handler_listeners.stop)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await handler_listeners.serve(runner, tls=tls)
        # The runner's cleanup reads nothing more from clients, so an incomplete body would never arrive.
        stack.push_async_callback(handler.finish, timeout=self._settings.stop_seconds)
        stack.push_async_callback(handler_listeners.stop)
        return runner


def _query_apis(drain_settings: settings.DrainSettings) -> list[query_api.QueryApi]:
    try:
        servers = server_config.read(drain_settings.prometheus_urls, drain_settings.prometheus_config_file)
    except server_config.BadServerConfigError as error:
        raise settings.BadSettingsError(f"--prometheus.url or --prometheus.config.file: {error}") from error
    return [query_api.QueryApi(server) for server in servers]


def _control_limits(limits: settings.LimitSettings) -> settings.LimitSettings:
    return dataclasses.replace(limits, body=_CONTROL_BODY, unpacked_body=_CONTROL_BODY, bodies=2 * _CONTROL_BODY)


def _max_memory(limits: settings.LimitSettings) -> int | None:
    if limits.memory is not None:
        return limits.memory
    allowed = memory.allowed()
    return None if allowed is None else int(_MEMORY_SHARE * allowed)


def _expect_loopback(address: str) -> None:
    # SECURITY: the token is sent to this address in plain text.
    if not addresses.is_loopback(addresses.parse(address)[0]):
        raise settings.BadSettingsError(
            f"--control.listen-address {address} is not a loopback address: the operator must run on the same machine "
            f"or in the same Pod; set 127.0.0.1:PORT or [::1]:PORT"
        )


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
