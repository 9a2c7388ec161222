"""A stock Pushgateway as the operator's gateway, by its public API alone: poll, wait, read again, delete."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

import aiohttp
import prometheus_client

from tidegate import settings
from tidegate.aio import backoffs, broadcasts, clocks
from tidegate.model import control_api, grouping, lifecycle, plurals
from tidegate.operator import outage_log
from tidegate.operator.gateways import (
    gateway_protocol,
    pushgateway_client,
    pushgateway_groups,
    pushgateway_metrics,
    pushgateway_responses,
)

_logger = logging.getLogger(__name__)


class StockGateway:
    """A :class:`gateway_protocol.Gateway` that is a Pushgateway. All that is asked of it is asked within
    :meth:`changes`.

    :raises settings.BadSettingsError: the URL is none.
    """

    def __init__(
        self,
        url: str,
        *,
        session: aiohttp.ClientSession,
        clock: clocks.Clock,
        registry: prometheus_client.CollectorRegistry,
        chosen: settings.StockSettings,
    ) -> None:
        self._calls = pushgateway_client.StockCalls(url, answer_bytes=chosen.answer_bytes, session=session, clock=clock)
        self._groups = pushgateway_groups.StockGroups(grace=chosen.grace_seconds)
        self._clock = clock
        self._metrics = pushgateway_metrics.StockMetrics(registry)
        self._period = chosen.poll_seconds
        self._next_read = clock.monotonic()
        self._next_deletion = clock.monotonic()
        self._backoff = backoffs.Backoff(first=chosen.poll_seconds, limit=chosen.grace_seconds)
        self._deletions = outage_log.OutageLog(
            "deleting groups from Pushgateway", consequence="they stay until it works again", clock=clock
        )
        self._has_read = False
        self._unclear: frozenset[grouping.GroupingKey] = frozenset()
        self._moved = broadcasts.Pulse()
        self.url = self._calls.url
        self.grace_seconds = chosen.grace_seconds

    def now(self) -> float:
        """Pushgateway's own Unix time: that of the clock which its push times are of."""
        return self._calls.now()

    async def changes(self, *, after: control_api.Changes | None) -> control_api.Changes:
        """The page after this one; ``None`` begins a list of all groups. Waits for something to change."""
        until = self._clock.monotonic() + gateway_protocol.WAIT_SECONDS
        while True:
            moved = self._moved.next()
            now = self._clock.monotonic()
            if self._has_read:
                page = self._groups.changes(after=after)
                if after is None or page.revision != after.revision or now >= until:
                    return dataclasses.replace(page, now=self.now())
            if now >= (look := self._next_look()):
                await self._look()
            else:
                await self._clock.wait(moved, until=min(until, look))

    async def act(
        self, actions: Sequence[control_api.Action], *, epoch: str
    ) -> tuple[int, list[lifecycle.Refusal | None]]:
        """Have at most :data:`gateway_protocol.BATCH` actions done, in order; nothing of it is Pushgateway's business.

        Returns the revision after them, and for each why it was not done; ``None`` where it was.
        """
        if epoch != self._groups.epoch:
            raise gateway_protocol.HistoryLostError("that was another operator's history")
        refusals = self._groups.act(actions, now=self._clock.monotonic())
        self._moved.fire()
        return self._groups.revision, refusals

    def _next_look(self) -> float:
        end = self._groups.next_end()
        return self._next_read if end is None else min(self._next_read, max(end, self._next_deletion))

    async def _look(self) -> None:
        """Read all groups, and delete what is due by what was read.

        What is pushed after the read is not seen, so the deletions are to follow at once. The last of them begins no
        later than the read itself took: reading again before each would not halve the time between, and a large
        Pushgateway would be busy with nothing else.
        """
        began = self._clock.monotonic()
        answer = await self._calls.read()
        read = self._clock.monotonic()
        self._take(answer)
        self._next_read = read + self._period
        if read < self._next_deletion:
            return
        for key in self._groups.due(now=read):
            # Meanwhile the operator may have claimed it again.
            if self._groups.is_due(key, now=read) and not await self._delete(key):
                return
            if self._clock.monotonic() - read >= read - began:
                return

    def _take(self, answer: pushgateway_responses.Answer) -> None:
        self._has_read = True
        self._metrics.last_read.set(self._clock.wall())
        for record in self._groups.read(answer):
            self._metrics.gone(record)
            if record.reason is lifecycle.Reason.GRACE_PERIOD:
                _logger.info("%s of %s is deleted", grouping.describe(record.key), _owners(record))
        if news := sorted(answer.unclear - self._unclear):
            _logger.warning(
                "%s left alone, since the API does not tell for certain which they are; one of them may be %s",
                plurals.counted(len(answer.unclear), "group"),
                grouping.describe(news[0]),
            )
        self._unclear = answer.unclear
        self._metrics.unclear.set(len(answer.unclear))

    async def _delete(self, key: grouping.GroupingKey) -> bool:
        """Have a group deleted; whether the next one can be."""
        if self._groups.tell(key):
            self._metrics.fell_through(pushgateway_metrics.STAYED)
            _logger.warning("%s is there still, though Pushgateway was told to delete it", grouping.describe(key))
        try:
            await self._calls.delete(key)
        except pushgateway_client.RefusedError as error:
            self._metrics.fell_through(pushgateway_metrics.REFUSED)
            _logger.warning("%s cannot be deleted: %s", grouping.describe(key), error)
            self._groups.refused(key, now=self._clock.monotonic())
        except gateway_protocol.GatewayError as error:
            self._metrics.fell_through(pushgateway_metrics.FAILED)
            self._deletions.failed(error)
            self._next_deletion = self._clock.monotonic() + self._backoff.next()
            return False
        else:
            self._deletions.recovered()
            self._backoff.reset()
            self._groups.put_off(key, now=self._clock.monotonic())
        return True


def _owners(record: control_api.DeletedRecord) -> str:
    return ", ".join(str(claim.owner) for claim in record.claims.values())
