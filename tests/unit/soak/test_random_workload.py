"""The random Jobs and faults of a soak: all kinds occur, and the same seed gives the same result."""

from __future__ import annotations

import itertools
import random

from tests.soak import fault_injection, random_workload


def test_same_seed_gives_the_same_jobs() -> None:
    first, second, other = (random_workload.errands(random.Random(seed), jobs=50, seconds=60.0) for seed in (1, 1, 2))
    assert first == second != other


def test_jobs_have_every_kind_and_are_spread_over_the_time() -> None:
    errands = random_workload.errands(random.Random(1), jobs=300, seconds=180.0)
    assert {errand.kind for errand in errands} == set(random_workload.KINDS)
    assert len({errand.name for errand in errands}) == 300
    assert errands[0].at < 10.0
    assert errands[-1].at > 170.0
    assert [errand.at for errand in errands] == sorted(errand.at for errand in errands)


def test_job_that_never_finishes_is_deleted_by_the_workload() -> None:
    errands = random_workload.errands(random.Random(1), jobs=300, seconds=180.0)
    assert all(errand.deleted_after is not None for errand in errands if errand.kind.runs_on)


def test_every_fault_occurs_once_in_each_round() -> None:
    dealt = fault_injection.deal(random.Random(1))
    for _ in range(3):
        assert set(itertools.islice(dealt, len(fault_injection.ALL))) == set(fault_injection.ALL)
