"""The watch on the gateway's groups."""

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
    """Lists all groups of the gateway, then watches for changes.

    :param on_synced: called when all groups of an epoch are in the cache: at the start, and when a new epoch starts.
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
            "the watch on the gateway", consequence="retrying every few seconds", clock=clock
        )
        self._last: control_api.Changes | None = None
        self._advanced = broadcasts.Broadcast()
        self._on_synced = on_synced
        self.is_synced = False
        """Whether all groups of the current epoch are in the cache."""

    @property
    def epoch(self) -> str | None:
        """The gateway's current epoch; ``None`` before the first response."""
        return None if self._last is None else self._last.epoch

    @property
    def revision(self) -> int:
        """The revision of the gateway that the cache has reached; 0 before the first response of an epoch."""
        return 0 if self._last is None else self._last.revision

    async def run(self) -> None:
        """Watch until cancelled."""
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
        """Wait until the cache has reached this revision, for at most ``seconds``."""
        deadline = self._clock.monotonic() + seconds
        while (last := self._last) is not None and last.epoch == epoch and last.revision < revision:
            if self._clock.monotonic() >= deadline:
                return
            await self._clock.wait(self._advanced.next(), until=deadline)

    def _apply(self, changes: control_api.Changes) -> None:
        if self._last is not None and changes.epoch != self._last.epoch:
            self._reset()
            return
        for deleted in changes.deleted:
            self._cache.delete_group(deleted.key)
        for record in changes.groups:
            converted = self._with_server_times(record, now=changes.now)
            self._queue.add(self._cache.put_group(converted, monotonic=self._clock.monotonic()))
        self._notifier.deleted(changes.deleted)
        # Only the position is needed to go on: free the groups of the page.
        self._last = dataclasses.replace(changes, groups=(), deleted=())
        if not changes.more and not self.is_synced:
            self.is_synced = True
            self._on_synced()
        self._advanced.fire()

    def _with_server_times(self, record: control_api.GroupRecord, *, now: float) -> control_api.GroupRecord:
        """Convert the push times of a record to the API server's clock.

        If the gateway does not report its time ``now``, both clocks are assumed to be equal. Each push is converted
        once, when it is first seen, so that clocks that are set later change nothing.
        """
        cached = self._cache.group(record.key)
        if cached is not None and cached.pushed_revision == record.pushed_revision:
            return dataclasses.replace(record, push_time=cached.push_time, sources=cached.sources)
        if not record.push_time or not now:
            return record
        # No push is in the future, even if the gateway's clock was set back since.
        push_time = min(self._server_clock.from_gateway(record.push_time, gateway_now=now), self._server_clock.now())
        offset = push_time - record.push_time
        sources = [
            source._replace(at=push_time if source.at == record.push_time else source.at + offset)
            for source in record.sources
        ]
        return dataclasses.replace(record, push_time=push_time, sources=tuple(sources))

    def _reset(self) -> None:
        self._cache.clear_groups()
        self._last = None
        self.is_synced = False
        self._advanced.fire()
