"""Scrapers: the clients that scrape all groups regularly, and the progress of each."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

LONGEST_INTERVAL = 300.0
"""Seconds. Prometheus looks back five minutes for a sample, so the interval of a scraper without gaps in its series is
shorter. This interval is assumed until the interval is measured, and no scraper becomes inactive sooner. A measured
interval can only make the gateway wait longer."""

MISSED_SCRAPES = 3
"""A scraper is active until it misses this many of its intervals, and for at least ``LONGEST_INTERVAL``."""

MEASURED_GAPS = 8
"""The interval is the longest of this many last gaps between scrapes, and unknown before. Several scrape jobs of one
server count as one scraper, so short gaps mean nothing. After a missed scrape the long gap makes the gateway wait
longer, until this many further scrapes have replaced it."""


class Scraper(NamedTuple):
    """A scraper, as identified by its requests."""

    address: str
    user_agent: str

    def __str__(self) -> str:
        return f"{self.user_agent or 'a scraper'} at {self.address}"


@dataclass(slots=True)
class ScraperProgress:
    """The progress of one scraper. Times are monotonic seconds.

    :ivar last_seen: start of its last scrape, moved forward by the time without a running gateway.
    :ivar gaps: the last times from one scrape to the next, without the time without a running gateway.
    :ivar read_revision: it has read every push up to this revision; 0 for none.
    :ivar last_read: end of its last complete scrape.
    :ivar last_seconds: duration of its last complete scrape, if this process served it.
    :ivar last_size: bytes of that response, as they were sent.
    """

    scraper: Scraper
    first_seen: float
    last_seen: float
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=MEASURED_GAPS))
    read_revision: int = 0
    last_read: float | None = None
    last_seconds: float | None = None
    last_size: int | None = None

    @property
    def interval(self) -> float | None:
        """Seconds between its scrapes; ``None`` until it is measured."""
        return min(max(self.gaps), LONGEST_INTERVAL) if len(self.gaps) == MEASURED_GAPS else None

    @property
    def active_until(self) -> float:
        """When it becomes inactive unless it scrapes again: 5 to 15 minutes after ``last_seen``."""
        interval = LONGEST_INTERVAL if self.interval is None else self.interval
        return self.last_seen + max(LONGEST_INTERVAL, MISSED_SCRAPES * interval)
