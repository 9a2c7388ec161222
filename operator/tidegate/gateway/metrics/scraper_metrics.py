"""What is told of each scraper: how far behind it is, and what its last read cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import core

from tidegate.model import scrapers

_MOST = 32
"""Scrapers that are told of, the oldest ones: whoever scrapes for real was there before a stranger who changes its name
with each request."""

_LABELS = ("address", "user_agent")


class ScraperCollector:
    """Series of the active scrapers, made when they are asked for. One that lapses has none any more.

    :ivar active: tells which ones there are, oldest first; ``clock`` the steady time.
    """

    def __init__(self) -> None:
        self.active: Callable[[], Sequence[scrapers.Reading]] = tuple
        self.clock: Callable[[], float] = lambda: 0.0

    def collect(self) -> Iterator[core.Metric]:
        """As prometheus_client asks for it."""
        now, told = self.clock(), self.active()[:_MOST]
        yield _family(
            "tidegate_scraper_lag_seconds",
            "Time since a scraper last got a whole answer in time, or since its first scrape where it never did.",
            [(one, now - (one.first_seen if one.last_read is None else one.last_read)) for one in told],
        )
        yield _family(
            "tidegate_scraper_interval_seconds",
            f"Longest of the last {scrapers.MEASURED_GAPS} gaps between scrapes of a scraper, once there are as many.",
            [(one, one.interval) for one in told],
        )
        yield _family(
            "tidegate_scraper_last_duration_seconds",
            "What the last answer that a scraper got took, until its last byte was sent.",
            [(one, one.last_seconds) for one in told],
        )
        yield _family(
            "tidegate_scraper_last_size_bytes",
            "Bytes of the last answer that a scraper got, as they were sent.",
            [(one, one.last_size) for one in told],
        )


def _family(name: str, text: str, values: Sequence[tuple[scrapers.Reading, float | None]]) -> core.GaugeMetricFamily:
    family = core.GaugeMetricFamily(name, text, labels=_LABELS)
    for reading, value in values:
        if value is not None:
            family.add_metric(list(reading.scraper), value)
    return family
