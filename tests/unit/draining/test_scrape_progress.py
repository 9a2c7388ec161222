"""Which scrapers count as active, and up to which revision all of them have read."""

from __future__ import annotations

import pytest

from tests.support.store import proof_builders, store_builders
from tidegate import settings
from tidegate.draining import drain_conditions, scrape_progress
from tidegate.model import proofs, scrapers

ONE = scrapers.Scraper("10.0.0.1", "Prometheus/3")
TWO = scrapers.Scraper("10.0.0.2", "Prometheus/3")


def _active_scrapers(tracker: scrape_progress.ScrapeTracker, *, now: float) -> set[scrapers.Scraper]:
    return {reading.reader.scraper for reading in tracker.active(now=now)}


def _scraped(tracker: scrape_progress.ScrapeTracker, scraper: scrapers.Scraper, *, revision: int, now: float) -> None:
    scrape = proof_builders.began(tracker, scraper, now=now)
    assert scrape is not None
    tracker.delivered(scrape, revision=revision, now=now)


def _read_revision(tracker: scrape_progress.ScrapeTracker, *, now: float) -> int | None:
    return drain_conditions.DrainConditions(tracker, grade=proofs.Grade.DELIVERED).at(now).proof.read_revision


def _tracker_of(*times: float, scraper: scrapers.Scraper = ONE) -> scrape_progress.ScrapeTracker:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    for now in times:
        proof_builders.began(tracker, scraper, now=now)
    return tracker


def test_no_revision_is_read_without_a_scraper() -> None:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    assert _read_revision(tracker, now=0) is None
    assert tracker.next_lapse(now=0) is None


def test_scraper_has_read_nothing_until_its_first_scrape_is_delivered() -> None:
    assert _read_revision(_tracker_of(0), now=0) == 0


def test_read_revision_is_that_of_the_slowest_scraper() -> None:
    tracker = _tracker_of(0)
    proof_builders.began(tracker, TWO, now=0)
    _scraped(tracker, ONE, revision=7, now=1)
    assert _read_revision(tracker, now=1) == 0
    _scraped(tracker, TWO, revision=5, now=1)
    assert _read_revision(tracker, now=1) == 5


def test_late_delivery_of_an_older_response_does_not_lower_the_read_revision() -> None:
    tracker = _tracker_of()
    first, second = proof_builders.began(tracker, ONE, now=0), proof_builders.began(tracker, ONE, now=1)
    assert first is not None
    assert second is not None
    tracker.delivered(second, revision=7, now=1)
    tracker.delivered(first, revision=5, now=2)
    assert _read_revision(tracker, now=2) == 7


def test_same_address_with_another_user_agent_is_another_scraper() -> None:
    tracker = _tracker_of(0)
    proof_builders.began(tracker, scrapers.Scraper(ONE.address, "vmagent"), now=0)
    assert len(tracker.active(now=0)) == 2


def _at_interval(interval: float, *, scrapes: int = scrapers.MEASURED_GAPS + 1) -> scrape_progress.ScrapeTracker:
    """Track a scraper with this interval, last seen at time 0."""
    return _tracker_of(*(interval * number for number in range(1 - scrapes, 1)))


def _active_seconds(tracker: scrape_progress.ScrapeTracker, *, since: float = 0) -> float:
    """Return how long the scraper stays active after its last scrape, in seconds."""
    lapse = tracker.next_lapse(now=since)
    assert lapse is not None
    assert _active_scrapers(tracker, now=lapse) == {ONE}
    assert _active_scrapers(tracker, now=lapse + 0.1) == set()
    return lapse - since


def test_scraper_stays_active_for_three_intervals() -> None:
    assert _active_seconds(_at_interval(120)) == 360


@pytest.mark.parametrize("interval", [0.01, 1, 15, 60, 100])
def test_scraper_with_a_short_interval_stays_active_for_five_minutes(interval: float) -> None:
    assert _active_seconds(_at_interval(interval)) == 300


def test_scraper_with_a_long_interval_stays_active_for_fifteen_minutes() -> None:
    assert _active_seconds(_at_interval(500)) == 900


def test_scraper_seen_once_stays_active_for_the_longest_time() -> None:
    assert _active_seconds(_tracker_of(0)) == 900


def test_interval_is_unknown_before_nine_scrapes() -> None:
    assert _active_seconds(_at_interval(15, scrapes=8)) == 900
    assert _active_seconds(_at_interval(15, scrapes=9)) == 300


def test_burst_of_scrapes_does_not_define_an_interval() -> None:
    assert _active_seconds(_tracker_of(-0.3, -0.2, -0.1, 0)) == 900


def test_interval_is_the_longest_of_the_last_eight_gaps() -> None:
    tracker = _at_interval(1)
    proof_builders.began(tracker, ONE, now=200)
    for now in range(201, 208):
        proof_builders.began(tracker, ONE, now=now)
        assert tracker.next_lapse(now=now) == now + 600
    proof_builders.began(tracker, ONE, now=208)
    assert tracker.next_lapse(now=208) == 208 + 300


def test_lapse_counts_as_a_gap() -> None:
    tracker = _at_interval(15)
    proof_builders.began(tracker, ONE, now=3600)
    assert tracker.next_lapse(now=3600) == 3600 + 900


def test_default_drain_timeout_is_long_enough_for_a_departed_scraper_to_lapse() -> None:
    assert _active_seconds(_at_interval(60)) <= settings.RuleSettings().drain_timeout


def test_returning_scraper_keeps_its_read_revision() -> None:
    tracker = _tracker_of(0)
    _scraped(tracker, ONE, revision=7, now=1)
    proof_builders.began(tracker, ONE, now=10_000)
    assert _read_revision(tracker, now=10_000) == 7


def test_delivery_to_a_reader_that_was_forgotten_meanwhile_is_ignored() -> None:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    under_way = proof_builders.began(tracker, ONE, now=0)
    assert under_way is not None
    for number in range(scrape_progress.MAX_READERS):
        proof_builders.began(tracker, scrapers.Scraper("10.1.1.1", str(number)), now=10_000)
    proof_builders.began(tracker, ONE, now=20_000)
    tracker.delivered(under_way, revision=7, now=20_001)
    assert _read_revision(tracker, now=20_001) == 0


def test_new_scrapers_do_not_displace_an_active_one() -> None:
    tracker = _tracker_of(0)
    for number in range(2 * scrape_progress.MAX_READERS):
        proof_builders.began(tracker, scrapers.Scraper("10.1.1.1", str(number)), now=1)
    assert ONE in _active_scrapers(tracker, now=1)
    assert len(tracker.active(now=1)) == scrape_progress.MAX_READERS


@pytest.mark.parametrize(("later", "makes_room"), [(900.0, False), (901.0, True)])
def test_lapsed_scrapers_make_room_for_a_new_one(later: float, makes_room: bool) -> None:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    for number in range(scrape_progress.MAX_READERS):
        proof_builders.began(tracker, scrapers.Scraper("10.1.1.1", str(number)), now=0)
    proof_builders.began(tracker, ONE, now=later)
    assert (ONE in _active_scrapers(tracker, now=later)) is makes_room


def _resumed(tracker: scrape_progress.ScrapeTracker, *, ended: float, now: float) -> scrape_progress.ScrapeTracker:
    """Return the tracker of the next process, which restored its state from this one."""
    resumed = scrape_progress.ScrapeTracker(store_builders.store())
    resumed.restore(tracker.active(now=ended), ended=ended, now=now)
    return resumed


def test_downtime_of_the_gateway_does_not_count_against_a_scraper() -> None:
    tracker = _resumed(_at_interval(15), ended=100, now=10_000)
    assert _active_seconds(tracker, since=10_000) == 200


def test_scraper_that_lapsed_before_a_restart_is_inactive_after_it() -> None:
    resumed = scrape_progress.ScrapeTracker(store_builders.store())
    resumed.restore(_at_interval(15).active(now=0), ended=301, now=10_000)
    assert _active_scrapers(resumed, now=10_000) == set()


def test_departed_scraper_lapses_although_the_gateway_restarts_repeatedly() -> None:
    tracker, now = _at_interval(15), 0.0
    for _ in range(4):
        tracker, now = _resumed(tracker, ended=now + 70, now=now + 100), now + 100
    assert _active_seconds(tracker, since=now) == 300 - 4 * 70


def test_gap_across_a_restart_excludes_the_downtime_of_the_gateway() -> None:
    tracker = _resumed(_at_interval(15), ended=100, now=10_000)
    proof_builders.began(tracker, ONE, now=10_050)
    [reading] = tracker.known()
    assert reading.interval == 150


def test_two_scrapes_in_a_burst_and_one_after_a_restart_do_not_define_an_interval() -> None:
    tracker = _resumed(_tracker_of(0, 0.01), ended=1, now=51)
    proof_builders.began(tracker, ONE, now=51)
    assert tracker.next_lapse(now=51) == 51 + 900


def test_read_revision_survives_a_restart() -> None:
    tracker = _tracker_of(0)
    _scraped(tracker, ONE, revision=7, now=15)
    assert _read_revision(_resumed(tracker, ended=16, now=100), now=100) == 7
