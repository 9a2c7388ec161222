"""Proofs of what readers have, connections of scrapers, and readers with a progress."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.draining import drain_conditions, scrape_progress
from tidegate.model import proofs, scrapers


@dataclass(eq=False)
class Connection:
    """A connection of a scraper."""

    is_open: bool = True

    def close(self) -> None:
        self.is_open = False


def delivered(read_revision: int | None) -> proofs.Proof:
    """The proof that every active reader has received the pushes up to this revision; ``None`` for no reader."""
    return proofs.Proof(proofs.Grade.DELIVERED, read_revision)


def reading(address: str, revision: int, *, last_seen: float = 0.0) -> scrapers.ReaderProgress:
    """A reader that has received every push up to this revision."""
    reader = scrapers.Reader(scrapers.Scraper(address, "Prometheus/3"))
    return scrapers.ReaderProgress(reader, first_seen=0.0, last_seen=last_seen, delivered_revision=revision)


def conditions(*readings: scrapers.ReaderProgress, now: float) -> drain_conditions.Conditions:
    """The conditions with these active readers, which must have received the pushes."""
    return drain_conditions.Conditions(proofs.Grade.DELIVERED, readings, now)


def began(
    tracker: scrape_progress.ScrapeTracker, scraper: scrapers.Scraper, *, now: float
) -> scrape_progress.Scrape | None:
    """Begin a scrape on a connection that is closed at its end."""
    return tracker.began(scraper, connection=Connection(is_open=False), now=now)
