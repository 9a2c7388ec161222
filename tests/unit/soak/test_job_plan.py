"""The random Jobs and faults of a soak: all kinds occur, and the same seed gives the same result."""

from __future__ import annotations

import itertools
import random

from tests.soak import fault_injection, job_plan


def test_same_seed_gives_the_same_jobs() -> None:
    first, second, other = (job_plan.planned_jobs(random.Random(seed), jobs=50, seconds=60.0) for seed in (1, 1, 2))
    assert first == second != other


def test_jobs_have_every_kind_and_are_spread_over_the_time() -> None:
    jobs = job_plan.planned_jobs(random.Random(1), jobs=300, seconds=180.0)
    assert {job.kind for job in jobs} == set(job_plan.KINDS)
    assert len({job.name for job in jobs}) == 300
    assert jobs[0].at < 10.0
    assert jobs[-1].at > 170.0
    assert [job.at for job in jobs] == sorted(job.at for job in jobs)


def test_job_that_never_finishes_is_deleted_by_the_workload() -> None:
    jobs = job_plan.planned_jobs(random.Random(1), jobs=300, seconds=180.0)
    assert all(job.deleted_after is not None for job in jobs if job.kind.runs_on)


def test_every_fault_occurs_once_in_each_round() -> None:
    order = fault_injection.in_rounds(random.Random(1))
    for _ in range(3):
        assert set(itertools.islice(order, len(fault_injection.ALL))) == set(fault_injection.ALL)
