"""What is told of the groups: how many there are and may be, and how they end."""

from __future__ import annotations

import functools
import math

import prometheus_client

from tidegate import settings
from tidegate.gateway.metrics import unowned_groups
from tidegate.model import control_api, lifecycle
from tidegate.store import interface

_ENDS_OF_DRAINS = (lifecycle.Reason.DRAINED, lifecycle.Reason.TIMEOUT)
_SECONDS = (1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0)


class Sizes:
    """How much there is of what has a limit, and the limits."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._groups = prometheus_client.Gauge("tidegate_groups", "Groups by state.", ["state"], registry=registry)
        self._series = prometheus_client.Gauge(
            "tidegate_series", "Series of all groups, as --limit.series counts them.", registry=registry
        )
        self.without_owner = prometheus_client.Gauge(
            "tidegate_groups_without_owner",
            "Live groups with neither an owner nor a time to live, by how long ago their last push was at least. "
            "Counted once a minute.",
            ["idle_over"],
            registry=registry,
        )
        self._most_groups = prometheus_client.Gauge(
            "tidegate_limit_groups", "What --limit.groups allows.", registry=registry
        )
        self._most_series = prometheus_client.Gauge(
            "tidegate_limit_series",
            "What --limit.series allows; new groups are refused from nine tenths of it.",
            registry=registry,
        )
        self._most_memory = prometheus_client.Gauge(
            "tidegate_limit_memory_bytes",
            "Resident memory from which new groups are refused; +Inf for no limit.",
            registry=registry,
        )
        for state in lifecycle.State:
            self._groups.labels(state=state.value)
        for idle in unowned_groups.IDLE:
            self.without_owner.labels(idle_over=idle)

    def watch(self, store: interface.Store) -> None:
        for state in lifecycle.State:
            self._groups.labels(state=state.value).set_function(functools.partial(_count, store, state))
        self._series.set_function(store.series)

    def limited(self, chosen: settings.LimitSettings, *, memory: int | None) -> None:
        self._most_groups.set(chosen.groups)
        self._most_series.set(chosen.series)
        self._most_memory.set(math.inf if memory is None else memory)


class Ends:
    """How groups end. What has not happened yet is 0 and not missing, so that its first time is an increase."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._deletions = prometheus_client.Counter(
            "tidegate_groups_deleted", "Deleted groups by reason.", ["reason"], registry=registry
        )
        self._expirations = prometheus_client.Counter(
            "tidegate_groups_expired", "Groups that began to drain when their time to live was over.", registry=registry
        )
        self._drains = prometheus_client.Histogram(
            "tidegate_drain_duration_seconds",
            "Time from the retirement of a group, or the end of its time to live, to its deletion, by its reason.",
            ["reason"],
            buckets=_SECONDS,
            registry=registry,
        )
        for reason in lifecycle.OWN_REASONS:
            self._deletions.labels(reason=reason.value)
        for reason in _ENDS_OF_DRAINS:
            self._drains.labels(reason=reason.value)

    def drained(self, record: control_api.DeletedRecord) -> None:
        """Count the deletion of a group that drained."""
        self._deletions.labels(reason=record.reason.value).inc()
        if record.drained_for is not None:
            self._drains.labels(reason=record.reason.value).observe(record.drained_for)

    def expired(self, count: int) -> None:
        """Count groups whose time to live is over."""
        self._expirations.inc(count)

    def removed(self) -> None:
        """Count a deletion that somebody asked for."""
        self._deletions.labels(reason=lifecycle.Reason.REQUEST.value).inc()


def _count(store: interface.Store, state: lifecycle.State) -> int:
    return store.states()[state]
