"""What is drawn for a soak: all kinds of Jobs and faults, the same for the same seed."""

from __future__ import annotations

import itertools
import random

from tests.soak import fault_injection, random_workload


def test_the_same_seed_draws_the_same_jobs() -> None:
    first, second, other = (random_workload.errands(random.Random(seed), jobs=50, seconds=60.0) for seed in (1, 1, 2))
    assert first == second != other


def test_hundreds_of_jobs_are_of_every_kind_and_come_all_the_time() -> None:
    found = random_workload.errands(random.Random(1), jobs=300, seconds=180.0)
    assert {errand.kind for errand in found} == set(random_workload.KINDS)
    assert len({errand.name for errand in found}) == 300
    assert found[0].at < 10.0
    assert found[-1].at > 170.0
    assert [errand.at for errand in found] == sorted(errand.at for errand in found)


def test_what_runs_until_it_is_killed_is_deleted_by_somebody() -> None:
    found = random_workload.errands(random.Random(1), jobs=300, seconds=180.0)
    assert all(errand.deleted_after is not None for errand in found if errand.kind.runs_on)


def test_every_fault_comes_once_in_each_round() -> None:
    dealt = fault_injection.deal(random.Random(1))
    for _ in range(3):
        assert set(itertools.islice(dealt, len(fault_injection.ALL))) == set(fault_injection.ALL)
