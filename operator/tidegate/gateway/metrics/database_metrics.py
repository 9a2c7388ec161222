"""Metrics of the queries to databases."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import prometheus_client


class DatabaseMetrics:
    """Exposed only if the gateway queries databases (``--drain.confirm=stored``)."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._durations = prometheus_client.Histogram(
            "tidegate_prometheus_query_duration_seconds",
            "Duration of a successful query to a configured Prometheus.",
            ["url"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
            registry=registry,
        )
        self._failures = prometheus_client.Counter(
            "tidegate_prometheus_query_failures",
            "Queries to a configured Prometheus without a usable response.",
            ["url"],
            registry=registry,
        )
        self._reachable = prometheus_client.Gauge(
            "tidegate_prometheus_reachable",
            "Whether the last query to a configured Prometheus succeeded. Draining groups wait for it while it is 0.",
            ["url"],
            registry=registry,
        )
        self._not_stored = prometheus_client.Gauge(
            "tidegate_groups_not_stored",
            "Draining groups that every active scraper has read and that a configured Prometheus has not returned for "
            "a minute.",
            registry=registry,
        )

    def queried(self, url: str, seconds: float | None) -> None:
        """Count a query; ``None`` if it failed."""
        if seconds is None:
            self._failures.labels(url=url).inc()
        else:
            self._durations.labels(url=url).observe(seconds)
        self._reachable.labels(url=url).set(seconds is not None)

    def watch(self, urls: Iterable[str], *, count_missing: Callable[[], int]) -> None:
        """Expose the state of these servers.

        :param count_missing: returns the number of groups that a server lacks.
        """
        for url in urls:
            self._failures.labels(url=url)
            self._durations.labels(url=url)
            self._reachable.labels(url=url).set(1)
        self._not_stored.set_function(count_missing)
