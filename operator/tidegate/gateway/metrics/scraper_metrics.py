"""Metrics of each scraper: its lag, and the duration and size of its last scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import core

from tidegate.model import scrapers

_MAX_SCRAPERS = 32
"""Scrapers with metrics, oldest first: real scrapers are older than those of a client that changes its name with every
request."""

_LABELS = ("address", "user_agent", "scraper", "reader")


class ScraperCollector:
    """Series of the active scrapers. A scraper that becomes inactive has none.

    :ivar active: returns the active scrapers, oldest first.
    :ivar clock: returns the monotonic time.
    """

    def __init__(self) -> None:
        self.active: Callable[[], Sequence[scrapers.ReaderProgress]] = tuple
        self.clock: Callable[[], float] = lambda: 0.0

    def collect(self) -> Iterator[core.Metric]:
        """Build the families. Called by prometheus_client."""
        now, readings = self.clock(), self.active()[:_MAX_SCRAPERS]
        yield _family(
            "tidegate_scraper_lag_seconds",
            "Time since a scraper last received a whole response within its timeout, or since its first scrape if it "
            "never did.",
            [(each, now - (each.first_seen if each.last_read is None else each.last_read)) for each in readings],
        )
        yield _family(
            "tidegate_scraper_interval_seconds",
            f"Longest of the last {scrapers.MEASURED_GAPS} gaps between scrapes of a scraper. Missing until there are "
            "that many.",
            [(each, each.interval) for each in readings],
        )
        yield _family(
            "tidegate_scraper_last_duration_seconds",
            "Duration of the last scrape that a scraper received, until the last byte was sent.",
            [(each, each.last_seconds) for each in readings],
        )
        yield _family(
            "tidegate_scraper_last_size_bytes",
            "Bytes of the last response that a scraper received, as sent.",
            [(each, each.last_size) for each in readings],
        )


def _family(
    name: str, help: str, values: Sequence[tuple[scrapers.ReaderProgress, float | None]]
) -> core.GaugeMetricFamily:
    family = core.GaugeMetricFamily(name, help, labels=_LABELS)
    for reading, value in values:
        if value is not None:
            scraper, number = reading.reader
            family.add_metric([*scraper, str(number)], value)
    return family
