"""The resync: complete lists of all objects. Lists are the source of truth; watch events only arrive earlier."""

from __future__ import annotations

import asyncio

from tidegate import settings
from tidegate.aio import backoffs, clocks
from tidegate.operator import operator_metrics, outage_log
from tidegate.operator.cache import owner_views
from tidegate.operator.kube import kube_api
from tidegate.operator.objects import owner_kinds, served_kinds
from tidegate.operator.watch import cache_updater


class Resync:
    """Lists all objects periodically. A failed list changes nothing."""

    def __init__(
        self,
        api: kube_api.KubeApi,
        *,
        kinds: served_kinds.ServedKinds,
        updater: cache_updater.CacheUpdater,
        metrics: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
        worker_settings: settings.WorkerSettings,
    ) -> None:
        self._api = api
        self._kinds = kinds
        self._updater = updater
        self._metrics = metrics
        self._clock = clock
        self._period = worker_settings.resync_seconds
        self._backoff = backoffs.Backoff(
            first=worker_settings.backoff_seconds, limit=worker_settings.backoff_limit_seconds
        )
        self._outage = outage_log.OutageLog(
            "the list of all objects", consequence="keeping all groups until it succeeds", clock=clock
        )
        self._missing_kinds = {
            kind.resource: outage_log.OutageLog(
                f"the list of {kind.resource}",
                consequence="keeping their groups until the API server serves this kind (--watch)",
                clock=clock,
            )
            for kind in kinds.all
        }
        self._requested = asyncio.Event()
        self.synced = asyncio.Event()
        """Set once all objects were listed."""
        self.last_list_started = 0.0
        """When the last complete list of all objects started, in monotonic seconds."""

    def resync_now(self) -> None:
        """List now.

        Called once all groups of the gateway are cached: only a list that starts later proves an owner's deletion.
        """
        self._requested.set()

    async def run(self) -> None:
        """List after the first :meth:`resync_now`, then at least once per period, until cancelled."""
        await self._requested.wait()
        while True:
            self._requested.clear()
            succeeded = await self._list_all()
            pause = self._period if succeeded else min(self._period, self._backoff.next())
            await self._clock.wait(self._requested, until=self._clock.monotonic() + pause)

    async def _list_all(self) -> bool:
        wall = self._clock.wall()
        try:
            started = self._clock.monotonic()
            policies = await self._api.list_policies()
            objects_by_kind = await self._list_kinds()
        except kube_api.ApiError as error:
            self._metrics.api_errors.labels(reason=error.reason).inc()
            self._outage.failed(error)
            return False
        # Store all kinds at once: with half of the objects, the other half would look deleted.
        self._updater.replace_policies(policies)
        for kind, objects in objects_by_kind.items():
            self._updater.replace_objects(kind, objects, started=started)
        self.last_list_started = started
        self._metrics.last_list.set(wall)
        self._outage.recovered()
        self._backoff.reset()
        self.synced.set()
        return True

    async def _list_kinds(self) -> dict[owner_kinds.Kind, list[owner_views.OwnerView]]:
        """List the objects of each kind that the API server serves.

        A kind that it does not serve is left out: a missing list does not prove that the objects were deleted.
        """
        objects_by_kind: dict[owner_kinds.Kind, list[owner_views.OwnerView]] = {}
        for kind in self._kinds.all:
            try:
                served = kind if self._kinds.serves(kind) else await self._discover(kind)
                objects_by_kind[served] = await self._api.list_objects(served)
            except kube_api.NotFoundError as error:
                if self._kinds.is_built_in(kind):
                    raise
                self._kinds.mark_missing(kind)
                self._missing_kinds[kind.resource].failed(error)
            else:
                self._missing_kinds[kind.resource].recovered()
        return objects_by_kind

    async def _discover(self, kind: owner_kinds.Kind) -> owner_kinds.Kind:
        return self._kinds.mark_served(kind, name=await self._api.get_kind_name(kind))
