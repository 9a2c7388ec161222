"""The complete lists: the source of truth, which events only run ahead of."""

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
    """Lists every object, again and again. A list that fails changes nothing."""

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
            "the list of all objects", consequence="groups are kept until it works again", clock=clock
        )
        self._missing_kinds = {
            kind.resource: outage_log.OutageLog(
                f"--watch for {kind.resource}", consequence="what they own is kept until they are there", clock=clock
            )
            for kind in kinds.all
        }
        self._requested = asyncio.Event()
        self.synced = asyncio.Event()
        """Set once every object was listed."""
        self.last_list_started = 0.0
        """When the last complete list of every object began, on the monotonic clock."""

    def resync_now(self) -> None:
        """List now. Said when all groups of a gateway are known: only a list that begins later proves an owner gone."""
        self._requested.set()

    async def run(self) -> None:
        """List when first told to hurry, then at least once a period, for ever."""
        await self._requested.wait()
        while True:
            self._requested.clear()
            worked = await self._list_all()
            pause = self._period if worked else min(self._period, self._backoff.next())
            await self._clock.wait(self._requested, until=self._clock.monotonic() + pause)

    async def _list_all(self) -> bool:
        began = self._clock.wall()
        try:
            started = self._clock.monotonic()
            said = await self._api.list_policies()
            found = await self._list_kinds()
        except kube_api.ApiError as error:
            self._metrics.api_errors.labels(reason=error.reason).inc()
            self._outage.failed(error)
            return False
        # All kinds at once: half of the objects would be planned as if the other half were gone.
        self._updater.replace_policies(said)
        for kind, objects in found.items():
            self._updater.replace_objects(kind, objects, started=started)
        self.last_list_started = started
        self._metrics.last_list.set(began)
        self._outage.recovered()
        self._backoff.reset()
        self.synced.set()
        return True

    async def _list_kinds(self) -> dict[owner_kinds.Kind, list[owner_views.OwnerView]]:
        """The objects of each kind that the API server has. Of one that it has not, nothing is known: no list says
        that its objects are gone."""
        found: dict[owner_kinds.Kind, list[owner_views.OwnerView]] = {}
        for kind in self._kinds.all:
            try:
                known = kind if self._kinds.serves(kind) else await self._discover(kind)
                found[known] = await self._api.list_objects(known)
            except kube_api.NotFoundError as error:
                if self._kinds.is_built_in(kind):
                    raise
                self._kinds.mark_missing(kind)
                self._missing_kinds[kind.resource].failed(error)
            else:
                self._missing_kinds[kind.resource].recovered()
        return found

    async def _discover(self, kind: owner_kinds.Kind) -> owner_kinds.Kind:
        return self._kinds.mark_served(kind, name=await self._api.get_kind_name(kind))
