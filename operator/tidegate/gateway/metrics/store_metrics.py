"""Metrics of the store: numbers of groups and series, their limits, and deletions."""

from __future__ import annotations

import functools
import math

import prometheus_client

from tidegate import settings
from tidegate.gateway.metrics import unowned_groups
from tidegate.model import control_api, lifecycle
from tidegate.store import interface

_DRAIN_REASONS = (*lifecycle.PROVEN_REASONS, lifecycle.DeletionReason.TIMEOUT)
_DRAIN_BUCKETS = (1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0)


class SizeMetrics:
    """Numbers of groups and series, and the limits."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._groups = prometheus_client.Gauge("tidegate_groups", "Groups by state.", ["state"], registry=registry)
        self._series = prometheus_client.Gauge(
            "tidegate_series", "Series of all groups, as --limit.series counts them.", registry=registry
        )
        self.unowned = prometheus_client.Gauge(
            "tidegate_groups_without_owner",
            "Live groups with neither an owner nor a TTL whose last push is at least this long ago. Counted once a "
            "minute.",
            ["idle_over"],
            registry=registry,
        )
        self._limit_groups = prometheus_client.Gauge(
            "tidegate_limit_groups", "Value of --limit.groups.", registry=registry
        )
        self._limit_series = prometheus_client.Gauge(
            "tidegate_limit_series",
            "Value of --limit.series. New groups are rejected above 90% of it.",
            registry=registry,
        )
        self._limit_memory = prometheus_client.Gauge(
            "tidegate_limit_memory_bytes",
            "Resident memory above which new groups are rejected; +Inf for no limit.",
            registry=registry,
        )
        for state in lifecycle.State:
            self._groups.labels(state=state.value)
        for idle in unowned_groups.IDLE:
            self.unowned.labels(idle_over=idle)

    def watch(self, store: interface.Store) -> None:
        """Expose the sizes of this store."""
        for state in lifecycle.State:
            self._groups.labels(state=state.value).set_function(functools.partial(_count, store, state))
        self._series.set_function(store.series)

    def set_limits(self, limit_settings: settings.LimitSettings, *, memory: int | None) -> None:
        """Expose these limits; ``memory`` is that of the process, in bytes."""
        self._limit_groups.set(limit_settings.groups)
        self._limit_series.set(limit_settings.series)
        self._limit_memory.set(math.inf if memory is None else memory)


class DeletionMetrics:
    """Counts deletions and expirations of groups."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._deletions = prometheus_client.Counter(
            "tidegate_groups_deleted", "Deleted groups by reason.", ["reason"], registry=registry
        )
        self._expirations = prometheus_client.Counter(
            "tidegate_groups_expired", "Groups that started to drain because their TTL expired.", registry=registry
        )
        self._drains = prometheus_client.Histogram(
            "tidegate_drain_duration_seconds",
            "Time from the start of a group's drain to its deletion, by reason of the deletion.",
            ["reason"],
            buckets=_DRAIN_BUCKETS,
            registry=registry,
        )
        # Counters start at 0, so that the first event is an increase.
        for reason in lifecycle.OWN_REASONS:
            self._deletions.labels(reason=reason.value)
        for reason in _DRAIN_REASONS:
            self._drains.labels(reason=reason.value)

    def drained(self, record: control_api.DeletedRecord) -> None:
        """Count the deletion of a draining group."""
        self._deletions.labels(reason=record.reason.value).inc()
        if record.drained_for is not None:
            self._drains.labels(reason=record.reason.value).observe(record.drained_for)

    def expired(self, count: int) -> None:
        """Count groups whose TTL expired."""
        self._expirations.inc(count)

    def requested(self) -> None:
        """Count a deletion that a client requested."""
        self._deletions.labels(reason=lifecycle.DeletionReason.REQUEST.value).inc()


def _count(store: interface.Store, state: lifecycle.State) -> int:
    return store.states()[state]
