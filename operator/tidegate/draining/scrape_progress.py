"""Which scrapers there are, whether each still keeps its rhythm, and up to which revision each has read."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Protocol

from tidegate.model import scrapers

_logger = logging.getLogger(__name__)

MAX_SCRAPERS = 256
"""Scrapers that are remembered. Without a bound, a client that changes its name with each request would fill memory."""


class Keeper(Protocol):
    """Whoever keeps what is known of scrapers for the next process."""

    def keep_reading(self, reading: scrapers.Reading) -> None:
        """Of this scraper this is known now."""
        ...

    def forget_scraper(self, scraper: scrapers.Scraper) -> None:
        """Nothing is to be known of this one any more."""
        ...


class ScrapeTracker:
    """The scrapers of one store. Pure bookkeeping: it is told what happened and when.

    :param keeper: is told of what changes.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._readings: dict[scrapers.Scraper, scrapers.Reading] = {}

    def resume(self, kept: Iterable[scrapers.Reading], *, ended: float, now: float) -> None:
        """Go on with what was kept by a process that has ended.

        Nobody can scrape while there is no gateway, so that time is no silence: each scraper has been silent for as
        long as it had been when the process ended.

        :param ended: steady seconds at which that process was still there.
        """
        for reading in kept:
            if reading.active_until < ended:
                self._keeper.forget_scraper(reading.scraper)
                continue
            reading.last_seen += now - ended
            self._readings[reading.scraper] = reading
            self._keeper.keep_reading(reading)

    def began(self, scraper: scrapers.Scraper, *, now: float) -> None:
        """A scrape began: the scraper lives, whatever becomes of this scrape."""
        reading = self._readings.get(scraper) or self._admit(scraper, now=now)
        if reading is None:
            return
        if now > reading.active_until:
            reading.gaps.clear()
        elif now > reading.last_seen:
            reading.gaps.append(now - reading.last_seen)
        reading.last_seen = max(now, reading.last_seen)
        self._keeper.keep_reading(reading)

    def delivered(
        self,
        scraper: scrapers.Scraper,
        *,
        revision: int,
        now: float,
        seconds: float | None = None,
        size: int | None = None,
    ) -> None:
        """A complete answer of the store at this revision has reached the scraper.

        :param seconds: what it took to answer, and ``size`` the bytes of the answer, where that is known.
        """
        reading = self._readings.get(scraper)
        if reading is not None:
            reading.read_revision = max(revision, reading.read_revision)
            reading.last_read = now
            reading.last_seconds, reading.last_size = seconds, size
            self._keeper.keep_reading(reading)

    def known(self) -> list[scrapers.Reading]:
        """All scrapers that are remembered, those that have fallen silent, too."""
        return list(self._readings.values())

    def active(self, *, now: float) -> list[scrapers.Reading]:
        """The scrapers whose word is waited for."""
        return [reading for reading in self._readings.values() if now <= reading.active_until]

    def read_revision(self, *, now: float) -> int | None:
        """The revision up to which every active scraper has read; ``None`` when none is active."""
        return min((reading.read_revision for reading in self.active(now=now)), default=None)

    def next_lapse(self, *, now: float) -> float | None:
        """When the next active scraper will count as gone if it stays silent; ``None`` when none is active."""
        return min((reading.active_until for reading in self.active(now=now)), default=None)

    def _admit(self, scraper: scrapers.Scraper, *, now: float) -> scrapers.Reading | None:
        if len(self._readings) >= MAX_SCRAPERS:
            oldest = min(self._readings.values(), key=lambda reading: reading.active_until)
            if oldest.active_until >= now:
                # SECURITY: forgetting an active scraper would delete what it has not read; a stranger can wait.
                _logger.warning("%d active scrapers: not waiting for another one at %s", MAX_SCRAPERS, scraper.address)
                return None
            del self._readings[oldest.scraper]
            self._keeper.forget_scraper(oldest.scraper)
        reading = self._readings[scraper] = scrapers.Reading(scraper=scraper, first_seen=now, last_seen=now)
        return reading
