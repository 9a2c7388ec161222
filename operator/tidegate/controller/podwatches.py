"""The watch on the pods of Jobs, so that it is known whose an address was when the pod is gone.

It lists these pods, then follows their changes, and begins anew when the API server no longer has those since the list.
It only makes the operator faster and lets it remember: what it does not tell of is asked about (:mod:`reconcilers`).
"""

from __future__ import annotations

import asyncio
import contextlib

from tidegate import settings
from tidegate.aiokits import backoffs, clocks
from tidegate.controller import intakes, kubeapi, metrics, outages

_REFUSED_PAUSES = 10
"""Longest pauses after which it is tried again where a right is missing: each try may list all pods in vain."""


class PodWatch:
    """Tells the intake of each pod that a Job made. For one event loop."""

    def __init__(
        self,
        api: kubeapi.KubeApi,
        *,
        intake: intakes.Intake,
        own: metrics.OperatorMetrics,
        clock: clocks.Clock,
        chosen: settings.WorkerSettings,
    ) -> None:
        self._api = api
        self._intake = intake
        self._metrics = own
        self._clock = clock
        self._chosen = chosen
        self._outage = outages.Outage(
            "the watch on the pods of Jobs", meanwhile="each new address is asked about instead", clock=clock
        )

    async def run(self) -> None:
        """Watch, for ever, in each namespace that is looked at or in all at once."""
        async with asyncio.TaskGroup() as group:
            for namespace in self._api.namespaces:
                group.create_task(self._follow(namespace), name=f"watch the pods of Jobs in {namespace or 'all'}")

    async def _follow(self, namespace: str) -> None:
        backoff = backoffs.Backoff(first=self._chosen.backoff_seconds, limit=self._chosen.backoff_limit_seconds)
        while True:
            try:
                version = await self._list(namespace)
                while True:
                    version = await self._watch(namespace, version, backoff=backoff)
            except kubeapi.ExpiredError:
                pause = backoff.next()
            except kubeapi.ApiError as error:
                self._metrics.api_errors.labels(reason=error.reason).inc()
                self._outage.failed(error)
                refused = isinstance(error, kubeapi.ForbiddenError)
                pause = _REFUSED_PAUSES * self._chosen.backoff_limit_seconds if refused else backoff.next()
            await self._clock.wait(asyncio.Event(), until=self._clock.steady() + pause)

    async def _list(self, namespace: str) -> str:
        started = self._api.time.now()
        found, version = await self._api.job_pods(namespace)
        for sighting in found:
            self._intake.sighted_pod(sighting)
        self._intake.listed_pods({sighting.pod.uid for sighting in found}, namespace=namespace, started=started)
        return version

    async def _watch(self, namespace: str, version: str, *, backoff: backoffs.Backoff) -> str:
        """Follow the changes since this version until the API server ends the answer; the version to go on from."""
        async with contextlib.aclosing(self._api.job_pod_events(namespace, since=version)) as events:
            async for event in events:
                if event.sighting is not None:
                    self._intake.sighted_pod(event.sighting)
                version = event.version
                self._outage.over()
                backoff.reset()
        return version
