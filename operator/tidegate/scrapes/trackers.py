"""Which scrapers there are, whether each still keeps its rhythm, and up to which revision each has read."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

_logger = logging.getLogger(__name__)

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

MAX_SCRAPERS = 256
"""Scrapers that are remembered. Without a bound, a client that changes its name with each request would fill memory."""


class Scraper(NamedTuple):
    """Whoever scrapes, as far as it can be told from its requests."""

    address: str
    user_agent: str


@dataclass(slots=True)
class Reading:
    """What is known of one scraper. Times are steady seconds.

    :ivar read_revision: it has all that was pushed up to this revision; 0 for nothing yet.
    """

    scraper: Scraper
    first_seen: float
    last_seen: float
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_GAPS))
    read_revision: int = 0
    last_read: float | None = None

    @property
    def interval(self) -> float:
        """Its own rhythm in seconds."""
        return max(SHORTEST_INTERVAL, *self.gaps) if self.gaps else UNKNOWN_INTERVAL

    @property
    def active_until(self) -> float:
        return self.last_seen + MISSED_SCRAPES * self.interval


class ScrapeTracker:
    """The scrapers of one store. Pure bookkeeping: it is told what happened and when."""

    def __init__(self) -> None:
        self._readings: dict[Scraper, Reading] = {}

    def began(self, scraper: Scraper, *, now: float) -> None:
        """A scrape began: the scraper lives, whatever becomes of this scrape."""
        reading = self._readings.get(scraper)
        if reading is None:
            self._admit(scraper, now=now)
            return
        if now > reading.active_until:
            reading.gaps.clear()
        elif now > reading.last_seen:
            reading.gaps.append(now - reading.last_seen)
        reading.last_seen = max(now, reading.last_seen)

    def delivered(self, scraper: Scraper, *, revision: int, now: float) -> None:
        """A complete answer of the store at this revision has reached the scraper."""
        reading = self._readings.get(scraper)
        if reading is not None:
            reading.read_revision = max(revision, reading.read_revision)
            reading.last_read = now

    def active(self, *, now: float) -> list[Reading]:
        """The scrapers whose word is waited for."""
        return [reading for reading in self._readings.values() if now <= reading.active_until]

    def read_revision(self, *, now: float) -> int | None:
        """The revision up to which every active scraper has read; ``None`` when none is active."""
        return min((reading.read_revision for reading in self.active(now=now)), default=None)

    def next_lapse(self, *, now: float) -> float | None:
        """When the next active scraper will count as gone if it stays silent; ``None`` when none is active."""
        return min((reading.active_until for reading in self.active(now=now)), default=None)

    def _admit(self, scraper: Scraper, *, now: float) -> None:
        if len(self._readings) >= MAX_SCRAPERS:
            oldest = min(self._readings.values(), key=lambda reading: reading.active_until)
            if oldest.active_until >= now:
                # SECURITY: forgetting an active scraper would delete what it has not read; a stranger can wait.
                _logger.warning("%d active scrapers: not waiting for another one at %s", MAX_SCRAPERS, scraper.address)
                return
            del self._readings[oldest.scraper]
        self._readings[scraper] = Reading(scraper=scraper, first_seen=now, last_seen=now)
