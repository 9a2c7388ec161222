"""The groups, as the gateway tells of them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable

from tidegate import settings
from tidegate.aio import backoffs, broadcasts, clocks
from tidegate.model import control_api
from tidegate.operator import operator_metrics, outage_log
from tidegate.operator.cache import cluster_cache
from tidegate.operator.explain import notifications
from tidegate.operator.gateways import gateway_protocol
from tidegate.operator.kube import server_clock
from tidegate.operator.planning import work_queue


class GroupFeed:
    """Lists all groups of the gateway, then follows their changes.

    :param on_complete: called when all groups of a gateway's history are in the picture, at the start and whenever the
        gateway begins another history.
    """

    def __init__(
        self,
        gateway: gateway_protocol.Gateway,
        *,
        picture: cluster_cache.Picture,
        agenda: work_queue.Agenda,
        told: notifications.Notifier,
        own: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
        time: server_clock.ServerTime,
        chosen: settings.WorkerSettings,
        on_complete: Callable[[], None],
    ) -> None:
        self._gateway = gateway
        self._picture = picture
        self._agenda = agenda
        self._notices = told
        self._metrics = own
        self._clock = clock
        self._time = time
        self._backoff = backoffs.Backoff(first=chosen.backoff_seconds / 4, limit=chosen.backoff_limit_seconds / 6)
        self._outage = outage_log.Outage(
            "the gateway", meanwhile="the operator tries again every few seconds", clock=clock
        )
        self._last: control_api.Changes | None = None
        self._moved = broadcasts.Pulse()
        self._on_complete = on_complete
        self.is_complete = False
        """Whether all groups of the gateway's present history are in the picture."""

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
                self._begin_anew()
            except gateway_protocol.GatewayError as error:
                self._metrics.gateway_errors.inc()
                self._outage.failed(error)
                await self._clock.wait(asyncio.Event(), until=self._clock.steady() + self._backoff.next())
            else:
                self._outage.over()
                self._backoff.reset()
                self._take(changes)

    async def reached(self, revision: int, *, epoch: str, within: float) -> None:
        """Wait until the picture has what the gateway had at this revision; at most ``within`` seconds."""
        until = self._clock.steady() + within
        while (last := self._last) is not None and last.epoch == epoch and last.revision < revision:
            if self._clock.steady() >= until:
                return
            await self._clock.wait(self._moved.next(), until=until)

    def _take(self, changes: control_api.Changes) -> None:
        if self._last is not None and changes.epoch != self._last.epoch:
            self._begin_anew()
            return
        for deleted in changes.deleted:
            self._picture.deleted(deleted.key)
        for record in changes.groups:
            timed = self._timed(record, now=changes.now)
            self._agenda.add(self._picture.changed(timed, steady=self._clock.steady()))
        self._notices.deleted(changes.deleted)
        # Of the page itself only where to go on is needed.
        self._last = dataclasses.replace(changes, groups=(), deleted=())
        if not changes.more and not self.is_complete:
            self.is_complete = True
            self._on_complete()
        self._moved.fire()

    def _timed(self, record: control_api.GroupRecord, *, now: float) -> control_api.GroupRecord:
        """The record with its push on the API server's clock.

        Where the gateway says no ``now`` its clock is taken for the same. That is reckoned once for each push, when it
        is first heard of: a clock that is set later changes nothing.
        """
        known = self._picture.group(record.key)
        if known is not None and known.pushed_revision == record.pushed_revision:
            return dataclasses.replace(record, push_time=known.push_time, sources=known.sources)
        if not record.push_time or not now:
            return record
        # No push is yet to come, whatever was done to the gateway's clock since.
        push_time = min(self._time.of_gateway(record.push_time, now=now), self._time.now())
        ahead = push_time - record.push_time
        sources = [
            source._replace(at=push_time if source.at == record.push_time else source.at + ahead)
            for source in record.sources
        ]
        return dataclasses.replace(record, push_time=push_time, sources=tuple(sources))

    def _begin_anew(self) -> None:
        self._picture.forget_groups()
        self._last = None
        self.is_complete = False
        self._moved.fire()
