"""Which scrapers count as active, and up to which revision all of them have read."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.store import store_builders
from tidegate import settings
from tidegate.draining import scrape_progress
from tidegate.model import scrapers

ONE = scrapers.Scraper("10.0.0.1", "Prometheus/3")
TWO = scrapers.Scraper("10.0.0.2", "Prometheus/3")


def _active_scrapers(tracker: scrape_progress.ScrapeTracker, *, now: float) -> set[scrapers.Scraper]:
    return {reading.scraper for reading in tracker.active(now=now)}


def _tracker_of(*times: float, scraper: scrapers.Scraper = ONE) -> scrape_progress.ScrapeTracker:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    for now in times:
        tracker.began(scraper, now=now)
    return tracker


def test_no_revision_is_read_without_a_scraper() -> None:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    assert tracker.read_revision(now=0) is None
    assert tracker.next_lapse(now=0) is None


def test_scraper_has_read_nothing_until_its_first_scrape_is_delivered() -> None:
    assert _tracker_of(0).read_revision(now=0) == 0


def test_read_revision_is_that_of_the_slowest_scraper() -> None:
    tracker = _tracker_of(0)
    tracker.began(TWO, now=0)
    tracker.delivered(ONE, revision=7, now=1)
    assert tracker.read_revision(now=1) == 0
    tracker.delivered(TWO, revision=5, now=1)
    assert tracker.read_revision(now=1) == 5


def test_late_delivery_of_an_older_response_does_not_lower_the_read_revision() -> None:
    tracker = _tracker_of(0)
    tracker.delivered(ONE, revision=7, now=1)
    tracker.delivered(ONE, revision=5, now=2)
    assert tracker.read_revision(now=2) == 7


def test_same_address_with_another_user_agent_is_another_scraper() -> None:
    tracker = _tracker_of(0)
    tracker.began(scrapers.Scraper(ONE.address, "vmagent"), now=0)
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
    tracker.began(ONE, now=200)
    for now in range(201, 208):
        tracker.began(ONE, now=now)
        assert tracker.next_lapse(now=now) == now + 600
    tracker.began(ONE, now=208)
    assert tracker.next_lapse(now=208) == 208 + 300


def test_interval_of_a_returning_scraper_is_measured_again() -> None:
    tracker = _at_interval(15)
    tracker.began(ONE, now=3600)
    assert tracker.next_lapse(now=3600) == 3600 + 900


def test_default_drain_timeout_is_long_enough_for_a_departed_scraper_to_lapse() -> None:
    assert _active_seconds(_at_interval(60)) <= settings.RuleSettings().drain_timeout


def test_returning_scraper_keeps_its_read_revision() -> None:
    tracker = _tracker_of(0)
    tracker.delivered(ONE, revision=7, now=1)
    tracker.began(ONE, now=10_000)
    assert tracker.read_revision(now=10_000) == 7


def test_delivery_to_an_unknown_scraper_is_ignored() -> None:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    tracker.delivered(ONE, revision=7, now=1)
    assert tracker.read_revision(now=1) is None


def test_new_scrapers_do_not_displace_an_active_one() -> None:
    tracker = _tracker_of(0)
    for number in range(2 * scrape_progress.MAX_SCRAPERS):
        tracker.began(scrapers.Scraper("10.1.1.1", str(number)), now=1)
    assert ONE in _active_scrapers(tracker, now=1)
    assert len(tracker.active(now=1)) == scrape_progress.MAX_SCRAPERS


def test_lapsed_scrapers_make_room_for_a_new_one() -> None:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    for number in range(scrape_progress.MAX_SCRAPERS):
        tracker.began(scrapers.Scraper("10.1.1.1", str(number)), now=0)
    later = 901.0
    tracker.began(ONE, now=later)
    assert _active_scrapers(tracker, now=later) == {ONE}


class _Job(NamedTuple):
    """A scrape job of a server, with a scrape at each multiple of its interval, delayed a little, except missed ones.

    :param missed: number of consecutive scrapes missed after each successful one.
    """

    interval: float
    offset: float
    late: list[float]
    missed: list[int]

    def scrapes(self) -> Iterator[float]:
        number = 0
        for late, missed in zip(self.late, itertools.cycle(self.missed), strict=False):
            yield (number + self.offset + late) * self.interval
            number += 1 + missed


def _jobs(*, intervals: st.SearchStrategy[float], latest: float, missed: Sequence[int]) -> st.SearchStrategy[_Job]:
    return st.builds(
        _Job,
        interval=intervals,
        offset=st.floats(0, 1),
        late=st.lists(st.floats(0, latest), min_size=2, max_size=30),
        missed=st.lists(st.sampled_from(missed), min_size=1, max_size=5),
    )


_INTERVALS = [1.0, 5.0, 15.0, 60.0, 120.0, 250.0]


@given(_jobs(intervals=st.sampled_from(_INTERVALS) | st.floats(1, 300), latest=0.4, missed=[0, 0, 0, 0, 1]))
def test_scraper_that_misses_single_scrapes_never_lapses(job: _Job) -> None:
    _expect_no_lapse(list(job.scrapes()))


@given(st.lists(_jobs(intervals=st.sampled_from(_INTERVALS), latest=0.1, missed=[0]), min_size=2, max_size=5))
def test_server_with_several_scrape_jobs_never_lapses_while_one_of_them_is_running(jobs: list[_Job]) -> None:
    """Scrapes of a job that a new configuration removes or slows down end before those of the other jobs."""
    _expect_no_lapse(sorted(now for job in jobs for now in job.scrapes()), except_in_gaps_of=jobs)


def _expect_no_lapse(scrapes: Sequence[float], *, except_in_gaps_of: Sequence[_Job] = ()) -> None:
    """Fail if the scraper lapses between two scrapes, except in gaps in which none of these jobs was running."""
    spans = [(min(job.scrapes()), max(job.scrapes())) for job in except_in_gaps_of]
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    for before, now in itertools.pairwise(scrapes):
        tracker.began(ONE, now=before)
        is_running = not spans or any(first <= before and now <= last for first, last in spans)
        assert not is_running or _active_scrapers(tracker, now=now) == {ONE}


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
    tracker.began(ONE, now=10_050)
    [reading] = tracker.known()
    assert reading.interval == 150


def test_two_scrapes_in_a_burst_and_one_after_a_restart_do_not_define_an_interval() -> None:
    tracker = _resumed(_tracker_of(0, 0.01), ended=1, now=51)
    tracker.began(ONE, now=51)
    assert tracker.next_lapse(now=51) == 51 + 900


def test_read_revision_survives_a_restart() -> None:
    tracker = _tracker_of(0, 15)
    tracker.delivered(ONE, revision=7, now=15)
    assert _resumed(tracker, ended=16, now=100).read_revision(now=100) == 7
