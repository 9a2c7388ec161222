"""The gateway's own metrics, and their exposition beside the pushed metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import prometheus_client
from prometheus_client import core

from tidegate import settings
from tidegate.aio import clocks
from tidegate.draining import scrape_progress, unrecognised_scrapers
from tidegate.exposition import encoders, rendered_series
from tidegate.exposition.text import renderer
from tidegate.gateway.metrics import scraper_metrics, store_metrics
from tidegate.model import families, lifecycle, limits
from tidegate.store import interface
from tidegate.store.sqlite import sqlite_journal

_TYPES = {kind.value: kind for kind in families.MetricType}


class GatewayMetrics:
    """The metrics of the gateway. :meth:`families` is their exposition."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._registry = registry
        self._responses: dict[tuple[str, int], prometheus_client.Counter] = {}
        self._requests = prometheus_client.Counter(
            "tidegate_http_requests", "HTTP requests by handler and status.", ["handler", "code"], registry=registry
        )
        self.push_duration = prometheus_client.Histogram(
            "tidegate_push_duration_seconds",
            "Time from the last byte of a push to its response.",
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
            registry=registry,
        )
        pushes = prometheus_client.Counter("tidegate_pushes", "Pushes by result.", ["result"], registry=registry)
        self.pushes_accepted, self.pushes_unparsable, self.pushes_inconsistent = (
            pushes.labels(result=result) for result in ("accepted", "unparsable", "inconsistent")
        )
        self.scrapes = _scrapes(registry)
        self.deletions = store_metrics.DeletionMetrics(registry)
        self.actions_rejected = prometheus_client.Counter(
            "tidegate_actions_refused",
            "Actions of the operator that the gateway did not carry out, by reason.",
            ["reason"],
            registry=registry,
        )
        self.streams = _streams(registry)
        self._over_limit = _over_limit(registry)
        self.control_denied = _control_denied(registry)
        self._sizes = store_metrics.SizeMetrics(registry)
        self._scrapers = prometheus_client.Gauge(
            "tidegate_scrapers", "Active scrapers. Draining groups wait for all of them.", registry=registry
        )
        self._unrecognised = prometheus_client.Gauge(
            "tidegate_unrecognised_scrapers",
            "Clients that request the metrics path in a rhythm and do not count as scrapers. No group waits for them.",
            registry=registry,
        )
        self._per_scraper = scraper_metrics.ScraperCollector()
        registry.register(self._per_scraper)
        self._initialize_labels()

    def _initialize_labels(self) -> None:
        """Expose counters with their known labels as 0, so that the first event is an increase."""
        for result in ("delivered", "broken", "late"):
            self.scrapes.labels(result=result)
        for refusal in lifecycle.Rejection:
            self.actions_rejected.labels(reason=refusal.value)

    def count_response(self, name: str, status: int) -> None:
        """Count a request by the name of its route and its status code."""
        counter = self._responses.get((name, status))
        if counter is None:
            counter = self._responses[name, status] = self._requests.labels(handler=name, code=str(status))
        counter.inc()

    def count_limit(self, limit: limits.Limit) -> None:
        """Count a request over this limit."""
        self._over_limit[limit].inc()

    def watch(
        self,
        store: interface.Store,
        tracker: scrape_progress.ScrapeTracker,
        unrecognised: unrecognised_scrapers.UnrecognisedScrapers,
        *,
        clock: clocks.Clock,
    ) -> None:
        """Expose the sizes of this store, the scrapers of this tracker, and the clients that may be scrapers."""
        self._sizes.watch(store)
        self._scrapers.set_function(lambda: len(tracker.active(now=clock.monotonic())))
        self._unrecognised.set_function(lambda: len(unrecognised.active(now=clock.monotonic())))
        self._per_scraper.clock = clock.monotonic
        self._per_scraper.active = lambda: tracker.active(now=clock.monotonic())

    def set_limits(self, limit_settings: settings.LimitSettings, *, memory: int | None) -> None:
        """Expose the limits of the store; ``memory`` is that of the process, in bytes."""
        self._sizes.set_limits(limit_settings, memory=memory)

    def set_unowned(self, idle: str, count: int) -> None:
        """Expose the number of unowned groups without a push for this long (:data:`unowned_groups.IDLE`)."""
        self._sizes.unowned.labels(idle_over=idle).set(count)

    def types(self) -> Mapping[str, families.MetricType]:
        """The type of each of these families, by name."""
        return {name: kind for metric in self._registry.collect() for name, kind in _names(metric)}

    def families(self) -> list[encoders.RenderedFamily]:
        """The families with their current values, rendered, in order of their names."""
        rendered = [_render(metric) for metric in self._registry.collect()]
        return sorted((family for family in rendered if family.pages), key=lambda family: family.name)


class PersistenceMetrics:
    """The metrics of a persistence file; implements :class:`sqlite_journal.Observer`."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._commits = prometheus_client.Histogram(
            "tidegate_persistence_commit_duration_seconds",
            "Duration of a transaction. Pushes that arrive together share one.",
            buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
            registry=registry,
        )
        self._failures = prometheus_client.Counter(
            "tidegate_persistence_failures", "Transactions and checkpoints that failed.", registry=registry
        )
        self._writable = prometheus_client.Gauge(
            "tidegate_persistence_writable",
            "Whether the journal can be written: 0 while the disk is full. Pushes are then rejected.",
            registry=registry,
        )
        self._size = prometheus_client.Gauge(
            "tidegate_persistence_file_bytes",
            "Bytes of the persistence file and its write-ahead log.",
            registry=registry,
        )
        self._damaged = prometheus_client.Gauge(
            "tidegate_persistence_file_set_aside",
            "Whether the persistence file was damaged at the start of the process and was renamed.",
            registry=registry,
        )

    def committed(self, seconds: float) -> None:
        self._commits.observe(seconds)

    def failed(self) -> None:
        self._failures.inc()

    def watch(self, journal: sqlite_journal.SqliteJournal) -> None:
        """Expose the state of this journal."""
        self._writable.set_function(lambda: float(journal.writable))
        self._size.set_function(journal.size)
        self._damaged.set_function(lambda: float(journal.set_aside is not None))


def _scrapes(registry: prometheus_client.CollectorRegistry) -> prometheus_client.Counter:
    return prometheus_client.Counter(
        "tidegate_scrapes",
        "Scrapes by whether the scraper received the whole response within its timeout.",
        ["result"],
        registry=registry,
    )


def _control_denied(registry: prometheus_client.CollectorRegistry) -> prometheus_client.Counter:
    return prometheus_client.Counter(
        "tidegate_control_denied", "Requests to the control API without the right token.", registry=registry
    )


def _streams(registry: prometheus_client.CollectorRegistry) -> prometheus_client.Gauge:
    return prometheus_client.Gauge(
        "tidegate_event_streams", "Open event streams, one for each open web page.", registry=registry
    )


def _over_limit(registry: prometheus_client.CollectorRegistry) -> Mapping[limits.Limit, prometheus_client.Counter]:
    counter = prometheus_client.Counter(
        "tidegate_requests_refused", "Requests over a limit, by limit.", ["limit"], registry=registry
    )
    return {limit: counter.labels(limit=limit.label) for limit in limits.Limit}


def merge(
    pushed: Sequence[encoders.RenderedFamily], own: Sequence[encoders.RenderedFamily]
) -> Iterator[encoders.RenderedFamily]:
    """All families in order of their names. A family in both has the type, the help and first the series of ``own``."""
    own_by_name = {family.name: family for family in own}
    pushed_by_name = {family.name: family for family in pushed}
    for name in sorted([*own_by_name, *(name for name in pushed_by_name if name not in own_by_name)]):
        ours, theirs = own_by_name.get(name), pushed_by_name.get(name)
        if ours is not None and theirs is not None:
            yield ours._replace(pages=[*ours.pages, *theirs.pages])
        elif ours is not None:
            yield ours
        elif theirs is not None:
            yield theirs


def _names(metric: core.Metric) -> Iterator[tuple[str, families.MetricType]]:
    yield _exposed_name(metric), _TYPES.get(metric.type, families.MetricType.UNTYPED)


def _exposed_name(metric: core.Metric) -> str:
    """The family's name in the text format, where a counter's name includes ``_total``."""
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def _render(metric: core.Metric) -> encoders.RenderedFamily:
    name = _exposed_name(metric)
    kind = _TYPES.get(metric.type, families.MetricType.UNTYPED)
    lines = [
        renderer.metric(
            sample.name,
            type=families.MetricType.UNTYPED,
            labels=tuple(sample.labels.items()),
            value=float(sample.value),
        )
        for sample in metric.samples
    ]
    pages = [rendered_series.Page(b"".join(lines))] if lines else []
    return encoders.RenderedFamily(name, kind, metric.documentation, pages)
