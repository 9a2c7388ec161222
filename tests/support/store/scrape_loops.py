"""Scrape loops, as a server has one for each scrape job, and the revision that all of them have read."""

from __future__ import annotations

from tests.support.store import proof_builders
from tidegate.draining import drain_conditions, scrape_progress
from tidegate.model import proofs, scrapers

SERVER = scrapers.Scraper("10.0.0.1", "Prometheus/3")


class Loop:
    """A scrape loop: one scrape job of a server, every 15 seconds."""

    def __init__(
        self, tracker: scrape_progress.ScrapeTracker, *, scraper: scrapers.Scraper = SERVER, first: float = 0.0
    ) -> None:
        self.connection = proof_builders.Connection()
        self.now = first
        self._tracker = tracker
        self._scraper = scraper

    def begin(self) -> scrape_progress.Scrape:
        scrape = self._tracker.began(self._scraper, connection=self.connection, now=self.now)
        assert scrape is not None
        self.now += 15.0
        return scrape

    def scrape(self, revision: int) -> scrapers.Reader:
        """Scrape, and receive a complete response with this revision."""
        scrape = self.begin()
        self._tracker.delivered(scrape, revision=revision, now=self.now)
        return scrape.reading.reader

    def reconnect(self) -> None:
        """Close the connection; the next scrape opens another one."""
        self.connection.close()
        self.connection = proof_builders.Connection()


def _revision(tracker: scrape_progress.ScrapeTracker, grade: proofs.Grade, *, now: float) -> int | None:
    return drain_conditions.DrainConditions(tracker, grade=grade).at(now).proof.read_revision


def delivered(tracker: scrape_progress.ScrapeTracker, *, now: float = 100.0) -> int | None:
    return _revision(tracker, proofs.Grade.DELIVERED, now=now)


def ingested(tracker: scrape_progress.ScrapeTracker, *, now: float = 100.0) -> int | None:
    return _revision(tracker, proofs.Grade.INGESTED, now=now)
