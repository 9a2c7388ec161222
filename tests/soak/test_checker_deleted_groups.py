"""The checker finds a live group that is not there, and tells one that was deleted from one that was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.soak import histories, history_builders

_RUNS = histories.Life("x", 0.0)


def _judge(
    samples: Mapping[float, float],
    *,
    pushed: histories.Push = history_builders.push(2.5),  # noqa: B008 - a value
    life: histories.Life = _RUNS,
    faults: Sequence[histories.Fault] = (),
    failed: Sequence[int] = (),
) -> set[str]:
    return history_builders.kinds(
        history_builders.judge(
            pushed, scraped=history_builders.scraper(samples, failed=failed), life=life, faults=faults
        )
    )


def test_a_running_jobs_group_that_is_in_every_scrape_is_well() -> None:
    assert _judge(history_builders.seen(2.5, 3, 100)) == set()


def test_one_that_is_in_no_later_scrape_was_deleted() -> None:
    assert _judge(history_builders.seen(2.5, 3, 50)) == {"deleted"}


def test_one_that_is_missing_once_was_too() -> None:
    assert _judge({at: 2.5 for at in history_builders.seen(2.5, 3, 100) if at != 50.0}) == {"deleted"}


def test_a_scrape_that_failed_proves_nothing() -> None:
    assert _judge({at: 2.5 for at in history_builders.seen(2.5, 3, 100) if at != 50.0}, failed=[50]) == set()


def test_a_strangers_group_is_for_ever() -> None:
    stranger = history_builders.push(2.5, owner=histories.NOBODY, until=histories.Until.NEVER)
    assert _judge(history_builders.seen(2.5, 3, 50), pushed=stranger) == {"deleted"}


def test_after_its_owners_end_it_may_go_and_a_scrape_that_had_begun_may_see_that() -> None:
    ended = histories.Life("x", 0.0, succeeded=50.5)
    assert _judge(history_builders.seen(2.5, 3, 49), life=ended) == set()
    assert _judge(history_builders.seen(2.5, 3, 48), life=ended) == {"deleted"}


@pytest.mark.parametrize(
    ("until", "life", "expected"),
    [
        ("end", histories.Life("x", 0.0, failed=50.0), set()),
        ("success", histories.Life("x", 0.0, failed=50.0), {"deleted"}),
        ("success", histories.Life("x", 0.0, succeeded=50.0), set()),
        ("gone", histories.Life("x", 0.0, succeeded=50.0), {"deleted"}),
        ("gone", histories.Life("x", 0.0, succeeded=40.0, gone=50.0), set()),
        ("never", histories.Life("x", 0.0, succeeded=40.0, gone=50.0), {"deleted"}),
    ],
)
def test_what_ends_a_group_is_what_its_owner_says(until: str, life: histories.Life, expected: set[str]) -> None:
    pushed = history_builders.push(2.5, until=histories.Until(until))
    assert _judge(history_builders.seen(2.5, 3, 60), pushed=pushed, life=life) == expected


def test_where_the_gateway_was_killed_meanwhile_it_was_lost() -> None:
    killed = history_builders.fault(histories.Part.GATEWAY, 50.2, 50.8)
    assert _judge(history_builders.seen(2.5, 3, 50), faults=[killed]) == {"lost"}


def test_a_kill_before_it_was_last_seen_is_not_what_took_it() -> None:
    killed = history_builders.fault(histories.Part.GATEWAY, 40.2, 40.8)
    assert _judge(history_builders.seen(2.5, 3, 50), faults=[killed]) == {"deleted"}
