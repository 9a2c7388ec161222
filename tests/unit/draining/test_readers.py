"""The tracker distinguishes the readers of a scraper by their connections, and knows what each has processed."""

from __future__ import annotations

import pytest

from tests.support.store import proof_builders, store_builders
from tidegate.draining import drain_conditions, scrape_progress
from tidegate.model import proofs, scrapers

SERVER = scrapers.Scraper("10.0.0.1", "Prometheus/3")
NAMED = scrapers.Scraper("10.0.0.1", "Prometheus/3", "blue")


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
        return scrape.reader

    def reconnect(self) -> None:
        """Close the connection; the next scrape opens another one."""
        self.connection.close()
        self.connection = proof_builders.Connection()


@pytest.fixture
def tracker() -> scrape_progress.ScrapeTracker:
    return scrape_progress.ScrapeTracker(store_builders.store())


def _revision(tracker: scrape_progress.ScrapeTracker, grade: proofs.Grade, *, now: float) -> int | None:
    return drain_conditions.DrainConditions(tracker, grade=grade).at(now).proof.read_revision


def _delivered(tracker: scrape_progress.ScrapeTracker, *, now: float = 100.0) -> int | None:
    return _revision(tracker, proofs.Grade.DELIVERED, now=now)


def _ingested(tracker: scrape_progress.ScrapeTracker, *, now: float = 100.0) -> int | None:
    return _revision(tracker, proofs.Grade.INGESTED, now=now)


def test_two_jobs_of_one_server_are_two_readers(tracker: scrape_progress.ScrapeTracker) -> None:
    first, second = Loop(tracker), Loop(tracker, first=5.0)
    assert [loop.scrape(1).number for loop in (first, second, first, second)] == [1, 2, 1, 2]


def test_group_waits_for_both_jobs_of_one_server(tracker: scrape_progress.ScrapeTracker) -> None:
    first, second = Loop(tracker), Loop(tracker, first=5.0)
    first.scrape(1)
    second.scrape(1)
    first.scrape(7)
    assert _delivered(tracker) == 1


def test_reader_continues_on_a_new_connection_after_its_own_is_closed(tracker: scrape_progress.ScrapeTracker) -> None:
    loop = Loop(tracker)
    loop.scrape(1)
    loop.reconnect()
    assert loop.scrape(1).number == 1
    assert len(tracker.known()) == 1


def test_new_connection_continues_the_reader_that_is_due(tracker: scrape_progress.ScrapeTracker) -> None:
    first, second = Loop(tracker), Loop(tracker, first=7.0)
    for loop in (first, second, first, second):
        loop.scrape(1)
    first.reconnect()
    second.reconnect()
    assert [loop.scrape(1).number for loop in (first, second)] == [1, 2]


def test_readers_that_both_lost_their_connections_keep_only_what_both_have_read(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    first, second = Loop(tracker), Loop(tracker, first=5.0)
    first.scrape(4)
    second.scrape(9)
    first.reconnect()
    second.reconnect()
    second.begin()
    assert {reading.delivered_revision for reading in tracker.known()} == {4}


def test_delivery_of_a_scrape_whose_reader_has_become_doubtful_is_ignored(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    first, second = Loop(tracker), Loop(tracker, first=5.0)
    first.scrape(1)
    second.scrape(1)
    under_way = first.begin()
    first.reconnect()
    second.reconnect()
    second.begin()
    tracker.delivered(under_way, revision=9, now=50.0)
    assert _delivered(tracker) == 1


def test_scraper_with_a_name_is_one_reader_on_any_connection(tracker: scrape_progress.ScrapeTracker) -> None:
    loops = [Loop(tracker, scraper=NAMED, first=offset) for offset in (0.0, 5.0)]
    assert [loop.scrape(1).number for loop in loops] == [1, 1]


def test_names_tell_readers_on_one_connection_apart(tracker: scrape_progress.ScrapeTracker) -> None:
    blue, green = Loop(tracker, scraper=NAMED), Loop(tracker, scraper=NAMED._replace(name="green"))
    green.connection = blue.connection
    blue.scrape(7)
    green.scrape(5)
    assert _delivered(tracker) == 5


def test_response_is_ingested_when_the_next_scrape_begins_on_its_connection(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = Loop(tracker)
    loop.scrape(7)
    assert (_delivered(tracker), _ingested(tracker)) == (7, 0)
    loop.begin()
    assert _ingested(tracker) == 7


def test_scrape_on_a_new_connection_confirms_nothing_but_the_one_after_it_does(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = Loop(tracker)
    loop.scrape(7)
    loop.reconnect()
    loop.scrape(8)
    assert _ingested(tracker) == 0
    loop.begin()
    assert _ingested(tracker) == 8


def test_responses_on_earlier_connections_are_not_confirmed(tracker: scrape_progress.ScrapeTracker) -> None:
    loop = Loop(tracker)
    loop.scrape(7)
    loop.reconnect()
    loop.begin()  # Its response is not delivered.
    loop.begin()
    assert _ingested(tracker) == 0


def test_delivery_that_is_confirmed_after_the_next_scrape_has_begun_is_ingested(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = Loop(tracker)
    scrape = loop.begin()
    loop.begin()
    tracker.delivered(scrape, revision=7, now=16.0)
    assert _ingested(tracker) == 7


def _connects_anew(tracker: scrape_progress.ScrapeTracker, *, scrapes: int) -> Loop:
    """A scraper that opens a connection for every scrape, as Datadog's agent does."""
    loop = Loop(tracker)
    for _ in range(scrapes):
        loop.scrape(1)
        loop.reconnect()
    return loop


def test_reader_that_never_keeps_a_connection_confirms_with_the_scrape_after_next(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = _connects_anew(tracker, scrapes=scrapers.NEW_CONNECTIONS)
    loop.scrape(7)
    loop.reconnect()
    loop.scrape(8)
    assert _ingested(tracker, now=loop.now) == 1
    loop.reconnect()
    loop.begin()
    assert _ingested(tracker, now=loop.now) == 7


def test_failed_scrape_of_a_reader_that_never_keeps_a_connection_confirms_nothing(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = _connects_anew(tracker, scrapes=scrapers.NEW_CONNECTIONS)
    loop.scrape(7)
    for _ in range(2):
        loop.reconnect()
        loop.begin()
    assert _ingested(tracker, now=loop.now) == 1


def test_server_that_dies_in_each_of_its_first_scrapes_confirms_nothing(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = _connects_anew(tracker, scrapes=scrapers.NEW_CONNECTIONS)
    assert _ingested(tracker, now=loop.now) == 0


def test_reader_that_keeps_its_connection_does_not_confirm_with_new_connections(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = Loop(tracker)
    for _ in range(scrapers.NEW_CONNECTIONS):
        loop.scrape(1)
    for revision in (7, 8, 9):
        loop.reconnect()
        loop.scrape(revision)
    assert _ingested(tracker, now=loop.now) == 1


def test_restart_of_the_gateway_keeps_readers_and_what_they_have_ingested(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loops = Loop(tracker), Loop(tracker, first=5.0)
    for _ in range(2):
        for loop in loops:
            loop.scrape(7)
    resumed = scrape_progress.ScrapeTracker(store_builders.store())
    resumed.restore(tracker.known(), ended=100.0, now=200.0)
    assert len(resumed.active(now=200.0)) == 2
    assert _ingested(resumed, now=200.0) == 7


def test_only_one_of_two_readers_continues_after_a_restart_until_the_other_scrapes(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    for loop in (Loop(tracker), Loop(tracker, first=5.0)):
        loop.scrape(7)
    resumed = scrape_progress.ScrapeTracker(store_builders.store())
    resumed.restore(tracker.known(), ended=100.0, now=100.0)
    only = Loop(resumed, first=100.0)
    only.scrape(9)
    assert _delivered(resumed, now=200.0) == 7
