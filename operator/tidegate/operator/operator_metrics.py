"""The metrics of the operator."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable

import prometheus_client

from tidegate.model import control_api, lifecycle
from tidegate.operator.cache import cluster_cache
from tidegate.operator.objects import owner_kinds
from tidegate.operator.planning import drain_planner, work_queue

_ACTIONS = {control_api.ClaimGroup: "claim", control_api.ReleaseGroup: "release", control_api.StartDrain: "retire"}
_SECONDS = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)


class OperatorMetrics:
    """All ``tidegate_operator_*`` metrics, in one registry."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._add_group_metrics(registry)
        self._add_hold_metrics(registry)
        self._add_call_metrics(registry)
        self._objects = prometheus_client.Gauge(
            "tidegate_operator_objects", "Kubernetes objects that groups can follow.", ["kind"], registry=registry
        )
        self.last_list = prometheus_client.Gauge(
            "tidegate_operator_last_list_timestamp_seconds",
            "Start time of the last complete list of all objects; 0 for never.",
            registry=registry,
        )
        self.last_event = prometheus_client.Gauge(
            "tidegate_operator_last_event_timestamp_seconds",
            "Time of the last event of the watch; 0 for never.",
            registry=registry,
        )
        self.gateway_errors = prometheus_client.Counter(
            "tidegate_operator_gateway_errors_total", "Failed calls to the gateway.", registry=registry
        )
        self.events = prometheus_client.Counter(
            "tidegate_operator_events_total",
            "Kubernetes Events by result: posted, failed, or dropped because too many were queued.",
            ["result"],
            registry=registry,
        )

    def _add_call_metrics(self, registry: prometheus_client.CollectorRegistry) -> None:
        self.watch_restarts = prometheus_client.Counter(
            "tidegate_operator_watch_restarts_total", "Restarts of the watch.", registry=registry
        )
        self.watch_up = prometheus_client.Gauge(
            "tidegate_operator_watch_up",
            "1 while the watch on every kind of object works; 0 while changes are seen only in periodic lists.",
            registry=registry,
        )
        self.rights_missing = prometheus_client.Gauge(
            "tidegate_operator_rights_missing",
            "Permissions that the operator needs and lacks. The log names them.",
            registry=registry,
        )
        self.api_errors = prometheus_client.Counter(
            "tidegate_operator_api_errors_total", "Failed calls to the API server.", ["reason"], registry=registry
        )
        # Exported from the start: Prometheus sees no increase in a series whose first value is 1.
        self.api_errors.labels(reason="forbidden")

    def _add_group_metrics(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._groups = prometheus_client.Gauge(
            "tidegate_operator_groups", "Groups that the gateway reported.", registry=registry
        )
        self._pods = prometheus_client.Gauge(
            "tidegate_operator_pods",
            "Pods of Jobs with a known address, including those deleted in the last ten minutes.",
            registry=registry,
        )
        self._queued_groups = prometheus_client.Gauge(
            "tidegate_operator_queued_groups", "Groups in the work queue.", registry=registry
        )
        self._actions = prometheus_client.Counter(
            "tidegate_operator_actions_total",
            "Actions sent to the gateway, by result: done, or the reason for which it was rejected.",
            ["action", "result"],
            registry=registry,
        )
        self._verdicts = prometheus_client.Gauge(
            "tidegate_operator_group_verdicts",
            "Groups by verdict of the last plan and by the ownership rule that found their owners.",
            ["verdict", "rule"],
            registry=registry,
        )
        self.plan_seconds = prometheus_client.Histogram(
            "tidegate_operator_plan_duration_seconds",
            "Duration of a plan.",
            buckets=_SECONDS,
            registry=registry,
        )

    def _add_hold_metrics(self, registry: prometheus_client.CollectorRegistry) -> None:
        self.breaker_tripped = prometheus_client.Gauge(
            "tidegate_operator_breaker_tripped",
            "1 while the circuit breaker is tripped because too many groups are due at once, otherwise 0.",
            registry=registry,
        )
        self.groups_held_back = prometheus_client.Gauge(
            "tidegate_operator_groups_held_back",
            "Groups that the circuit breaker holds back.",
            registry=registry,
        )
        self.longest_lookup_wait = prometheus_client.Gauge(
            "tidegate_operator_longest_asking_seconds",
            "Longest time that a group has waited for a lookup at the API server; 0 if none waits.",
            registry=registry,
        )

    def set_verdicts(self, decisions: Iterable[drain_planner.Decision]) -> None:
        """Set the verdicts after a plan of all groups."""
        self._verdicts.clear()
        for (verdict, rule), count in Counter((decision.verdict, decision.rule) for decision in decisions).items():
            self._verdicts.labels(verdict=verdict.value, rule=rule or "none").set(count)

    def count_dry_run(self, action: control_api.Action) -> None:
        """Count an action that a dry run did not send."""
        self._actions.labels(action=_ACTIONS[type(action)], result="dry-run").inc()

    def count_action(self, action: control_api.Action, refusal: lifecycle.Rejection | None) -> None:
        """Count an action that was sent to the gateway."""
        result = "done" if refusal is None else refusal.value
        self._actions.labels(action=_ACTIONS[type(action)], result=result).inc()

    def track_sizes(self, cache: cluster_cache.ClusterCache, queue: work_queue.WorkQueue) -> None:
        """Report the sizes of the cache and the queue at every scrape."""
        self._groups.set_function(cache.group_count)
        self._pods.set_function(lambda: cache.pod_count)
        self._queued_groups.set_function(lambda: queue.size(group_count=cache.group_count()))
        for kind in owner_kinds.ALWAYS_WATCHED:
            self.track_object_count(kind, cache)

    def track_object_count(self, kind: owner_kinds.Kind, cache: cluster_cache.ClusterCache) -> None:
        """Report the number of cached objects of this kind at every scrape."""
        self._objects.labels(kind=kind.name).set_function(functools.partial(cache.object_count, kind))
