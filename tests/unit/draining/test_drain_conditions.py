"""The condition that a draining group waits for."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support.store import proof_builders, store_builders
from tidegate.model import drain_waits, lifecycle, owners, scrapers

KEY = store_builders.key(job="a")
UID = owners.Uid("u")
CLAIM = owners.Claim(owners.Owner("Job", "default", "a", UID), drain_timeout=300.0)
LIVE = lifecycle.Life(pushed_revision=7, claims={UID: CLAIM})
DRAIN = lifecycle.Drain(pushed_revision=7, since=1_000.0, deadline=1_300.0)
DRAINING = dataclasses.replace(LIVE, drain=DRAIN)


def _reading(name: str, revision: int) -> scrapers.ReaderProgress:
    return proof_builders.reading(name, revision, last_seen=1_000.0)


def _wait(life: lifecycle.Life, *readings: scrapers.ReaderProgress, now: float = 1_010.0) -> drain_waits.Wait | None:
    return proof_builders.conditions(*readings, now=now).wait(KEY, life)


def test_live_group_waits_for_nothing() -> None:
    assert _wait(LIVE, _reading("a", 0)) is None


def test_draining_group_waits_for_the_scrapers_that_have_not_read_its_last_push() -> None:
    behind, ahead = _reading("behind", 6), _reading("ahead", 7)
    assert _wait(DRAINING, behind, ahead) == drain_waits.Wait(drain_waits.WaitsFor.SCRAPERS, 1_300.0, (behind.reader,))


def test_draining_group_waits_for_its_deadline_if_no_scraper_is_active() -> None:
    assert _wait(DRAINING) == drain_waits.Wait(drain_waits.WaitsFor.DEADLINE, 1_300.0)


def test_group_pushed_while_draining_waits_for_the_operator() -> None:
    pushed = lifecycle.pushed(DRAINING, revision=8)
    assert _wait(pushed, _reading("a", 9), now=5_000.0) == drain_waits.Wait(drain_waits.WaitsFor.OPERATOR, None)


@pytest.mark.parametrize("readings", [pytest.param((7,), id="read"), pytest.param((7, 8), id="read by all")])
def test_draining_group_that_every_scraper_has_read_waits_for_nothing(readings: tuple[int, ...]) -> None:
    wait = _wait(DRAINING, *(_reading(str(revision), revision) for revision in readings))
    assert wait == drain_waits.Wait(drain_waits.WaitsFor.NOTHING, 1_300.0)


def test_draining_group_waits_for_nothing_after_its_deadline() -> None:
    wait = _wait(DRAINING, _reading("a", 0), now=1_300.0)
    assert wait is not None
    assert wait.waits_for is drain_waits.WaitsFor.NOTHING


@pytest.mark.parametrize("read_revision", [None, 6, 7, 8])
@pytest.mark.parametrize("now", [1_010.0, 1_300.0, 1_400.0])
@pytest.mark.parametrize("life", [LIVE, DRAINING, lifecycle.pushed(DRAINING, revision=8)])
def test_group_waits_for_nothing_exactly_when_it_is_due_for_deletion(
    life: lifecycle.Life, now: float, read_revision: int | None
) -> None:
    readings = [] if read_revision is None else [_reading("a", read_revision)]
    wait = _wait(life, *readings, now=now)
    proof = proof_builders.delivered(read_revision)
    is_due = lifecycle.deletion_reason(KEY, life, proof=proof, now=now) is not None
    assert (wait is not None and wait.waits_for is drain_waits.WaitsFor.NOTHING) is is_due
