"""Who counts as a scraper that is waited for, and how far all of them have read."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store import store_builders
from tidegate import settings
from tidegate.draining import scrape_progress
from tidegate.model import scrapers

ONE = scrapers.Scraper("10.0.0.1", "Prometheus/3")
TWO = scrapers.Scraper("10.0.0.2", "Prometheus/3")


def _agents(tracker: scrape_progress.ScrapeTracker, *, now: float) -> set[scrapers.Scraper]:
    return {reading.scraper for reading in tracker.active(now=now)}


def _regular(*times: float, scraper: scrapers.Scraper = ONE) -> scrape_progress.ScrapeTracker:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    for now in times:
        tracker.began(scraper, now=now)
    return tracker


def test_nobody_has_read_where_there_is_no_scraper() -> None:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
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


def _steady(interval: float, *, scrapes: int = scrapers.MEASURED_GAPS + 1) -> scrape_progress.ScrapeTracker:
    """A scraper at this interval that was last seen at 0."""
    return _regular(*(interval * number for number in range(1 - scrapes, 1)))


def _silence(tracker: scrape_progress.ScrapeTracker, *, since: float = 0) -> float:
    """For how long it is waited for."""
    lapse = tracker.next_lapse(now=since)
    assert lapse is not None
    assert _agents(tracker, now=lapse) == {ONE}
    assert _agents(tracker, now=lapse + 0.1) == set()
    return lapse - since


def test_a_scraper_is_waited_for_until_three_of_its_intervals_are_over() -> None:
    assert _silence(_steady(120)) == 360


@pytest.mark.parametrize("interval", [0.01, 1, 15, 60, 100])
def test_however_short_its_interval_it_is_waited_for_five_minutes(interval: float) -> None:
    assert _silence(_steady(interval)) == 300


def test_however_long_its_interval_it_is_waited_for_a_quarter_of_an_hour() -> None:
    assert _silence(_steady(500)) == 900


def test_a_scraper_seen_once_is_waited_for_as_if_it_were_slow() -> None:
    assert _silence(_regular(0)) == 900


def test_an_interval_is_unknown_before_nine_scrapes() -> None:
    assert _silence(_steady(15, scrapes=8)) == 900
    assert _silence(_steady(15, scrapes=9)) == 300


def test_a_burst_tells_no_interval() -> None:
    assert _silence(_regular(-0.3, -0.2, -0.1, 0)) == 900


def test_the_longest_of_its_last_eight_gaps_is_its_interval() -> None:
    tracker = _steady(1)
    tracker.began(ONE, now=200)
    for now in range(201, 208):
        tracker.began(ONE, now=now)
        assert tracker.next_lapse(now=now) == now + 600
    tracker.began(ONE, now=208)
    assert tracker.next_lapse(now=208) == 208 + 300


def test_a_scraper_that_lapsed_and_came_back_has_to_be_measured_anew() -> None:
    tracker = _steady(15)
    tracker.began(ONE, now=3600)
    assert tracker.next_lapse(now=3600) == 3600 + 900


def test_the_default_drain_timeout_outlasts_a_scraper_that_has_left() -> None:
    assert _silence(_steady(60)) <= settings.RuleSettings().drain_timeout


def test_a_scraper_that_lapsed_still_has_what_it_had_read_when_it_comes_back() -> None:
    tracker = _regular(0)
    tracker.delivered(ONE, revision=7, now=1)
    tracker.began(ONE, now=10_000)
    assert tracker.read_revision(now=10_000) == 7


def test_a_delivery_to_nobody_known_is_nothing() -> None:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    tracker.delivered(ONE, revision=7, now=1)
    assert tracker.read_revision(now=1) is None


def test_strangers_do_not_crowd_out_an_active_scraper() -> None:
    tracker = _regular(0)
    for number in range(2 * scrape_progress.MAX_SCRAPERS):
        tracker.began(scrapers.Scraper("10.1.1.1", str(number)), now=1)
    assert ONE in _agents(tracker, now=1)
    assert len(tracker.active(now=1)) == scrape_progress.MAX_SCRAPERS


def test_a_lapsed_scraper_makes_room_for_a_new_one() -> None:
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    for number in range(scrape_progress.MAX_SCRAPERS):
        tracker.began(scrapers.Scraper("10.1.1.1", str(number)), now=0)
    later = 901.0
    tracker.began(ONE, now=later)
    assert _agents(tracker, now=later) == {ONE}


class _Job(NamedTuple):
    """A scrape job of a server. Its scrapes take place at multiples of its interval, a little late, but for the missed.

    :param missed: how many scrapes in a row it misses after each one that it makes.
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
def test_a_scraper_that_keeps_its_interval_never_lapses_though_it_misses_single_scrapes(job: _Job) -> None:
    _expect_no_lapse(list(job.scrapes()))


@given(st.lists(_jobs(intervals=st.sampled_from(_INTERVALS), latest=0.1, missed=[0]), min_size=2, max_size=5))
def test_scrape_jobs_of_one_server_never_lapse_while_one_of_them_goes_on(jobs: list[_Job]) -> None:
    """One that a new configuration leaves out, or makes slower, is one whose scrapes end before those of the others."""
    _expect_no_lapse(sorted(now for job in jobs for now in job.scrapes()), but_for=jobs)


def _expect_no_lapse(scrapes: Sequence[float], *, but_for: Sequence[_Job] = ()) -> None:
    """Fail if a scraper lapses between two scrapes, unless none of these jobs had any to make then."""
    spans = [(min(job.scrapes()), max(job.scrapes())) for job in but_for]
    tracker = scrape_progress.ScrapeTracker(store_builders.store())
    for before, now in itertools.pairwise(scrapes):
        tracker.began(ONE, now=before)
        is_there = not spans or any(first <= before and now <= last for first, last in spans)
        assert not is_there or _agents(tracker, now=now) == {ONE}


def _resumed(tracker: scrape_progress.ScrapeTracker, *, ended: float, now: float) -> scrape_progress.ScrapeTracker:
    """What the next process knows."""
    resumed = scrape_progress.ScrapeTracker(store_builders.store())
    resumed.restore(tracker.active(now=ended), ended=ended, now=now)
    return resumed


def test_the_time_without_a_gateway_is_no_silence() -> None:
    tracker = _resumed(_steady(15), ended=100, now=10_000)
    assert _silence(tracker, since=10_000) == 200


def test_who_had_lapsed_before_a_restart_is_not_waited_for_after_it() -> None:
    resumed = scrape_progress.ScrapeTracker(store_builders.store())
    resumed.restore(_steady(15).active(now=0), ended=301, now=10_000)
    assert _agents(resumed, now=10_000) == set()


def test_a_scraper_that_has_left_is_given_up_though_the_gateway_restarts_again_and_again() -> None:
    tracker, now = _steady(15), 0.0
    for _ in range(4):
        tracker, now = _resumed(tracker, ended=now + 70, now=now + 100), now + 100
    assert _silence(tracker, since=now) == 300 - 4 * 70


def test_the_gap_over_a_restart_counts_without_the_time_in_which_there_was_no_gateway() -> None:
    tracker = _resumed(_steady(15), ended=100, now=10_000)
    tracker.began(ONE, now=10_050)
    [reading] = tracker.known()
    assert reading.interval == 150


def test_two_scrapes_in_a_moment_and_one_after_a_restart_tell_no_interval() -> None:
    tracker = _resumed(_regular(0, 0.01), ended=1, now=51)
    tracker.began(ONE, now=51)
    assert tracker.next_lapse(now=51) == 51 + 900


def test_what_had_been_read_before_a_restart_has_been_read() -> None:
    tracker = _regular(0, 15)
    tracker.delivered(ONE, revision=7, now=15)
    assert _resumed(tracker, ended=16, now=100).read_revision(now=100) == 7
