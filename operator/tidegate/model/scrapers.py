"""Scrapers: who reads all groups again and again, and how far each has read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

MISSED_SCRAPES = 3
"""A scraper is active until it has been silent for this many of its intervals."""

UNKNOWN_INTERVAL = 300.0
"""Seconds assumed of a scraper seen once. Prometheus looks back five minutes for a sample, so nobody who wants
gapless series scrapes more rarely; assuming less could forget a slow scraper before its second scrape."""

SHORTEST_INTERVAL = 1.0
"""Seconds below which no interval is believed: two scrapes in a burst are no rhythm, and to see that a scrape has
arrived takes a quarter of a second, within which its scraper must not lapse."""

REMEMBERED_GAPS = 4
"""Gaps between scrapes that count for the interval, the longest of them: one server may scrape in several jobs, so
the shortest gap says nothing, and after a missed scrape a long gap only makes the gateway wait longer."""


class Scraper(NamedTuple):
    """Whoever scrapes, as far as it can be told from its requests."""

    address: str
    user_agent: str

    def __str__(self) -> str:
        return f"{self.user_agent or 'a scraper'} at {self.address}"


@dataclass(slots=True)
class Reading:
    """What is known of one scraper. Times are steady seconds.

    :ivar read_revision: it has all that was pushed up to this revision; 0 for nothing yet.
    :ivar is_resumed: whether ``last_seen`` is the start of this process and no scrape, so that from then to the next
        scrape is no gap.
    :ivar last_seconds: what the last answer that it has read took, as far as this process knows; ``last_size``: its
        bytes, as they were sent.
    """

    scraper: Scraper
    first_seen: float
    last_seen: float
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_GAPS))
    read_revision: int = 0
    last_read: float | None = None
    is_resumed: bool = False
    last_seconds: float | None = None
    last_size: int | None = None

    @property
    def interval(self) -> float:
        """Its own rhythm in seconds."""
        return max(SHORTEST_INTERVAL, *self.gaps) if self.gaps else UNKNOWN_INTERVAL

    @property
    def active_until(self) -> float:
        return self.last_seen + MISSED_SCRAPES * self.interval
