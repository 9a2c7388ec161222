"""Readings that a gateway restores from the previous process: it deletes those of inactive scrapers."""

from __future__ import annotations

from tests.support.store import scrape_loops, store_builders
from tidegate.draining import scrape_progress
from tidegate.model import scrapers

ONE = scrapers.Reader(scrapers.Scraper("10.0.0.1", "Prometheus/3"))
LAPSE = scrapers.MISSED_SCRAPES * scrapers.LONGEST_INTERVAL
"""Seconds after its only scrape at which a scraper becomes inactive."""


class _SavedReadings:
    """Readings that outlast a process."""

    def __init__(self) -> None:
        self.readers = {ONE}

    def record_reader(self, progress: scrapers.ReaderProgress) -> None:
        self.readers.add(progress.reader)

    def forget_reader(self, reader: scrapers.Reader) -> None:
        self.readers.discard(reader)


def _restored(saved: _SavedReadings, *, ended: float) -> scrape_progress.ScrapeTracker:
    """Restore a scraper seen once, at 0, in a process that starts 1000 seconds after the previous one ended."""
    tracker = scrape_progress.ScrapeTracker(saved)
    reading = scrapers.ReaderProgress(ONE, first_seen=0.0, last_seen=0.0)
    tracker.restore([reading], ended=ended, now=ended + 1000.0)
    return tracker


def test_inactive_scraper_is_deleted_from_the_store_at_a_restart() -> None:
    saved = _SavedReadings()
    assert _restored(saved, ended=LAPSE + 0.1).known() == []
    assert saved.readers == set()


def test_scraper_that_is_still_active_at_the_end_of_a_process_is_active_in_the_next() -> None:
    saved = _SavedReadings()
    tracker = _restored(saved, ended=LAPSE)
    assert [reading.reader for reading in tracker.active(now=LAPSE + 1000.0)] == [ONE]
    assert saved.readers == {ONE}


def test_restart_of_the_gateway_keeps_readers_and_what_they_have_ingested() -> None:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    loops = scrape_loops.Loop(tracker), scrape_loops.Loop(tracker, first=5.0)
    for _ in range(2):
        for loop in loops:
            loop.scrape(7)
    resumed = scrape_progress.ScrapeTracker(store_builders.store())
    resumed.restore(tracker.known(), ended=100.0, now=200.0)
    assert len(resumed.active(now=200.0)) == 2
    assert scrape_loops.ingested(resumed, now=200.0) == 7


def test_only_one_of_two_readers_continues_after_a_restart_until_the_other_scrapes() -> None:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    for loop in (scrape_loops.Loop(tracker), scrape_loops.Loop(tracker, first=5.0)):
        loop.scrape(7)
    resumed = scrape_progress.ScrapeTracker(store_builders.store())
    resumed.restore(tracker.known(), ended=100.0, now=100.0)
    only = scrape_loops.Loop(resumed, first=100.0)
    only.scrape(9)
    assert scrape_loops.delivered(resumed, now=200.0) == 7
