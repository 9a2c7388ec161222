"""The tracker distinguishes the readers of a scraper by their connections, and knows what each has processed."""

from __future__ import annotations

import pytest

from tests.support.store import proof_builders, scrape_loops, store_builders
from tidegate.draining import scrape_progress
from tidegate.model import scrapers

NAMED = scrapers.Scraper("10.0.0.1", "Prometheus/3", "blue")


@pytest.fixture
def tracker() -> scrape_progress.ScrapeTracker:
    return scrape_progress.ScrapeTracker(store_builders.store())


def test_two_jobs_of_one_server_are_two_readers(tracker: scrape_progress.ScrapeTracker) -> None:
    first, second = scrape_loops.Loop(tracker), scrape_loops.Loop(tracker, first=5.0)
    assert [loop.scrape(1).number for loop in (first, second, first, second)] == [1, 2, 1, 2]


def test_group_waits_for_both_jobs_of_one_server(tracker: scrape_progress.ScrapeTracker) -> None:
    first, second = scrape_loops.Loop(tracker), scrape_loops.Loop(tracker, first=5.0)
    first.scrape(1)
    second.scrape(1)
    first.scrape(7)
    assert scrape_loops.delivered(tracker) == 1


def test_reader_continues_on_a_new_connection_after_its_own_is_closed(tracker: scrape_progress.ScrapeTracker) -> None:
    loop = scrape_loops.Loop(tracker)
    loop.scrape(1)
    loop.reconnect()
    assert loop.scrape(1).number == 1
    assert len(tracker.known()) == 1


def test_new_connection_continues_the_reader_that_is_due(tracker: scrape_progress.ScrapeTracker) -> None:
    first, second = scrape_loops.Loop(tracker), scrape_loops.Loop(tracker, first=7.0)
    for loop in (first, second, first, second):
        loop.scrape(1)
    first.reconnect()
    second.reconnect()
    assert [loop.scrape(1).number for loop in (first, second)] == [1, 2]


def test_readers_that_both_lost_their_connections_keep_only_what_both_have_read(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    first, second = scrape_loops.Loop(tracker), scrape_loops.Loop(tracker, first=5.0)
    first.scrape(4)
    second.scrape(9)
    first.reconnect()
    second.reconnect()
    second.begin()
    assert {reading.delivered_revision for reading in tracker.known()} == {4}


def test_job_that_continues_the_reader_of_another_one_confirms_nothing_for_it(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    """The gateway sees the end of the first job's connection, and not yet that of the second."""
    first, second = scrape_loops.Loop(tracker), scrape_loops.Loop(tracker, first=5.0)
    first.scrape(1)
    for _ in range(2):
        second.scrape(9)
    first.reconnect()
    second.connection = proof_builders.Connection()
    for _ in range(2):
        second.scrape(9)
    assert scrape_loops.ingested(tracker) == 0


def test_inactive_reader_is_forgotten_when_another_one_reconnects(tracker: scrape_progress.ScrapeTracker) -> None:
    kept, removed = scrape_loops.Loop(tracker), scrape_loops.Loop(tracker)
    for _ in range(100):
        kept.scrape(9)
        if removed.now == 0.0:
            removed.scrape(4)
            removed.reconnect()
    kept.reconnect()
    kept.begin()
    assert [reading.reader.number for reading in tracker.known()] == [1]


@pytest.mark.parametrize(
    ("now", "known"),
    [
        pytest.param(300.0, [1, 2], id="both-active"),
        pytest.param(301.0, [2], id="one-inactive"),
        pytest.param(10_000.0, [2], id="both-inactive"),
    ],
)
def test_readers_without_connections_are_kept_while_active_and_the_last_one_longer(
    tracker: scrape_progress.ScrapeTracker, now: float, known: list[int]
) -> None:
    loops = [scrape_loops.Loop(tracker, first=offset) for offset in (0.0, 5.0)]
    for loop in loops:
        loop.scrape(1)
    for loop in loops:
        loop.reconnect()
    loops[1].now = now
    loops[1].begin()
    assert [reading.reader.number for reading in tracker.known()] == known


def test_reader_that_another_one_has_replaced_becomes_inactive_after_three_intervals(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    """As after a change of the scrape job, which leaves the old connection open."""
    old = scrape_loops.Loop(tracker)
    for _ in range(scrapers.MEASURED_GAPS + 1):
        old.scrape(1)
    new = scrape_loops.Loop(tracker, first=old.now - 10.0)
    new.scrape(1)
    last = old.now - 15.0
    assert len(tracker.active(now=last + 45.0)) == 2
    assert [reading.reader.number for reading in tracker.active(now=last + 45.1)] == [2]


def test_reader_that_scrapes_again_was_not_replaced(tracker: scrape_progress.ScrapeTracker) -> None:
    first, second = scrape_loops.Loop(tracker), scrape_loops.Loop(tracker, first=5.0)
    for _ in range(scrapers.MEASURED_GAPS + 1):
        first.scrape(1)
        second.scrape(1)
    first.connection.close()
    assert len(tracker.active(now=first.now - 15.0 + 299.0)) == 2


def test_delivery_of_a_scrape_whose_reader_has_become_doubtful_is_ignored(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    first, second = scrape_loops.Loop(tracker), scrape_loops.Loop(tracker, first=5.0)
    first.scrape(1)
    second.scrape(1)
    under_way = first.begin()
    first.reconnect()
    second.reconnect()
    second.begin()
    tracker.delivered(under_way, revision=9, now=50.0)
    assert {reading.delivered_revision for reading in tracker.known()} == {1}


def test_scraper_with_a_name_is_one_reader_on_any_connection(tracker: scrape_progress.ScrapeTracker) -> None:
    loops = [scrape_loops.Loop(tracker, scraper=NAMED, first=offset) for offset in (0.0, 5.0)]
    assert [loop.scrape(1).number for loop in loops] == [1, 1]


def test_names_tell_readers_on_one_connection_apart(tracker: scrape_progress.ScrapeTracker) -> None:
    blue, green = (scrape_loops.Loop(tracker, scraper=NAMED._replace(name=name)) for name in ("blue", "green"))
    green.connection = blue.connection
    blue.scrape(7)
    green.scrape(5)
    assert scrape_loops.delivered(tracker) == 5


def test_response_is_ingested_when_the_next_scrape_begins_on_its_connection(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = scrape_loops.Loop(tracker)
    loop.scrape(7)
    assert (scrape_loops.delivered(tracker), scrape_loops.ingested(tracker)) == (7, 0)
    loop.begin()
    assert scrape_loops.ingested(tracker) == 7


def test_scrape_on_a_new_connection_confirms_nothing_but_the_one_after_it_does(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = scrape_loops.Loop(tracker)
    loop.scrape(7)
    loop.reconnect()
    loop.scrape(8)
    assert scrape_loops.ingested(tracker) == 0
    loop.begin()
    assert scrape_loops.ingested(tracker) == 8


def test_responses_on_earlier_connections_are_not_confirmed(tracker: scrape_progress.ScrapeTracker) -> None:
    loop = scrape_loops.Loop(tracker)
    loop.scrape(7)
    loop.reconnect()
    loop.begin()  # Its response is not delivered.
    loop.begin()
    assert scrape_loops.ingested(tracker) == 0


def test_delivery_that_is_confirmed_after_the_next_scrape_has_begun_is_ingested(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = scrape_loops.Loop(tracker)
    scrape = loop.begin()
    loop.begin()
    tracker.delivered(scrape, revision=7, now=16.0)
    assert scrape_loops.ingested(tracker) == 7


def _connects_anew(tracker: scrape_progress.ScrapeTracker, *, scrapes: int) -> scrape_loops.Loop:
    """A scraper that opens a connection for every scrape, as Datadog's agent does."""
    loop = scrape_loops.Loop(tracker)
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
    assert scrape_loops.ingested(tracker, now=loop.now) == 1
    loop.reconnect()
    loop.begin()
    assert scrape_loops.ingested(tracker, now=loop.now) == 7


def test_failed_scrape_of_a_reader_that_never_keeps_a_connection_confirms_nothing(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = _connects_anew(tracker, scrapes=scrapers.NEW_CONNECTIONS)
    loop.scrape(7)
    for _ in range(2):
        loop.reconnect()
        loop.begin()
    assert scrape_loops.ingested(tracker, now=loop.now) == 1


def test_server_that_dies_in_each_of_its_first_scrapes_confirms_nothing(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = _connects_anew(tracker, scrapes=scrapers.NEW_CONNECTIONS)
    assert scrape_loops.ingested(tracker, now=loop.now) == 0


def test_reader_that_keeps_its_connection_does_not_confirm_with_new_connections(
    tracker: scrape_progress.ScrapeTracker,
) -> None:
    loop = scrape_loops.Loop(tracker)
    for _ in range(scrapers.NEW_CONNECTIONS):
        loop.scrape(1)
    for revision in (7, 8, 9):
        loop.reconnect()
        loop.scrape(revision)
    assert scrape_loops.ingested(tracker, now=loop.now) == 1
