"""The event recorder: posts Kubernetes Events about owners and their groups.

Events are best effort: they wait in a bounded queue, are tried twice, and block nothing.
"""

from __future__ import annotations

import asyncio
import datetime
import enum
import logging
import platform
import uuid
from typing import Any, NamedTuple

from tidegate.aio import backoffs, clocks
from tidegate.model import owners
from tidegate.operator import operator_metrics
from tidegate.operator.kube import kube_api
from tidegate.operator.objects import served_kinds

_logger = logging.getLogger(__name__)

_CONTROLLER = "tidegate.dev/operator"
_QUEUE_SIZE = 1_000
_NOTE_BYTES = 1_024
"""The API server's limit of an Event's note."""
_NAME_LIMIT = 200
_INSTANCE_LIMIT = 128
_WORKERS = 2


class EventReason(enum.Enum):
    """The ``reason`` of an Event. Each has an ``action``, which Kubernetes requires."""

    RETIRED = "GroupsRetired"
    DELETED = "GroupsDeleted"
    AMBIGUOUS = "AmbiguousGroup"
    INVALID = "InvalidAnnotation"
    BREAKER = "BreakerTripped"


_ACTIONS = {
    EventReason.RETIRED: "Retire",
    EventReason.DELETED: "Delete",
    EventReason.AMBIGUOUS: "Claim",
    EventReason.INVALID: "Read",
    EventReason.BREAKER: "Retire",
}


class Event(NamedTuple):
    """An Event to post; ``note`` is its text."""

    regarding: owners.Owner
    reason: EventReason
    note: str
    warning: bool = False


class EventRecorder:
    """Posts Events in the background while :meth:`run` runs."""

    def __init__(
        self,
        api: kube_api.KubeApi,
        *,
        kinds: served_kinds.ServedKinds,
        clock: clocks.Clock,
        metrics: operator_metrics.OperatorMetrics,
        backoff: backoffs.Backoff,
    ) -> None:
        self._api = api
        self._kinds = kinds
        self._clock = clock
        self._metrics = metrics
        self._backoff = backoff
        self._queue: asyncio.Queue[Event] = asyncio.Queue(_QUEUE_SIZE)

    def record(self, event: Event) -> None:
        """Queue an Event. If the queue is full, the Event is dropped and counted."""
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self._metrics.events.labels(result="dropped").inc()

    async def run(self) -> None:
        """Post queued Events until cancelled."""
        async with asyncio.TaskGroup() as workers:
            for number in range(_WORKERS):
                workers.create_task(self._post_all(), name=f"post events {number}")

    async def _post_all(self) -> None:
        while True:
            event = await self._queue.get()
            posted = await self._post(event)
            self._metrics.events.labels(result="posted" if posted else "failed").inc()

    async def _post(self, event: Event) -> bool:
        body = event_body(event, kinds=self._kinds, now=self._clock.wall())
        for last in (False, True):
            try:
                await self._api.create_event(event.regarding.namespace, body)
            except (kube_api.NotFoundError, kube_api.ForbiddenError) as error:
                # A namespace that is being deleted rejects Events.
                _logger.debug("cannot post an Event about %s: %s", event.regarding, error)
                return False
            except kube_api.ApiError as error:
                _logger.debug("cannot post an Event about %s: %s; trying at most twice", event.regarding, error)
                if not last:
                    await self._clock.sleep(self._backoff.next())
            else:
                self._backoff.reset()
                return True
        return False


def event_body(event: Event, *, kinds: served_kinds.ServedKinds, now: float) -> dict[str, Any]:
    """Build the ``events.k8s.io/v1`` object of an Event."""
    owner = event.regarding
    when = datetime.datetime.fromtimestamp(now, tz=datetime.UTC)
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": f"{owner.name[:_NAME_LIMIT]}.{uuid.uuid4().hex[:16]}", "namespace": owner.namespace},
        "eventTime": when.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "reportingController": _CONTROLLER,
        "reportingInstance": platform.node()[:_INSTANCE_LIMIT] or "operator",
        "type": "Warning" if event.warning else "Normal",
        "reason": event.reason.value,
        "action": _ACTIONS[event.reason],
        "note": _cut(event.note),
        "regarding": kinds.reference(owner),
    }


def _cut(note: str) -> str:
    encoded = note.encode()
    if len(encoded) <= _NOTE_BYTES:
        return note
    return encoded[: _NOTE_BYTES - 3].decode(errors="ignore") + "…"
