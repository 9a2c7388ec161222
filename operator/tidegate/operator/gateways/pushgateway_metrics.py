"""What is counted beside a stock Pushgateway, which counts no deletions itself."""

from __future__ import annotations

import prometheus_client

from tidegate.model import control_api, lifecycle

_REASONS = (lifecycle.Reason.GRACE_PERIOD, lifecycle.Reason.VANISHED)
REFUSED, FAILED, STAYED = "refused", "failed", "stayed"


class StockMetrics:
    """Metrics ``tidegate_operator_stock_*``, in one registry."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self.last_read = prometheus_client.Gauge(
            "tidegate_operator_stock_last_read_timestamp_seconds",
            "When all groups of the Pushgateway were last read; 0 for never.",
            registry=registry,
        )
        self.unclear = prometheus_client.Gauge(
            "tidegate_operator_stock_unclear_groups",
            "Groups that are left alone, since the Pushgateway's API does not tell for certain which they are.",
            registry=registry,
        )
        self._gone = prometheus_client.Counter(
            "tidegate_operator_stock_groups_gone_total",
            "Groups that are gone from the Pushgateway: deleted after their grace period, or vanished by other means.",
            ["reason"],
            registry=registry,
        )
        self._failures = prometheus_client.Counter(
            "tidegate_operator_stock_deletion_failures_total",
            "Deletions that came to nothing: refused, failed, or answered while the group stayed.",
            ["result"],
            registry=registry,
        )
        for reason in _REASONS:
            self._gone.labels(reason=reason.value)
        for result in (REFUSED, FAILED, STAYED):
            self._failures.labels(result=result)

    def gone(self, record: control_api.DeletedRecord) -> None:
        """Count a group that is gone."""
        self._gone.labels(reason=record.reason.value).inc()

    def fell_through(self, result: str) -> None:
        """Count a deletion that came to nothing."""
        self._failures.labels(result=result).inc()
