"""The complete lists: the source of truth, which events only run ahead of."""

from __future__ import annotations

import asyncio

from tidegate import settings
from tidegate.aio import backoffs, clocks
from tidegate.operator import operator_metrics, outage_log
from tidegate.operator.cache import owner_views
from tidegate.operator.kube import kube_api
from tidegate.operator.objects import owner_kinds, served_kinds
from tidegate.operator.watch import object_updates


class Resync:
    """Lists every object, again and again. A list that fails changes nothing."""

    def __init__(
        self,
        api: kube_api.KubeApi,
        *,
        table: served_kinds.KindTable,
        intake: object_updates.Intake,
        own: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
        chosen: settings.WorkerSettings,
    ) -> None:
        self._api = api
        self._table = table
        self._intake = intake
        self._metrics = own
        self._clock = clock
        self._period = chosen.resync_seconds
        self._backoff = backoffs.Backoff(first=chosen.backoff_seconds, limit=chosen.backoff_limit_seconds)
        self._outage = outage_log.Outage(
            "the list of all objects", meanwhile="groups are kept until it works again", clock=clock
        )
        self._missing = {
            kind.resource: outage_log.Outage(
                f"--watch for {kind.resource}", meanwhile="what they own is kept until they are there", clock=clock
            )
            for kind in table.all
        }
        self._wanted = asyncio.Event()
        self.done = asyncio.Event()
        """Set once every object was listed."""
        self.last_list = 0.0
        """When the last complete list of every object began, on the steady clock."""

    def hurry(self) -> None:
        """List now. Said when all groups of a gateway are known: only a list that begins later proves an owner gone."""
        self._wanted.set()

    async def run(self) -> None:
        """List when first told to hurry, then at least once a period, for ever."""
        await self._wanted.wait()
        while True:
            self._wanted.clear()
            worked = await self._list_all()
            pause = self._period if worked else min(self._period, self._backoff.next())
            await self._clock.wait(self._wanted, until=self._clock.steady() + pause)

    async def _list_all(self) -> bool:
        began = self._clock.wall()
        try:
            started = self._clock.steady()
            said = await self._api.cleanup_policies()
            found = await self._list_kinds()
        except kube_api.ApiError as error:
            self._metrics.api_errors.labels(reason=error.reason).inc()
            self._outage.failed(error)
            return False
        # All kinds at once: half of the objects would be planned as if the other half were gone.
        self._intake.policies(said)
        for kind, objects in found.items():
            self._intake.listed(kind, objects, started=started)
        self.last_list = started
        self._metrics.last_list.set(began)
        self._outage.over()
        self._backoff.reset()
        self.done.set()
        return True

    async def _list_kinds(self) -> dict[owner_kinds.Kind, list[owner_views.OwnerView]]:
        """The objects of each kind that the API server has. Of one that it has not, nothing is known: no list says
        that its objects are gone."""
        found: dict[owner_kinds.Kind, list[owner_views.OwnerView]] = {}
        for kind in self._table.all:
            try:
                known = kind if self._table.serves(kind) else await self._discover(kind)
                found[known] = await self._api.objects(known)
            except kube_api.NotFoundError as error:
                if self._table.is_built_in(kind):
                    raise
                self._table.missed(kind)
                self._missing[kind.resource].failed(error)
            else:
                self._missing[kind.resource].over()
        return found

    async def _discover(self, kind: owner_kinds.Kind) -> owner_kinds.Kind:
        return self._table.found(kind, name=await self._api.kind_name(kind))
