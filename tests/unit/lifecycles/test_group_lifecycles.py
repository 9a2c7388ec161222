"""Lives of groups: some hundreds at random, the same ones each time, and those in which a fault was found.

``make explore`` tries random ones until it is stopped, and prints a life that fails as a test for this file.
"""

from __future__ import annotations

import logging

import pytest

from tests.unit.lifecycles import group_lifecycle_machine, random_steps
from tidegate.model import lifecycle

_JOBS = ("one", "one, second job")
"""Two scrape jobs of one server, which look alike."""

_LIVES = 100
"""Lives a test."""


@pytest.mark.parametrize(
    "first",
    [
        *range(0, 4 * _LIVES, _LIVES),
        *(pytest.param(first, marks=pytest.mark.long) for first in range(4 * _LIVES, 40 * _LIVES, _LIVES)),
    ],
)
def test_random_lives_violate_no_guarantee(first: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    explorer = random_steps.Explorer(group_lifecycle_machine.GroupLife)
    for seed in range(first, first + _LIVES):
        drawn = explorer.draw(seed)
        failure = explorer.failure(drawn)
        if failure is not None:
            pytest.fail(explorer.as_test(explorer.shrunk(drawn), failure=failure, seed=seed))


def test_a_scraper_seen_twice_within_a_moment_and_once_after_a_restart_is_waited_for(
    life: group_lifecycle_machine.GroupLife,
) -> None:
    life.the_operator_starts_anew()
    life.begin_a_scrape(name="one")
    life.time_passes(seconds=1.0)
    life.begin_a_scrape(name="one")
    life.the_gateway_is_killed_and_comes_back(seconds=50.0)
    life.begin_a_scrape(name="one")
    life.time_passes(seconds=7.0)
    life.a_job_pushes_and_ends_at_once(
        name="x", namespace="prod", cleanup="on-completion", annotated=False, drain_timeout=300.0, succeeded=True
    )
    life.the_operator_lists_all()
    life.scrape_all_at_once(name="two")
    assert life.deletions() == []


def test_inactive_scraper_does_not_delay_a_drained_group(
    life: group_lifecycle_machine.GroupLife,
) -> None:
    life.the_operator_starts_anew()
    life.scrape_regularly(name="one", interval=15.0, times=9)
    life.time_passes(seconds=20.0)
    life.a_job_pushes_and_ends_at_once(
        name="x", namespace="prod", cleanup="on-completion", annotated=False, drain_timeout=300.0, succeeded=True
    )
    life.the_operator_lists_all()
    for _ in range(2):
        life.scrape_all_at_once(name="two")
    assert life.deletions() == []
    life.time_passes(seconds=280.0)
    assert life.deletions() == [lifecycle.DeletionReason.INGESTED]


def test_push_in_the_last_second_of_the_grace_period_may_keep_its_group(
    life: group_lifecycle_machine.GroupLife,
) -> None:
    life.the_operator_runs_for_as_long_as_a_group_may_outlive_its_owners()
    life.a_job_pushes_and_ends_at_once(
        name="x", namespace="prod", cleanup="on-completion", annotated=False, drain_timeout=90.0, succeeded=True
    )
    for _ in range(3):
        life.time_passes(seconds=20.0)
    life.push_by_a_stranger(key=0, ttl=None)
    life.the_operator_runs_for_as_long_as_a_group_may_outlive_its_owners()


def test_group_pushed_by_pods_of_two_jobs_stays_until_both_have_finished(
    life: group_lifecycle_machine.GroupLife,
) -> None:
    life.the_operator_starts_anew()
    for name in ("x", "y"):
        life.create(name=name, namespace="prod", cleanup="on-completion", annotated=False, drain_timeout=90.0)
    life.the_operator_lists_all()
    life.two_pods_push_at_once_and_the_job_of_the_last_push_ends_and_all_is_scraped(which=0, succeeded=True, name="one")
    assert life.deletions() == []
    life.finish(which=0, succeeded=True)
    life.the_operator_lists_all()
    life.scrape_all_at_once(name="one")
    assert life.deletions() == [lifecycle.DeletionReason.INGESTED]


def _a_job_ends_that_two_scrape_jobs_read(life: group_lifecycle_machine.GroupLife) -> None:
    life.the_operator_starts_anew()
    for name in _JOBS:
        life.scrape_all_at_once(name=name)
    life.a_job_pushes_and_ends_at_once(
        name="x", namespace="prod", cleanup="on-completion", annotated=False, drain_timeout=300.0, succeeded=True
    )
    life.the_operator_lists_all()


def test_group_waits_for_every_scrape_job_of_one_server(life: group_lifecycle_machine.GroupLife) -> None:
    _a_job_ends_that_two_scrape_jobs_read(life)
    for _ in range(3):
        life.scrape_all_at_once(name=_JOBS[0])
    assert life.deletions() == []
    for _ in range(2):
        life.scrape_all_at_once(name=_JOBS[1])
    assert life.deletions() == [lifecycle.DeletionReason.INGESTED]


def test_group_waits_for_every_scrape_job_after_the_connections_of_all_have_ended(
    life: group_lifecycle_machine.GroupLife,
) -> None:
    _a_job_ends_that_two_scrape_jobs_read(life)
    life.scrape_all_at_once(name=_JOBS[0])
    for name in (_JOBS[1], _JOBS[0], _JOBS[1]):
        life.every_connection_ends_and_one_scrape_loop_continues(name=name, times=1)
    assert life.deletions() == []


def test_group_is_kept_if_its_scraper_is_killed_before_it_has_stored_the_scrape(
    life: group_lifecycle_machine.GroupLife,
) -> None:
    life.the_operator_starts_anew()
    life.scrape_all_at_once(name="two")
    life.a_job_pushes_and_ends_at_once(
        name="x", namespace="prod", cleanup="on-completion", annotated=False, drain_timeout=300.0, succeeded=True
    )
    life.the_operator_lists_all()
    life.a_scraper_is_killed_while_it_stores_a_scrape_and_comes_back(name="two", times=1)
    assert life.deletions() == []
    life.scrape_all_at_once(name="two")
    assert life.deletions() == [lifecycle.DeletionReason.INGESTED]
