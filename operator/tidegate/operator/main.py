"""The composition root of the operator: builds its parts, starts and stops them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine

import aiohttp
import prometheus_client
from aiohttp import web

from tidegate import settings
from tidegate.aio import backoffs, clocks, cross_thread
from tidegate.model import owners
from tidegate.operator import operator_endpoints, operator_metrics, outage_log
from tidegate.operator.cache import cluster_cache
from tidegate.operator.explain import groups_endpoint, notifications
from tidegate.operator.gateways import gateway_protocol, pushgateway_adapter, tidegate_gateway
from tidegate.operator.kube import access_reviews, credentials, event_recorder, kube_api
from tidegate.operator.objects import owner_kinds, served_kinds
from tidegate.operator.planning import work_queue
from tidegate.operator.reconcile import reconcile_loop, status_reporter
from tidegate.operator.watch import (
    cache_updater,
    group_watch,
    kopf_watch,
    pod_watch,
    resyncs,
    supervisors,
    watch_health,
)
from tidegate.system import addresses

_logger = logging.getLogger(__name__)

_STALLED_RESYNC_PERIODS = 4
"""Resync periods without an iteration of the reconciler after which the liveness probe fails."""


async def run(
    operator_settings: settings.OperatorSettings,
    *,
    clock: clocks.Clock,
    registry: prometheus_client.CollectorRegistry,
    stop: asyncio.Event,
) -> None:
    """Run the operator until ``stop`` is set, in this event loop and one thread. Handles no signals.

    :raises OSError: there are no credentials for Kubernetes, or the listen address is in use.
    :raises settings.BadSettingsError: the gateway cannot be used with these settings.
    """
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        gateway = _make_gateway(operator_settings, session=session, clock=clock, registry=registry)
        api = kube_api.KubeApi(
            await credentials.load(operator_settings.kubernetes),
            kube_settings=operator_settings.kubernetes,
            clock=clock,
        )
        stack.push_async_callback(api.close)
        operator = Operator(operator_settings, api=api, gateway=gateway, clock=clock, registry=registry)
        await stack.enter_async_context(_serving(operator_settings.listen_address, operator.app(registry)))
        _logger.info(
            "operator started: watching the gateway at %s; listening on %s",
            gateway.url,
            operator_settings.listen_address,
        )
        async with asyncio.TaskGroup() as running:
            tasks = [running.create_task(work, name=name) for name, work in operator.tasks().items()]
            await stop.wait()
            for task in tasks:
                task.cancel()
    _logger.info("operator stopped")


class Operator:
    """All parts of one operator. For one event loop."""

    def __init__(
        self,
        operator_settings: settings.OperatorSettings,
        *,
        api: kube_api.KubeApi,
        gateway: gateway_protocol.Gateway,
        clock: clocks.Clock,
        registry: prometheus_client.CollectorRegistry,
    ) -> None:
        self._settings, self._api, self._gateway, self._clock = operator_settings, api, gateway, clock
        self._metrics = operator_metrics.OperatorMetrics(registry)
        self._kinds = served_kinds.ServedKinds(owner_kinds.watched_kinds(operator_settings.kubernetes.watch))
        self._cache = cluster_cache.ClusterCache(namespaces=operator_settings.kubernetes.namespaces)
        self._queue = work_queue.WorkQueue()
        self._metrics.track_sizes(self._cache, self._queue)
        self._recorder = event_recorder.EventRecorder(
            api, kinds=self._kinds, clock=clock, metrics=self._metrics, backoff=self._backoff()
        )
        self._status_reporter = status_reporter.StatusReporter(self._cache, api=api, metrics=self._metrics, clock=clock)
        self._notifier = self._make_notifier()
        self._updater = self._make_updater()
        self._resync = self._make_resync()
        self._group_watch = self._make_group_watch()
        self._reconciler = self._make_reconciler()
        self._access_reviews = self._make_access_reviews()
        self._groups_endpoint = self._make_groups_endpoint()
        self._watch_supervisor = self._make_watch_supervisor()
        self._pod_watch = pod_watch.PodWatch(
            api, updater=self._updater, metrics=self._metrics, clock=clock, worker_settings=operator_settings.worker
        )

    def tasks(self) -> dict[str, Coroutine[None, None, None]]:
        """The coroutines to run concurrently, by name."""
        return {
            "watch groups": self._group_watch.run(),
            "list objects": self._resync.run(),
            "review access": self._access_reviews.run(),
            "reconcile": self._reconciler.run(),
            "watch objects": self._watch(),
            "watch pods": self._watch_pods(),
            "post events": self._recorder.run(),
        }

    def app(self, registry: prometheus_client.CollectorRegistry) -> web.Application:
        """Build the HTTP endpoints."""
        ready = self._reconciler.first_plan.is_set
        return operator_endpoints.app(registry, groups=self._groups_endpoint, is_alive=self._is_alive, is_ready=ready)

    def handle_event(self, event: cache_updater.ObjectEvent) -> None:
        """Handle an object event of the watch."""
        self._updater.handle_event(event)

    async def _watch(self) -> None:
        """Watch after the first plan: the watch lists all objects, too, and two lists at once would delay the plan."""
        await self._reconciler.first_plan.wait()
        await self._watch_supervisor.run()

    async def _watch_pods(self) -> None:
        """Watch the pods of Jobs if addresses can decide about owners; a Pushgateway reports no addresses."""
        has_addresses = self._settings.gateway_kind is settings.GatewayKind.TIDEGATE
        if has_addresses and settings.ADDRESS in self._settings.rules.ownership:
            await self._resync.synced.wait()
            await self._pod_watch.run()

    def _is_alive(self) -> bool:
        age = self._clock.monotonic() - self._reconciler.last_iteration
        return age < _STALLED_RESYNC_PERIODS * self._settings.worker.resync_seconds

    def _make_notifier(self) -> notifications.Notifier:
        return notifications.Notifier(
            self._recorder.record,
            grace=self._gateway.grace_seconds,
            on_act=self._status_reporter.record_action,
            operator=_operator_pod(self._settings),
        )

    def _make_updater(self) -> cache_updater.CacheUpdater:
        return cache_updater.CacheUpdater(
            self._cache,
            queue=self._queue,
            notifier=self._notifier,
            metrics=self._metrics,
            clock=self._clock,
            server_clock=self._api.server_clock,
        )

    def _make_resync(self) -> resyncs.Resync:
        return resyncs.Resync(
            self._api,
            kinds=self._kinds,
            updater=self._updater,
            metrics=self._metrics,
            clock=self._clock,
            worker_settings=self._settings.worker,
        )

    def _make_group_watch(self) -> group_watch.GroupWatch:
        return group_watch.GroupWatch(
            self._gateway,
            cache=self._cache,
            queue=self._queue,
            notifier=self._notifier,
            metrics=self._metrics,
            clock=self._clock,
            server_clock=self._api.server_clock,
            worker_settings=self._settings.worker,
            on_synced=self._resync.resync_now,
        )

    def _make_reconciler(self) -> reconcile_loop.Reconciler:
        return reconcile_loop.Reconciler(
            self._cache,
            queue=self._queue,
            group_watch=self._group_watch,
            resync=self._resync,
            gateway=self._gateway,
            api=self._api,
            notifier=self._notifier,
            status_reporter=self._status_reporter,
            metrics=self._metrics,
            clock=self._clock,
            operator_settings=self._settings,
        )

    def _make_access_reviews(self) -> access_reviews.AccessReviews:
        return access_reviews.AccessReviews(
            self._api,
            kinds=self._kinds,
            clock=self._clock,
            metrics=self._metrics,
            backoff=self._backoff(),
            operator_settings=self._settings,
        )

    def _make_groups_endpoint(self) -> groups_endpoint.GroupsEndpoint:
        return groups_endpoint.GroupsEndpoint(
            self._cache,
            rules=self._settings.rules,
            server_clock=self._api.server_clock,
            grace=self._gateway.grace_seconds,
            hold=self._reconciler.gate.hold_reason,
            ready=lambda: self._reconciler.first_plan.is_set() and self._group_watch.is_synced,
            listed_ago=lambda: self._clock.monotonic() - self._resync.last_list_started,
        )

    def _make_watch_supervisor(self) -> supervisors.Supervisor:
        kube_settings = self._settings.kubernetes
        period = self._settings.worker.resync_seconds
        consequence = (
            f"retrying every few seconds; until it succeeds, changes are detected every {period:g} s by resyncs"
        )
        outage = outage_log.OutageLog("the watch on all objects", consequence=consequence, clock=self._clock)
        health = watch_health.WatchHealth(outage=outage, metrics=self._metrics)
        loop = asyncio.get_running_loop()
        event_queue = cross_thread.ThreadQueue(loop, self.handle_event)
        call_queue = cross_thread.ThreadQueue(loop, health.call_finished)
        start_queue = cross_thread.ThreadQueue(loop, health.watch_started)

        def work(stop: cross_thread.Stop) -> None:
            kinds = self._kinds.served
            start_queue.put(kopf_watch.paths(kube_settings, kinds))
            kopf_watch.watch(
                stop,
                kube_settings=kube_settings,
                kinds=kinds,
                on_event=event_queue.put,
                on_call=call_queue.put,
            )

        return supervisors.Supervisor(
            work,
            name="watch",
            clock=self._clock,
            backoff=self._backoff(),
            on_healthy=health.watch_stable,
            on_end=health.watch_ended,
            on_restart=self._metrics.watch_restarts.inc,
        )

    def _backoff(self) -> backoffs.Backoff:
        worker = self._settings.worker
        return backoffs.Backoff(first=worker.backoff_seconds, limit=worker.backoff_limit_seconds)


def _make_gateway(
    operator_settings: settings.OperatorSettings,
    *,
    session: aiohttp.ClientSession,
    clock: clocks.Clock,
    registry: prometheus_client.CollectorRegistry,
) -> gateway_protocol.Gateway:
    match operator_settings.gateway_kind:
        case settings.GatewayKind.TIDEGATE:
            return tidegate_gateway.TidegateGateway(
                operator_settings.gateway_url, token=operator_settings.control_token, session=session
            )
        case settings.GatewayKind.PUSHGATEWAY:
            return pushgateway_adapter.PushgatewayAdapter(
                operator_settings.gateway_url,
                session=session,
                clock=clock,
                registry=registry,
                pushgateway_settings=operator_settings.pushgateway,
            )


def _operator_pod(operator_settings: settings.OperatorSettings) -> owners.Owner | None:
    pod = operator_settings.pod
    return owners.Owner("Pod", pod.namespace, pod.name, owners.Uid(pod.uid)) if pod.name and pod.namespace else None


@contextlib.asynccontextmanager
async def _serving(address: str, app: web.Application) -> AsyncIterator[None]:
    host, port = addresses.parse(address)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()
