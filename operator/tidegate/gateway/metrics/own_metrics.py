"""The gateway's own metrics, and the lines they make beside the pushed ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import prometheus_client
from prometheus_client import core

from tidegate import settings
from tidegate.aio import clocks
from tidegate.draining import scrape_progress
from tidegate.exposition import encoders, rendered_series
from tidegate.exposition.text import renderer
from tidegate.gateway.metrics import scraper_metrics, store_metrics
from tidegate.model import families, lifecycle, limits
from tidegate.store import interface
from tidegate.store.sqlite import sqlite_journal

_TYPES = {kind.value: kind for kind in families.MetricType}


class GatewayMetrics:
    """What the gateway counts. The attributes are the metrics; :meth:`families` is their exposition."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._registry = registry
        self._answered: dict[tuple[str, int], prometheus_client.Counter] = {}
        self._requests = prometheus_client.Counter(
            "tidegate_http_requests", "HTTP requests by handler and status.", ["handler", "code"], registry=registry
        )
        self.push_duration = prometheus_client.Histogram(
            "tidegate_push_duration_seconds",
            "Time from a push's last byte to its answer.",
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
            registry=registry,
        )
        pushes = prometheus_client.Counter(
            "tidegate_pushes", "Pushes by what became of them.", ["result"], registry=registry
        )
        self.pushes_accepted, self.pushes_unparsable, self.pushes_inconsistent = (
            pushes.labels(result=result) for result in ("accepted", "unparsable", "inconsistent")
        )
        self.scrapes = prometheus_client.Counter(
            "tidegate_scrapes",
            "Scrapes of scrapers by whether the whole answer reached them in time.",
            ["result"],
            registry=registry,
        )
        self.ends = store_metrics.Ends(registry)
        self.refusals = prometheus_client.Counter(
            "tidegate_actions_refused",
            "Actions of the operator that were not done, by reason.",
            ["reason"],
            registry=registry,
        )
        self.streams = _streams(registry)
        self._refused = _refusals(registry)
        self.control_denied = _denials(registry)
        self._sizes = store_metrics.Sizes(registry)
        self._scrapers = prometheus_client.Gauge(
            "tidegate_scrapers", "Active scrapers, which draining groups wait for.", registry=registry
        )
        self._each_scraper = scraper_metrics.ScraperCollector()
        registry.register(self._each_scraper)
        self._show_zeros()

    def _show_zeros(self) -> None:
        """What has not happened yet is 0 and not missing, so that its first time is an increase."""
        for result in ("delivered", "broken", "late"):
            self.scrapes.labels(result=result)
        for refusal in lifecycle.Refusal:
            self.refusals.labels(reason=refusal.value)

    def answered(self, name: str, status: int) -> None:
        """Count a request by the name of its route and its status."""
        counter = self._answered.get((name, status))
        if counter is None:
            counter = self._answered[name, status] = self._requests.labels(handler=name, code=str(status))
        counter.inc()

    def refused(self, limit: limits.Limit) -> None:
        """Count a request over this limit."""
        self._refused[limit].inc()

    def watch(self, store: interface.Store, tracker: scrape_progress.ScrapeTracker, *, clock: clocks.Clock) -> None:
        """Begin to show what groups and scrapers there are."""
        self._sizes.watch(store)
        self._scrapers.set_function(lambda: len(tracker.active(now=clock.steady())))
        self._each_scraper.clock = clock.steady
        self._each_scraper.active = lambda: tracker.active(now=clock.steady())

    def limited(self, chosen: settings.LimitSettings, *, memory: int | None) -> None:
        """Show the limits of the whole store; ``memory`` is that of the process, in bytes."""
        self._sizes.limited(chosen, memory=memory)

    def without_owner(self, idle: str, count: int) -> None:
        """So many groups will be ended by nothing, and have had no push for so long (:data:`censuses.IDLE`)."""
        self._sizes.without_owner.labels(idle_over=idle).set(count)

    def types(self) -> Mapping[str, families.MetricType]:
        """The type of each family of ours, by name."""
        return {name: kind for metric in self._registry.collect() for name, kind in _names(metric)}

    def families(self) -> list[encoders.RenderedFamily]:
        """Our families as they stand in an exposition now, in order of their names."""
        rendered = [_render(metric) for metric in self._registry.collect()]
        return sorted((family for family in rendered if family.pages), key=lambda family: family.name)


class PersistenceMetrics:
    """What is counted where groups outlive the process; see :class:`sqlite_journal.Observer`."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._commits = prometheus_client.Histogram(
            "tidegate_persistence_commit_duration_seconds",
            "Time that a transaction took, with all the pushes that shared it.",
            buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
            registry=registry,
        )
        self._failures = prometheus_client.Counter(
            "tidegate_persistence_failures", "Transactions and checkpoints that failed.", registry=registry
        )
        self._writable = prometheus_client.Gauge(
            "tidegate_persistence_writable", "Whether pushes can be kept: 0 while the disk is full.", registry=registry
        )
        self._size = prometheus_client.Gauge(
            "tidegate_persistence_file_bytes", "Bytes of the file and of its write-ahead log.", registry=registry
        )
        self._damaged = prometheus_client.Gauge(
            "tidegate_persistence_file_set_aside",
            "Whether the file was damaged when the process started, and was given another name.",
            registry=registry,
        )

    def committed(self, seconds: float) -> None:
        self._commits.observe(seconds)

    def failed(self) -> None:
        self._failures.inc()

    def watch(self, journal: sqlite_journal.SqliteJournal) -> None:
        """Begin to show how the file is."""
        self._writable.set_function(lambda: float(journal.writable))
        self._size.set_function(journal.size)
        self._damaged.set_function(lambda: float(journal.set_aside is not None))


def _denials(registry: prometheus_client.CollectorRegistry) -> prometheus_client.Counter:
    return prometheus_client.Counter(
        "tidegate_control_denied", "Calls of the control API without the right token.", registry=registry
    )


def _streams(registry: prometheus_client.CollectorRegistry) -> prometheus_client.Gauge:
    return prometheus_client.Gauge(
        "tidegate_event_streams", "Streams of events that are open, of pages that show groups.", registry=registry
    )


def _refusals(registry: prometheus_client.CollectorRegistry) -> Mapping[limits.Limit, prometheus_client.Counter]:
    refused = prometheus_client.Counter(
        "tidegate_requests_refused", "Requests over a limit, by the limit.", ["limit"], registry=registry
    )
    return {limit: refused.labels(limit=limit.label) for limit in limits.Limit}


def merge(
    pushed: Sequence[encoders.RenderedFamily], own: Sequence[encoders.RenderedFamily]
) -> Iterator[encoders.RenderedFamily]:
    """Both in order of their names; a family in both gets our type and help, our series and then the pushed ones."""
    waiting = {family.name: family for family in own}
    order = sorted([*waiting, *(family.name for family in pushed if family.name not in waiting)])
    by_name = {family.name: family for family in pushed}
    for name in order:
        ours, theirs = waiting.get(name), by_name.get(name)
        if ours is not None and theirs is not None:
            yield ours._replace(pages=[*ours.pages, *theirs.pages])
        elif ours is not None:
            yield ours
        elif theirs is not None:
            yield theirs


def _names(metric: core.Metric) -> Iterator[tuple[str, families.MetricType]]:
    yield _exposed_name(metric), _TYPES.get(metric.type, families.MetricType.UNTYPED)


def _exposed_name(metric: core.Metric) -> str:
    """The family's name in the text format: there a counter's name has the suffix that its samples have."""
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
    rendered = [rendered_series.Page(b"".join(lines))] if lines else []
    return encoders.RenderedFamily(name, kind, metric.documentation, rendered)
