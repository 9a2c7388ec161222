"""No scraper lapses while it scrapes at its intervals, even if it misses some scrapes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from tests.support.store import proof_builders, store_builders
from tidegate.draining import scrape_progress
from tidegate.model import scrapers

ONE = scrapers.Scraper("10.0.0.1", "Prometheus/3")


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
        proof_builders.began(tracker, ONE, now=before)
        is_running = not spans or any(first <= before and now <= last for first, last in spans)
        assert not is_running or tracker.active(now=now)
