"""The known scrapers: whether each is active, and up to which revision of the store it has read."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Protocol

from tidegate.model import scrapers

_logger = logging.getLogger(__name__)

MAX_SCRAPERS = 256
"""Known scrapers. Without a limit, a client that changes its name with every request would fill memory."""


class ReadingStore(Protocol):
    """Persists readings for the next process."""

    def record_scraper(self, reading: scrapers.ScraperProgress) -> None:
        """Save the current reading of a scraper."""
        ...

    def forget_scraper(self, scraper: scrapers.Scraper) -> None:
        """Delete the reading of a scraper."""
        ...


class ScrapeTracker:
    """Tracks the scrapers of one store. It has no clock of its own; callers pass the monotonic time.

    :param reading_store: saves every change.
    """

    def __init__(self, reading_store: ReadingStore) -> None:
        self._reading_store = reading_store
        self._readings: dict[scrapers.Scraper, scrapers.ScraperProgress] = {}

    def restore(self, readings: Iterable[scrapers.ScraperProgress], *, ended: float, now: float) -> None:
        """Continue with the readings of a previous process.

        Scrapers cannot scrape while no gateway runs. The time between the two processes is therefore not counted as
        silence.

        :param ended: monotonic time at which the previous process last ran.
        """
        for reading in readings:
            if reading.active_until < ended:
                self._reading_store.forget_scraper(reading.scraper)
                continue
            reading.last_seen += now - ended
            self._readings[reading.scraper] = reading
            self._reading_store.record_scraper(reading)

    def began(self, scraper: scrapers.Scraper, *, now: float) -> None:
        """Record the start of a scrape. The scraper counts as active, even if this scrape fails."""
        reading = self._readings.get(scraper) or self._admit(scraper, now=now)
        if reading is None:
            return
        if now > reading.active_until:
            reading.gaps.clear()
        elif now > reading.last_seen:
            reading.gaps.append(now - reading.last_seen)
        reading.last_seen = max(now, reading.last_seen)
        self._reading_store.record_scraper(reading)

    def delivered(
        self,
        scraper: scrapers.Scraper,
        *,
        revision: int,
        now: float,
        seconds: float | None = None,
        size: int | None = None,
    ) -> None:
        """Record that a scraper has received a complete response.

        :param revision: the revision of the store in the response.
        :param seconds: the duration of the response, if it is known.
        :param size: the bytes of the response, if they are known.
        """
        reading = self._readings.get(scraper)
        if reading is not None:
            reading.read_revision = max(revision, reading.read_revision)
            reading.last_read = now
            reading.last_seconds, reading.last_size = seconds, size
            self._reading_store.record_scraper(reading)

    def known(self) -> list[scrapers.ScraperProgress]:
        """All known scrapers, inactive ones included."""
        return list(self._readings.values())

    def active(self, *, now: float) -> list[scrapers.ScraperProgress]:
        """The active scrapers, which draining groups wait for."""
        return [reading for reading in self._readings.values() if now <= reading.active_until]

    def read_revision(self, *, now: float) -> int | None:
        """The revision up to which every active scraper has read; ``None`` when none is active."""
        return min((reading.read_revision for reading in self.active(now=now)), default=None)

    def next_lapse(self, *, now: float) -> float | None:
        """When the next active scraper becomes inactive unless it scrapes; ``None`` when none is active."""
        return min((reading.active_until for reading in self.active(now=now)), default=None)

    def _admit(self, scraper: scrapers.Scraper, *, now: float) -> scrapers.ScraperProgress | None:
        if len(self._readings) >= MAX_SCRAPERS:
            oldest = min(self._readings.values(), key=lambda reading: reading.active_until)
            if oldest.active_until >= now:
                # SECURITY: if an active scraper were forgotten, groups that it has not read would be deleted.
                _logger.warning(
                    "ignoring the new scraper at %s: there are already %d active scrapers, the maximum; "
                    "draining groups do not wait for it",
                    scraper.address,
                    MAX_SCRAPERS,
                )
                return None
            del self._readings[oldest.scraper]
            self._reading_store.forget_scraper(oldest.scraper)
        reading = self._readings[scraper] = scrapers.ScraperProgress(scraper=scraper, first_seen=now, last_seen=now)
        return reading
