"""The operator put together: which parts it has, and how it starts and stops."""

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
from tidegate.operator.kube import access_reviews, credentials, event_recorder, kube_api, server_clocks
from tidegate.operator.objects import owner_kinds, served_kinds
from tidegate.operator.planning import work_queue
from tidegate.operator.reconcile import reconciler, status_reporter
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
"""Resync periods without a turn of the worker after which it is taken for dead."""


async def run(
    operator_settings: settings.OperatorSettings,
    *,
    clock: clocks.Clock,
    registry: prometheus_client.CollectorRegistry,
    stop: asyncio.Event,
) -> None:
    """Work until told to stop, in this loop and one thread of its own. Takes no signals.

    :raises OSError: it cannot start: no credentials for Kubernetes, or its address is taken.
    :raises settings.BadSettingsError: it cannot use the gateway that it is to follow.
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
            "the operator follows the gateway at %s; listening on %s", gateway.url, operator_settings.listen_address
        )
        async with asyncio.TaskGroup() as running:
            tasks = [running.create_task(work, name=name) for name, work in operator.tasks().items()]
            await stop.wait()
            for task in tasks:
                task.cancel()
    _logger.info("the operator has stopped")


class Operator:
    """All parts of one operator, each given what it needs. For one event loop."""

    def __init__(
        self,
        operator_settings: settings.OperatorSettings,
        *,
        api: kube_api.KubeApi,
        gateway: gateway_protocol.Gateway,
        clock: clocks.Clock,
        registry: prometheus_client.CollectorRegistry,
    ) -> None:
        self._settings, self._clock = operator_settings, clock
        metrics = operator_metrics.OperatorMetrics(registry)
        cache = cluster_cache.ClusterCache(namespaces=operator_settings.kubernetes.namespaces)
        self._kinds = table = served_kinds.ServedKinds(owner_kinds.watched_kinds(operator_settings.kubernetes.watch))
        queue = work_queue.WorkQueue()
        metrics.track_sizes(cache, queue)
        self._recorder = event_recorder.EventRecorder(
            api, kinds=table, clock=clock, metrics=metrics, backoff=self._backoff()
        )
        reporter = status_reporter.StatusReporter(cache, api=api, metrics=metrics, clock=clock)
        notifier = self._make_notifier(grace=gateway.grace_seconds, status_reporter=reporter)
        self._updater = cache_updater.CacheUpdater(
            cache, queue=queue, notifier=notifier, metrics=metrics, clock=clock, server_clock=api.server_clock
        )
        self._resync = resyncs.Resync(
            api,
            kinds=table,
            updater=self._updater,
            metrics=metrics,
            clock=clock,
            worker_settings=operator_settings.worker,
        )
        self._group_watch = group_watch.GroupWatch(
            gateway,
            cache=cache,
            queue=queue,
            notifier=notifier,
            metrics=metrics,
            clock=clock,
            server_clock=api.server_clock,
            worker_settings=operator_settings.worker,
            on_synced=self._resync.resync_now,
        )
        self._reconciler = reconciler.Reconciler(
            cache,
            queue=queue,
            group_watch=self._group_watch,
            resync=self._resync,
            gateway=gateway,
            api=api,
            notifier=notifier,
            status_reporter=reporter,
            metrics=metrics,
            clock=clock,
            operator_settings=operator_settings,
        )
        self._access_reviews = self._make_access_reviews(api, metrics=metrics)
        self._groups_endpoint = self._make_groups_endpoint(
            cache, server_clock=api.server_clock, grace=gateway.grace_seconds
        )
        self._watch_supervisor = self._make_watch_supervisor(metrics)
        self._pod_watch = pod_watch.PodWatch(
            api, updater=self._updater, metrics=metrics, clock=clock, worker_settings=operator_settings.worker
        )

    def tasks(self) -> dict[str, Coroutine[None, None, None]]:
        """What must run at the same time, by name."""
        return {
            "follow the gateway": self._group_watch.run(),
            "list objects": self._resync.run(),
            "review access": self._access_reviews.run(),
            "reconcile": self._reconciler.run(),
            "watch objects": self._watch(),
            "watch pods": self._watch_pods(),
            "post events": self._recorder.run(),
        }

    def app(self, registry: prometheus_client.CollectorRegistry) -> web.Application:
        """What it serves."""
        ready = self._reconciler.first_plan.is_set
        return operator_endpoints.app(registry, groups=self._groups_endpoint, is_alive=self._is_alive, is_ready=ready)

    def handle_event(self, event: cache_updater.ObjectEvent) -> None:
        """The watch told of an object."""
        self._updater.handle_event(event)

    async def _watch(self) -> None:
        """Watch from the first plan on: the watch lists all objects, too, and two lists at once take long."""
        await self._reconciler.first_plan.wait()
        await self._watch_supervisor.run()

    async def _watch_pods(self) -> None:
        """Watch the pods of Jobs, where an address can say whose a group is: a stock Pushgateway tells of none."""
        tells = self._settings.gateway_kind is settings.GatewayKind.TIDEGATE
        if tells and settings.ADDRESS in self._settings.rules.ownership:
            await self._resync.synced.wait()
            await self._pod_watch.run()

    def _is_alive(self) -> bool:
        silent = self._clock.monotonic() - self._reconciler.last_iteration
        return silent < _STALLED_RESYNC_PERIODS * self._settings.worker.resync_seconds

    def _make_notifier(
        self, *, grace: float | None, status_reporter: status_reporter.StatusReporter
    ) -> notifications.Notifier:
        operator = _operator_pod(self._settings)
        return notifications.Notifier(
            self._recorder.record, grace=grace, on_act=status_reporter.record_action, operator=operator
        )

    def _make_groups_endpoint(
        self, cache: cluster_cache.ClusterCache, *, server_clock: server_clocks.ServerClock, grace: float | None
    ) -> groups_endpoint.GroupsEndpoint:
        return groups_endpoint.GroupsEndpoint(
            cache,
            rules=self._settings.rules,
            time=server_clock,
            grace=grace,
            hold=self._reconciler.gate.hold_reason,
            ready=lambda: self._reconciler.first_plan.is_set() and self._group_watch.is_synced,
            listed_ago=lambda: self._clock.monotonic() - self._resync.last_list_started,
        )

    def _make_access_reviews(
        self, api: kube_api.KubeApi, *, metrics: operator_metrics.OperatorMetrics
    ) -> access_reviews.AccessReviews:
        return access_reviews.AccessReviews(
            api,
            kinds=self._kinds,
            clock=self._clock,
            metrics=metrics,
            backoff=self._backoff(),
            operator_settings=self._settings,
        )

    def _make_watch_supervisor(self, metrics: operator_metrics.OperatorMetrics) -> supervisors.Supervisor:
        kube_settings = self._settings.kubernetes
        period = self._settings.worker.resync_seconds
        meanwhile = f"it is tried again every few seconds, and until it works changes are seen every {period:g} s"
        outage = outage_log.OutageLog("the watch on all objects", consequence=meanwhile, clock=self._clock)
        health = watch_health.WatchHealth(outage=outage, metrics=metrics)
        loop = asyncio.get_running_loop()
        event_handover = cross_thread.Handover(loop, self.handle_event)
        call_handover = cross_thread.Handover(loop, health.call_finished)
        start_handover = cross_thread.Handover(loop, health.watch_started)

        def work(told_to_stop: cross_thread.Stop) -> None:
            kinds = self._kinds.served
            start_handover.put(kopf_watch.paths(kube_settings, kinds))
            kopf_watch.watch(
                told_to_stop,
                kube_settings=kube_settings,
                kinds=kinds,
                on_event=event_handover.put,
                on_call=call_handover.put,
            )

        return supervisors.Supervisor(
            work,
            name="watch",
            clock=self._clock,
            backoff=self._backoff(),
            on_healthy=health.watch_stable,
            on_end=health.watch_ended,
            on_restart=metrics.watch_restarts.inc,
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
                stock_settings=operator_settings.stock,
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
