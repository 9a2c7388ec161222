"""Who counts as a scraper that is waited for, and how far all of them have read."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store import builders
from tidegate.model import scrapers
from tidegate.scrapes import trackers

ONE = scrapers.Scraper("10.0.0.1", "Prometheus/3")
TWO = scrapers.Scraper("10.0.0.2", "Prometheus/3")


def _agents(tracker: trackers.ScrapeTracker, *, now: float) -> set[scrapers.Scraper]:
    return {reading.scraper for reading in tracker.active(now=now)}


def _regular(*times: float, scraper: scrapers.Scraper = ONE) -> trackers.ScrapeTracker:
    tracker = trackers.ScrapeTracker(builders.store())
    for now in times:
        tracker.began(scraper, now=now)
    return tracker


def test_nobody_has_read_where_there_is_no_scraper() -> None:
    tracker = trackers.ScrapeTracker(builders.store())
    assert tracker.read_revision(now=0) is None
    assert tracker.next_lapse(now=0) is None


def test_a_scraper_that_has_begun_has_read_nothing_yet() -> None:
    assert _regular(0).read_revision(now=0) == 0


def test_all_have_read_what_the_slowest_of_them_has() -> None:
    tracker = _regular(0)
    tracker.began(TWO, now=0)
    tracker.delivered(ONE, revision=7, now=1)
    assert tracker.read_revision(now=1) == 0
    tracker.delivered(TWO, revision=5, now=1)
    assert tracker.read_revision(now=1) == 5


def test_an_answer_that_arrives_after_a_newer_one_takes_nothing_back() -> None:
    tracker = _regular(0)
    tracker.delivered(ONE, revision=7, now=1)
    tracker.delivered(ONE, revision=5, now=2)
    assert tracker.read_revision(now=2) == 7


def test_the_same_address_with_another_user_agent_is_another_scraper() -> None:
    tracker = _regular(0)
    tracker.began(scrapers.Scraper(ONE.address, "vmagent"), now=0)
    assert len(tracker.active(now=0)) == 2


def test_a_scraper_counts_until_three_of_its_intervals_are_over() -> None:
    tracker = _regular(0, 15, 30)
    assert tracker.next_lapse(now=30) == 30 + 45
    assert _agents(tracker, now=75) == {ONE}
    assert _agents(tracker, now=75.1) == set()


def test_a_scraper_seen_once_is_waited_for_as_if_it_were_slow() -> None:
    tracker = _regular(0)
    assert _agents(tracker, now=3 * scrapers.UNKNOWN_INTERVAL) == {ONE}


def test_the_longest_of_its_last_gaps_is_its_interval() -> None:
    tracker = _regular(0, 60, 61, 62)
    assert tracker.next_lapse(now=62) == 62 + 180


def test_a_burst_is_no_rhythm() -> None:
    tracker = _regular(*(number / 100 for number in range(20)))
    assert _agents(tracker, now=0.19 + 3 * scrapers.SHORTEST_INTERVAL) == {ONE}


def test_a_scraper_that_comes_back_after_a_pause_is_not_expected_to_pause_again() -> None:
    tracker = _regular(0, 15, 30, 3600)
    assert tracker.next_lapse(now=3600) == 3600 + 3 * scrapers.UNKNOWN_INTERVAL
    tracker.began(ONE, now=3615)
    assert tracker.next_lapse(now=3615) == 3615 + 45


def test_a_scraper_that_lapsed_still_has_what_it_had_read_when_it_comes_back() -> None:
    tracker = _regular(0)
    tracker.delivered(ONE, revision=7, now=1)
    tracker.began(ONE, now=10_000)
    assert tracker.read_revision(now=10_000) == 7


def test_a_delivery_to_nobody_known_is_nothing() -> None:
    tracker = trackers.ScrapeTracker(builders.store())
    tracker.delivered(ONE, revision=7, now=1)
    assert tracker.read_revision(now=1) is None


def test_strangers_do_not_crowd_out_an_active_scraper() -> None:
    tracker = _regular(0)
    for number in range(2 * trackers.MAX_SCRAPERS):
        tracker.began(scrapers.Scraper("10.1.1.1", str(number)), now=1)
    assert ONE in _agents(tracker, now=1)
    assert len(tracker.active(now=1)) == trackers.MAX_SCRAPERS


def test_a_lapsed_scraper_makes_room_for_a_new_one() -> None:
    tracker = trackers.ScrapeTracker(builders.store())
    for number in range(trackers.MAX_SCRAPERS):
        tracker.began(scrapers.Scraper("10.1.1.1", str(number)), now=0)
    later = 3 * scrapers.UNKNOWN_INTERVAL + 1
    tracker.began(ONE, now=later)
    assert _agents(tracker, now=later) == {ONE}


@settings(deadline=None)
@given(interval=st.floats(1, 300), jitter=st.lists(st.floats(0, 0.4), min_size=2, max_size=30))
def test_a_scraper_that_keeps_its_rhythm_never_lapses(interval: float, jitter: list[float]) -> None:
    tracker = trackers.ScrapeTracker(builders.store())
    for number, late in enumerate(jitter):
        now = (number + late) * interval
        assert number == 0 or _agents(tracker, now=now) == {ONE}
        tracker.began(ONE, now=now)


def _resumed(tracker: trackers.ScrapeTracker, *, ended: float, now: float) -> trackers.ScrapeTracker:
    """What the next process knows."""
    resumed = trackers.ScrapeTracker(builders.store())
    resumed.resume(tracker.active(now=ended), ended=ended, now=now)
    return resumed


def test_from_a_restart_on_whoever_was_active_is_waited_for_as_if_it_had_just_been_seen() -> None:
    tracker = _resumed(_regular(0, 15, 30), ended=31, now=10_000)
    assert _agents(tracker, now=10_000 + 45) == {ONE}
    assert _agents(tracker, now=10_000 + 46) == set()


def test_from_a_restart_on_whoever_had_lapsed_before_is_not_waited_for() -> None:
    tracker = _regular(0, 15, 30)
    resumed = trackers.ScrapeTracker(builders.store())
    resumed.resume(tracker.active(now=30), ended=30 + 46, now=10_000)
    assert _agents(resumed, now=10_000) == set()


def test_the_time_from_a_restart_to_the_first_scrape_is_no_interval() -> None:
    tracker = _resumed(_regular(0), ended=1, now=100)
    tracker.began(ONE, now=100.5)
    assert _agents(tracker, now=100.5 + 3 * scrapers.UNKNOWN_INTERVAL) == {ONE}
    tracker.began(ONE, now=115.5)
    assert tracker.next_lapse(now=115.5) == 115.5 + 45


def test_what_had_been_read_before_a_restart_has_been_read() -> None:
    tracker = _regular(0, 15)
    tracker.delivered(ONE, revision=7, now=15)
    assert _resumed(tracker, ended=16, now=100).read_revision(now=100) == 7
