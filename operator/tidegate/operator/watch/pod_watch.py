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
from tidegate.operator.watch import object_updates

_REFUSED_PAUSES = 10
"""Longest pauses after which it is tried again where a right is missing: each try may list all pods in vain."""

_SHORTEST_SECONDS = 1.0
"""From one watch to the next, so that an API server or proxy that ends each answer at once is not flooded."""


class PodWatch:
    """Tells the intake of each pod that a Job made. For one event loop."""

    def __init__(
        self,
        api: kube_api.KubeApi,
        *,
        intake: object_updates.Intake,
        own: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
        chosen: settings.WorkerSettings,
    ) -> None:
        self._api = api
        self._intake = intake
        self._metrics = own
        self._clock = clock
        self._chosen = chosen

    async def run(self) -> None:
        """Watch, for ever, in each namespace that is looked at or in all at once."""
        async with asyncio.TaskGroup() as group:
            for namespace in self._api.namespaces:
                group.create_task(self._follow(namespace), name=f"watch the pods of Jobs in {namespace or 'all'}")

    async def _follow(self, namespace: str) -> None:
        backoff = backoffs.Backoff(first=self._chosen.backoff_seconds, limit=self._chosen.backoff_limit_seconds)
        what = "the watch on the pods of Jobs" + (f" in namespace {namespace}" if namespace else "")
        outage = outage_log.Outage(what, meanwhile="each new address is asked about instead", clock=self._clock)
        while True:
            try:
                version = await self._list(namespace)
                while True:
                    began = self._clock.steady()
                    version = await self._watch(namespace, version, backoff=backoff, outage=outage)
                    await self._pause(until=began + _SHORTEST_SECONDS)
            except kube_api.ExpiredError:
                pause = backoff.next()
            except kube_api.ApiError as error:
                self._metrics.api_errors.labels(reason=error.reason).inc()
                outage.failed(error)
                refused = isinstance(error, kube_api.ForbiddenError)
                pause = _REFUSED_PAUSES * self._chosen.backoff_limit_seconds if refused else backoff.next()
            await self._pause(until=self._clock.steady() + pause)

    async def _pause(self, *, until: float) -> None:
        await self._clock.wait(asyncio.Event(), until=until)

    async def _list(self, namespace: str) -> str:
        started = self._api.time.now()
        found, version = await self._api.job_pods(namespace)
        for sighting in found:
            self._intake.sighted_pod(sighting)
        self._intake.listed_pods({sighting.pod.uid for sighting in found}, namespace=namespace, started=started)
        return version

    async def _watch(
        self, namespace: str, version: str, *, backoff: backoffs.Backoff, outage: outage_log.Outage
    ) -> str:
        """Follow the changes since this version until the API server ends the answer; the version to go on from."""
        async with contextlib.aclosing(self._api.job_pod_events(namespace, since=version)) as events:
            async for event in events:
                if event.sighting is not None:
                    self._intake.sighted_pod(event.sighting)
                version = event.version
                outage.over()
                backoff.reset()
        return version
