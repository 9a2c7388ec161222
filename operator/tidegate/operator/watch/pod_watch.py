"""The watch on the pods of Jobs, so that it is known whose an address was when the pod is gone.

It lists these pods, then follows their changes, and begins anew when the API server no longer has those since the list.
It only makes the operator faster and lets it remember: what it does not tell of is asked about (:mod:`reconciler`).
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
"""Longest pauses after which it is tried again where a right is missing: each try may list all pods in vain."""

_MIN_WATCH_SECONDS = 1.0
"""From one watch to the next, so that an API server or proxy that ends each answer at once is not flooded."""


class PodWatch:
    """Tells the intake of each pod that a Job made. For one event loop."""

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
        """Watch, for ever, in each namespace that is looked at or in all at once."""
        async with asyncio.TaskGroup() as group:
            for namespace in self._api.namespaces:
                group.create_task(
                    self._list_and_watch(namespace), name=f"watch the pods of Jobs in {namespace or 'all'}"
                )

    async def _list_and_watch(self, namespace: str) -> None:
        backoff = backoffs.Backoff(first=self._settings.backoff_seconds, limit=self._settings.backoff_limit_seconds)
        what = "the watch on the pods of Jobs" + (f" in namespace {namespace}" if namespace else "")
        outage = outage_log.OutageLog(what, consequence="each new address is asked about instead", clock=self._clock)
        while True:
            try:
                version = await self._list(namespace)
                while True:
                    began = self._clock.monotonic()
                    version = await self._watch(namespace, version, backoff=backoff, outage=outage)
                    await self._clock.sleep(began + _MIN_WATCH_SECONDS - self._clock.monotonic())
            except kube_api.ExpiredError:
                pause = backoff.next()
            except kube_api.ApiError as error:
                self._metrics.api_errors.labels(reason=error.reason).inc()
                outage.failed(error)
                refused = isinstance(error, kube_api.ForbiddenError)
                pause = _FORBIDDEN_BACKOFF_FACTOR * self._settings.backoff_limit_seconds if refused else backoff.next()
            await self._clock.sleep(pause)

    async def _list(self, namespace: str) -> str:
        started = self._api.server_clock.now()
        found, version = await self._api.list_job_pods(namespace)
        for sighting in found:
            self._updater.handle_pod_event(sighting)
        self._updater.replace_pods({sighting.pod.uid for sighting in found}, namespace=namespace, started=started)
        return version

    async def _watch(
        self, namespace: str, version: str, *, backoff: backoffs.Backoff, outage: outage_log.OutageLog
    ) -> str:
        """Follow the changes since this version until the API server ends the answer; the version to go on from."""
        async with contextlib.aclosing(self._api.watch_job_pods(namespace, since=version)) as events:
            async for event in events:
                if event.pod_event is not None:
                    self._updater.handle_pod_event(event.pod_event)
                version = event.version
                outage.recovered()
                backoff.reset()
        return version
