"""A stock Pushgateway as the gateway of the operator, through its public API: poll, wait, read again, delete."""

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


class PushgatewayAdapter:
    """The :class:`gateway_protocol.Gateway` of a stock Pushgateway. Only :meth:`changes` sends requests to it.

    :raises settings.BadSettingsError: the URL is invalid.
    """

    def __init__(
        self,
        url: str,
        *,
        session: aiohttp.ClientSession,
        clock: clocks.Clock,
        registry: prometheus_client.CollectorRegistry,
        pushgateway_settings: settings.PushgatewaySettings,
    ) -> None:
        self._client = pushgateway_client.PushgatewayClient(
            url, max_response_bytes=pushgateway_settings.max_response_bytes, session=session, clock=clock
        )
        self._groups = pushgateway_groups.PushgatewayGroups(grace=pushgateway_settings.grace_seconds)
        self._clock = clock
        self._metrics = pushgateway_metrics.PushgatewayMetrics(registry)
        self._period = pushgateway_settings.poll_seconds
        self._next_read = clock.monotonic()
        self._next_deletion = clock.monotonic()
        self._backoff = backoffs.Backoff(
            first=pushgateway_settings.poll_seconds, limit=pushgateway_settings.grace_seconds
        )
        self._deletions = outage_log.OutageLog(
            "deleting groups from Pushgateway", consequence="they are kept until a deletion succeeds", clock=clock
        )
        self._has_read = False
        self._ambiguous: frozenset[grouping.GroupingKey] = frozenset()
        self._changed = broadcasts.Broadcast()
        self.url = self._client.url
        self.grace_seconds = pushgateway_settings.grace_seconds

    def now(self) -> float:
        """Pushgateway's Unix time: of the clock that its push times are from."""
        return self._client.now()

    async def changes(self, *, after: control_api.Changes | None) -> control_api.Changes:
        """The page of changes after this one; ``None`` starts a list of all groups. Waits for a change."""
        until = self._clock.monotonic() + gateway_protocol.WAIT_SECONDS
        while True:
            changed = self._changed.next()
            now = self._clock.monotonic()
            if self._has_read:
                page = self._groups.changes(after=after)
                if after is None or page.revision != after.revision or now >= until:
                    return dataclasses.replace(page, now=self.now())
            if now >= (next_poll := self._next_poll()):
                await self._poll()
            else:
                await self._clock.wait(changed, until=min(until, next_poll))

    async def act(
        self, actions: Sequence[control_api.Action], *, epoch: str
    ) -> tuple[int, list[lifecycle.Rejection | None]]:
        """Perform at most :data:`gateway_protocol.BATCH` actions, in order, without a request to Pushgateway.

        Returns the revision after them, and for each action why it was rejected; ``None`` where it was performed.
        """
        if epoch != self._groups.epoch:
            raise gateway_protocol.HistoryLostError("the epoch is of another operator process; listing all groups")
        refusals = self._groups.act(actions, now=self._clock.monotonic())
        self._changed.fire()
        return self._groups.revision, refusals

    def _next_poll(self) -> float:
        due = self._groups.next_due_time()
        return self._next_read if due is None else min(self._next_read, max(due, self._next_deletion))

    async def _poll(self) -> None:
        """Read all groups, and delete those that are due.

        A push after the read is not noticed, so the deletions follow at once. The last one starts no later after the
        read than the read took: reading again before each deletion would not halve that time, and would keep a large
        Pushgateway busy.
        """
        began = self._clock.monotonic()
        response = await self._client.read()
        read = self._clock.monotonic()
        self._apply(response)
        self._next_read = read + self._period
        if read < self._next_deletion:
            return
        for key in self._groups.due(now=read):
            # The operator may have claimed it again since.
            if self._groups.is_due(key, now=read) and not await self._delete(key):
                return
            if self._clock.monotonic() - read >= read - began:
                return

    def _apply(self, response: pushgateway_responses.GroupList) -> None:
        self._has_read = True
        self._metrics.last_read.set(self._clock.wall())
        for record in self._groups.update(response):
            self._metrics.count_deleted(record)
            if record.reason is lifecycle.DeletionReason.GRACE_PERIOD:
                _logger.info("deleted group %s of %s from Pushgateway", grouping.describe(record.key), _owners(record))
        if new := sorted(response.ambiguous - self._ambiguous):
            _logger.warning(
                "not deleting %s: the API of Pushgateway does not identify them unambiguously; one of them may be %s",
                plurals.counted(len(response.ambiguous), "group"),
                grouping.describe(new[0]),
            )
        self._ambiguous = response.ambiguous
        self._metrics.ambiguous.set(len(response.ambiguous))

    async def _delete(self, key: grouping.GroupingKey) -> bool:
        """Delete a group; whether to go on with the next one."""
        if self._groups.request_deletion(key):
            self._metrics.count_failure(pushgateway_metrics.STAYED)
            _logger.warning(
                "group %s still exists although Pushgateway accepted its deletion; deleting it again",
                grouping.describe(key),
            )
        try:
            await self._client.delete(key)
        except pushgateway_client.RejectedError as error:
            self._metrics.count_failure(pushgateway_metrics.REFUSED)
            _logger.warning("cannot delete group %s: %s", grouping.describe(key), error)
            self._groups.rejected(key, now=self._clock.monotonic())
        except gateway_protocol.GatewayError as error:
            self._metrics.count_failure(pushgateway_metrics.FAILED)
            self._deletions.failed(error)
            self._next_deletion = self._clock.monotonic() + self._backoff.next()
            return False
        else:
            self._deletions.recovered()
            self._backoff.reset()
            self._groups.postpone(key, now=self._clock.monotonic())
        return True


def _owners(record: control_api.DeletedRecord) -> str:
    return ", ".join(str(claim.owner) for claim in record.claims.values())
