"""The groups, as the gateway tells of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tidegate import settings
from tidegate.aio import backoffs, broadcasts, clocks
from tidegate.model import control_api
from tidegate.operator import operator_metrics, outage_log
from tidegate.operator.cache import cluster_cache
from tidegate.operator.explain import notifications
from tidegate.operator.gateways import gateway_protocol
from tidegate.operator.kube import server_clocks
from tidegate.operator.planning import work_queue


class GroupWatch:
    """Lists all groups of the gateway, then follows their changes.

    :param on_complete: called when all groups of a gateway's history are in the cache, at the start and whenever the
        gateway begins another history.
    """

    def __init__(
        self,
        gateway: gateway_protocol.Gateway,
        *,
        cache: cluster_cache.ClusterCache,
        queue: work_queue.WorkQueue,
        notifier: notifications.Notifier,
        metrics: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
        server_clock: server_clocks.ServerClock,
        worker_settings: settings.WorkerSettings,
        on_synced: Callable[[], None],
    ) -> None:
        self._gateway = gateway
        self._cache = cache
        self._queue = queue
        self._notifier = notifier
        self._metrics = metrics
        self._clock = clock
        self._server_clock = server_clock
        self._backoff = backoffs.Backoff(
            first=worker_settings.backoff_seconds / 4, limit=worker_settings.backoff_limit_seconds / 6
        )
        self._outage = outage_log.OutageLog(
            "the gateway", consequence="the operator tries again every few seconds", clock=clock
        )
        self._last: control_api.Changes | None = None
        self._advanced = broadcasts.Pulse()
        self._on_synced = on_synced
        self.is_synced = False
        """Whether all groups of the gateway's present history are in the cache."""

    @property
    def epoch(self) -> str | None:
        """The gateway's present history, ``None`` before it told of any."""
        return None if self._last is None else self._last.epoch

    async def run(self) -> None:
        """Follow the gateway, for ever."""
        while True:
            try:
                changes = await self._gateway.changes(after=self._last)
            except gateway_protocol.HistoryLostError:
                self._reset()
            except gateway_protocol.GatewayError as error:
                self._metrics.gateway_errors.inc()
                self._outage.failed(error)
                await self._clock.sleep(self._backoff.next())
            else:
                self._outage.recovered()
                self._backoff.reset()
                self._apply(changes)

    async def wait_for_revision(self, revision: int, *, epoch: str, seconds: float) -> None:
        """Wait until the cache has what the gateway had at this revision; at most ``within`` seconds."""
        until = self._clock.monotonic() + seconds
        while (last := self._last) is not None and last.epoch == epoch and last.revision < revision:
            if self._clock.monotonic() >= until:
                return
            await self._clock.wait(self._advanced.next(), until=until)

    def _apply(self, changes: control_api.Changes) -> None:
        if self._last is not None and changes.epoch != self._last.epoch:
            self._reset()
            return
        for deleted in changes.deleted:
            self._cache.delete_group(deleted.key)
        for record in changes.groups:
            timed = self._with_server_times(record, now=changes.now)
            self._queue.add(self._cache.put_group(timed, monotonic=self._clock.monotonic()))
        self._notifier.deleted(changes.deleted)
        # Of the page itself only where to go on is needed.
        self._last = dataclasses.replace(changes, groups=(), deleted=())
        if not changes.more and not self.is_synced:
            self.is_synced = True
            self._on_synced()
        self._advanced.fire()

    def _with_server_times(self, record: control_api.GroupRecord, *, now: float) -> control_api.GroupRecord:
        """The record with its push on the API server's clock.

        Where the gateway says no ``now`` its clock is taken for the same. That is reckoned once for each push, when it
        is first heard of: a clock that is set later changes nothing.
        """
        known = self._cache.group(record.key)
        if known is not None and known.pushed_revision == record.pushed_revision:
            return dataclasses.replace(record, push_time=known.push_time, sources=known.sources)
        if not record.push_time or not now:
            return record
        # No push is yet to come, whatever was done to the gateway's clock since.
        push_time = min(self._server_clock.from_gateway(record.push_time, gateway_now=now), self._server_clock.now())
        ahead = push_time - record.push_time
        sources = [
            source._replace(at=push_time if source.at == record.push_time else source.at + ahead)
            for source in record.sources
        ]
        return dataclasses.replace(record, push_time=push_time, sources=tuple(sources))

    def _reset(self) -> None:
        self._cache.clear_groups()
        self._last = None
        self.is_synced = False
        self._advanced.fire()
