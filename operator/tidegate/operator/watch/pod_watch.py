"""The watch on the pods of Jobs, to know which pod had an address even after the pod was deleted.

It lists the pods, then watches for changes, and lists again when the API server no longer has the changes since the
list. The watch saves lookups and remembers deleted pods; addresses that it did not report are looked up
(:mod:`~tidegate.operator.reconcile.reconcile_loop`).
"""

from __future__ import annotations

import asyncio
import contextlib

from tidegate import settings
from tidegate.aio import backoffs, clocks
from tidegate.operator import operator_metrics, outage_log
from tidegate.operator.kube import kube_api
from tidegate.operator.watch import cache_updater

_FORBIDDEN_BACKOFF_FACTOR = 10
"""How many times the longest backoff to wait while a permission is missing: each try may list all pods in vain."""

_MIN_WATCH_SECONDS = 1.0
"""The shortest time between two watches, to spare an API server or proxy that ends each response at once."""


class PodWatch:
    """Reports the pods of Jobs to the cache updater. For one event loop."""

    def __init__(
        self,
        api: kube_api.KubeApi,
        *,
        updater: cache_updater.CacheUpdater,
        metrics: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
        worker_settings: settings.WorkerSettings,
    ) -> None:
        self._api = api
        self._updater = updater
        self._metrics = metrics
        self._clock = clock
        self._settings = worker_settings

    async def run(self) -> None:
        """Watch each namespace, or all at once, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for namespace in self._api.namespaces:
                group.create_task(self._list_and_watch(namespace), name=f"watch pods of Jobs in {namespace or 'all'}")

    async def _list_and_watch(self, namespace: str) -> None:
        backoff = backoffs.Backoff(first=self._settings.backoff_seconds, limit=self._settings.backoff_limit_seconds)
        subject = "the watch on the pods of Jobs" + (f" in namespace {namespace}" if namespace else "")
        outage = outage_log.OutageLog(subject, consequence="looking up each new address instead", clock=self._clock)
        while True:
            try:
                version = await self._list(namespace)
                while True:
                    started = self._clock.monotonic()
                    version = await self._watch(namespace, version, backoff=backoff, outage=outage)
                    await self._clock.sleep(started + _MIN_WATCH_SECONDS - self._clock.monotonic())
            except kube_api.ExpiredError:
                pause = backoff.next()
            except kube_api.ApiError as error:
                self._metrics.api_errors.labels(reason=error.reason).inc()
                outage.failed(error)
                is_forbidden = isinstance(error, kube_api.ForbiddenError)
                pause = (
                    _FORBIDDEN_BACKOFF_FACTOR * self._settings.backoff_limit_seconds if is_forbidden else backoff.next()
                )
            await self._clock.sleep(pause)

    async def _list(self, namespace: str) -> str:
        started = self._api.server_clock.now()
        pod_events, version = await self._api.list_job_pods(namespace)
        for event in pod_events:
            self._updater.handle_pod_event(event)
        self._updater.replace_pods({event.pod.uid for event in pod_events}, namespace=namespace, started=started)
        return version

    async def _watch(
        self, namespace: str, version: str, *, backoff: backoffs.Backoff, outage: outage_log.OutageLog
    ) -> str:
        """Watch from this version until the API server ends the response. Returns the version to continue from."""
        async with contextlib.aclosing(self._api.watch_job_pods(namespace, since=version)) as events:
            async for event in events:
                if event.pod_event is not None:
                    self._updater.handle_pod_event(event.pod_event)
                version = event.version
                outage.recovered()
                backoff.reset()
        return version
