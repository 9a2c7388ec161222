"""Scrapers: who reads all groups again and again, and how far each has read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

LONGEST_INTERVAL = 300.0
"""Seconds. Prometheus looks back five minutes for a sample, so no scraper that wants series without gaps is slower: a
scraper counts as this slow until its interval has been measured, and every one that is still there comes back within
this time, so none is given up sooner. A measured interval can only make the gateway wait longer."""

MISSED_SCRAPES = 3
"""A scraper is active until it has been silent for this many of its intervals, and at least ``LONGEST_INTERVAL``."""

MEASURED_GAPS = 8
"""The interval is the longest of this many last gaps between scrapes, and unknown before there are as many. Several
scrape jobs of one server count as one scraper, so most gaps may be short, and short ones mean nothing. After a missed
scrape the long gap makes the gateway wait longer, until so many further scrapes have pushed it out."""


class Scraper(NamedTuple):
    """Whoever scrapes, as far as it can be told from its requests."""

    address: str
    user_agent: str

    def __str__(self) -> str:
        return f"{self.user_agent or 'a scraper'} at {self.address}"


@dataclass(slots=True)
class ScraperProgress:
    """What is known of one scraper. Times are monotonic seconds.

    :ivar last_seen: when it last began to scrape, moved on by as long as there was no gateway since.
    :ivar gaps: the last times from one scrape to the next, without those in which there was no gateway.
    :ivar read_revision: it has all that was pushed up to this revision; 0 for nothing yet.
    :ivar last_seconds: what the last answer that it has read took, as far as this process knows; ``last_size``: its
        bytes, as they were sent.
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
        """Seconds between its scrapes; ``None`` until that has been measured."""
        return min(max(self.gaps), LONGEST_INTERVAL) if len(self.gaps) == MEASURED_GAPS else None

    @property
    def active_until(self) -> float:
        """When it stops being waited for, if it stays silent: 5 to 15 minutes after it was last seen."""
        interval = LONGEST_INTERVAL if self.interval is None else self.interval
        return self.last_seen + max(LONGEST_INTERVAL, MISSED_SCRAPES * interval)
