"""The defects that the soak injects on purpose."""

from __future__ import annotations

import pytest

from tests.soak import clock_launcher
from tests.support.operator import object_builders
from tests.support.store import proof_builders, store_builders
from tidegate.model import lifecycle, owners

U = owners.Uid("u")
KEY = store_builders.key(job="x")
DRAINING = lifecycle.Life(
    pushed_revision=7,
    claims={U: owners.Claim(owners.Owner("Job", "prod", "x", U), 300.0)},
    drain=lifecycle.Drain(pushed_revision=7, since=0.0, deadline=300.0),
)


@pytest.mark.parametrize("sabotage", [each for each in clock_launcher.Sabotage if each.value != "nothing"])
def test_each_defect_replaces_code_that_exists(sabotage: clock_launcher.Sabotage) -> None:
    with clock_launcher.defect(sabotage):
        pass


def test_impatient_gateway_does_not_wait_for_scrapers() -> None:
    conditions = proof_builders.conditions(proof_builders.reading("behind", 0), now=10.0)
    with clock_launcher.defect(clock_launcher.Sabotage.IMPATIENT):
        assert lifecycle.deletion_reason(KEY, DRAINING, proof=conditions.proof, now=10.0) is not None


def test_rash_operator_treats_every_job_as_finished() -> None:
    running = object_builders.job("x")
    cache = object_builders.cache(running, holds=[object_builders.group("job=x", claims=[running])])
    with clock_launcher.defect(clock_launcher.Sabotage.RASH):
        assert object_builders.planned(cache) == [f'retire {{job="x"}} of {running.uid}']
