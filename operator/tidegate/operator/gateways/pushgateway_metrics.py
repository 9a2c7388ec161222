"""Metrics of the operator about a stock Pushgateway, which counts no deletions itself."""

from __future__ import annotations

import prometheus_client

from tidegate.model import control_api, lifecycle

_REASONS = (lifecycle.DeletionReason.GRACE_PERIOD, lifecycle.DeletionReason.VANISHED)
REFUSED, FAILED, STAYED = "refused", "failed", "stayed"


class PushgatewayMetrics:
    """Metrics ``tidegate_operator_stock_*``, in one registry."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self.last_read = prometheus_client.Gauge(
            "tidegate_operator_stock_last_read_timestamp_seconds",
            "Time of the last complete read of the Pushgateway's groups; 0 for never.",
            registry=registry,
        )
        self.ambiguous = prometheus_client.Gauge(
            "tidegate_operator_stock_unclear_groups",
            "Groups that are skipped because the Pushgateway's API does not identify them.",
            registry=registry,
        )
        self._deleted = prometheus_client.Counter(
            "tidegate_operator_stock_groups_gone_total",
            "Groups that left the Pushgateway, by reason: grace-period (deleted by the operator) or vanished.",
            ["reason"],
            registry=registry,
        )
        self._failures = prometheus_client.Counter(
            "tidegate_operator_stock_deletion_failures_total",
            "Failed deletions, by result: stayed means that the group exists after a successful response.",
            ["result"],
            registry=registry,
        )
        for reason in _REASONS:
            self._deleted.labels(reason=reason.value)
        for result in (REFUSED, FAILED, STAYED):
            self._failures.labels(result=result)

    def count_deleted(self, record: control_api.DeletedRecord) -> None:
        """Count a group that is no longer there."""
        self._deleted.labels(reason=record.reason.value).inc()

    def count_failure(self, result: str) -> None:
        """Count a failed deletion."""
        self._failures.labels(result=result).inc()
