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
from tidegate.operator.kube import access_reviews, credentials, event_recorder, kube_api, server_clock
from tidegate.operator.objects import owner_kinds, served_kinds
from tidegate.operator.planning import work_queue
from tidegate.operator.reconcile import reconciler, status_reporter
from tidegate.operator.watch import (
    group_feed,
    kopf_watch,
    object_updates,
    pod_watch,
    resyncs,
    supervisors,
    watch_health,
)
from tidegate.system import addresses

_logger = logging.getLogger(__name__)

_DEAD_TURNS = 4
"""Resync periods without a turn of the worker after which it is taken for dead."""


async def run(
    chosen: settings.OperatorSettings,
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
        gateway = _gateway(chosen, session=session, clock=clock, registry=registry)
        api = kube_api.KubeApi(await credentials.load(chosen.kubernetes), chosen=chosen.kubernetes, clock=clock)
        stack.push_async_callback(api.close)
        operator = Operator(chosen, api=api, gateway=gateway, clock=clock, registry=registry)
        await stack.enter_async_context(_served(chosen.listen_address, operator.app(registry)))
        _logger.info("the operator follows the gateway at %s; listening on %s", gateway.url, chosen.listen_address)
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
        chosen: settings.OperatorSettings,
        *,
        api: kube_api.KubeApi,
        gateway: gateway_protocol.Gateway,
        clock: clocks.Clock,
        registry: prometheus_client.CollectorRegistry,
    ) -> None:
        self._settings, self._clock = chosen, clock
        own = operator_metrics.OperatorMetrics(registry)
        picture = cluster_cache.Picture(namespaces=chosen.kubernetes.namespaces)
        self._table = table = served_kinds.KindTable(owner_kinds.table(chosen.kubernetes.watch))
        agenda = work_queue.Agenda()
        own.watch(picture, agenda)
        self._announcer = event_recorder.Announcer(api, table=table, clock=clock, own=own, backoff=self._backoff())
        reports = status_reporter.PolicyReports(picture, api=api, own=own, clock=clock)
        told = self._noticing(grace=gateway.grace_seconds, reports=reports)
        self._intake = object_updates.Intake(picture, agenda=agenda, told=told, own=own, clock=clock, time=api.time)
        self._resync = resyncs.Resync(api, table=table, intake=self._intake, own=own, clock=clock, chosen=chosen.worker)
        self._feed = group_feed.GroupFeed(
            gateway,
            picture=picture,
            agenda=agenda,
            told=told,
            own=own,
            clock=clock,
            time=api.time,
            chosen=chosen.worker,
            on_complete=self._resync.hurry,
        )
        self._reconciler = reconciler.Reconciler(
            picture,
            agenda=agenda,
            feed=self._feed,
            resync=self._resync,
            gateway=gateway,
            api=api,
            told=told,
            reports=reports,
            own=own,
            clock=clock,
            chosen=chosen,
        )
        self._reviews = self._reviewing(api, own=own)
        self._answers = self._answering(picture, time=api.time, grace=gateway.grace_seconds)
        self._supervisor = self._supervised(own)
        self._pods = pod_watch.PodWatch(api, intake=self._intake, own=own, clock=clock, chosen=chosen.worker)

    def tasks(self) -> dict[str, Coroutine[None, None, None]]:
        """What must run at the same time, by name."""
        return {
            "follow the gateway": self._feed.run(),
            "list objects": self._resync.run(),
            "review access": self._reviews.run(),
            "reconcile": self._reconciler.run(),
            "watch objects": self._watch(),
            "watch pods": self._watch_pods(),
            "post events": self._announcer.run(),
        }

    def app(self, registry: prometheus_client.CollectorRegistry) -> web.Application:
        """What it serves."""
        ready = self._reconciler.first_plan.is_set
        return operator_endpoints.app(registry, answers=self._answers, alive=self._alive, ready=ready)

    def sighted(self, sighting: object_updates.Sighting) -> None:
        """The watch told of an object."""
        self._intake.sighted(sighting)

    async def _watch(self) -> None:
        """Watch from the first plan on: the watch lists all objects, too, and two lists at once take long."""
        await self._reconciler.first_plan.wait()
        await self._supervisor.run()

    async def _watch_pods(self) -> None:
        """Watch the pods of Jobs, where an address can say whose a group is: a stock Pushgateway tells of none."""
        tells = self._settings.gateway_kind is settings.GatewayKind.TIDEGATE
        if tells and settings.ADDRESS in self._settings.rules.ownership:
            await self._resync.done.wait()
            await self._pods.run()

    def _alive(self) -> bool:
        silent = self._clock.steady() - self._reconciler.last_turn
        return silent < _DEAD_TURNS * self._settings.worker.resync_seconds

    def _noticing(self, *, grace: float | None, reports: status_reporter.PolicyReports) -> notifications.Notifier:
        operator = _own_pod(self._settings)
        return notifications.Notifier(self._announcer.announce, grace=grace, on_act=reports.acted, operator=operator)

    def _answering(
        self, picture: cluster_cache.Picture, *, time: server_clock.ServerTime, grace: float | None
    ) -> groups_endpoint.GroupsEndpoint:
        return groups_endpoint.GroupsEndpoint(
            picture,
            rules=self._settings.rules,
            time=time,
            grace=grace,
            hold=self._reconciler.gate.hold,
            ready=lambda: self._reconciler.first_plan.is_set() and self._feed.is_complete,
            listed_ago=lambda: self._clock.steady() - self._resync.last_list,
        )

    def _reviewing(
        self, api: kube_api.KubeApi, *, own: operator_metrics.OperatorMetrics
    ) -> access_reviews.AccessReviews:
        return access_reviews.AccessReviews(
            api, table=self._table, clock=self._clock, own=own, backoff=self._backoff(), chosen=self._settings
        )

    def _supervised(self, own: operator_metrics.OperatorMetrics) -> supervisors.Supervisor:
        chosen = self._settings.kubernetes
        period = self._settings.worker.resync_seconds
        meanwhile = f"it is tried again every few seconds, and until it works changes are seen every {period:g} s"
        outage = outage_log.Outage("the watch on all objects", meanwhile=meanwhile, clock=self._clock)
        state = watch_health.WatchState(outage=outage, own=own)
        loop = asyncio.get_running_loop()
        seen = cross_thread.Handover(loop, self.sighted)
        called = cross_thread.Handover(loop, state.called)
        begun = cross_thread.Handover(loop, state.begun)

        def work(told_to_stop: cross_thread.Stop) -> None:
            watched = self._table.served
            begun.put(kopf_watch.paths(chosen, watched))
            kopf_watch.watch(told_to_stop, chosen=chosen, watched=watched, sink=seen.put, tell=called.put)

        return supervisors.Supervisor(
            work,
            name="watch",
            clock=self._clock,
            backoff=self._backoff(),
            on_healthy=state.lasted,
            on_end=state.ended,
            on_restart=own.watch_restarts.inc,
        )

    def _backoff(self) -> backoffs.Backoff:
        worker = self._settings.worker
        return backoffs.Backoff(first=worker.backoff_seconds, limit=worker.backoff_limit_seconds)


def _gateway(
    chosen: settings.OperatorSettings,
    *,
    session: aiohttp.ClientSession,
    clock: clocks.Clock,
    registry: prometheus_client.CollectorRegistry,
) -> gateway_protocol.Gateway:
    match chosen.gateway_kind:
        case settings.GatewayKind.TIDEGATE:
            return tidegate_gateway.OwnGateway(chosen.gateway_url, token=chosen.control_token, session=session)
        case settings.GatewayKind.PUSHGATEWAY:
            return pushgateway_adapter.StockGateway(
                chosen.gateway_url, session=session, clock=clock, registry=registry, chosen=chosen.stock
            )


def _own_pod(chosen: settings.OperatorSettings) -> owners.Owner | None:
    pod = chosen.pod
    return owners.Owner("Pod", pod.namespace, pod.name, owners.Uid(pod.uid)) if pod.name and pod.namespace else None


@contextlib.asynccontextmanager
async def _served(address: str, app: web.Application) -> AsyncIterator[None]:
    host, port = addresses.parse(address)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()
