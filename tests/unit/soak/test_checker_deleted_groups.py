"""The checker finds a missing live group, and distinguishes deleted groups from lost ones."""

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


def test_running_jobs_group_in_every_scrape_is_correct() -> None:
    assert _judge(history_builders.seen(2.5, 3, 100)) == set()


def test_live_group_missing_from_all_later_scrapes_was_deleted() -> None:
    assert _judge(history_builders.seen(2.5, 3, 50)) == {"deleted"}


def test_live_group_missing_from_one_scrape_was_deleted() -> None:
    assert _judge({at: 2.5 for at in history_builders.seen(2.5, 3, 100) if at != 50.0}) == {"deleted"}


def test_failed_scrape_proves_nothing() -> None:
    assert _judge({at: 2.5 for at in history_builders.seen(2.5, 3, 100) if at != 50.0}, failed=[50]) == set()


def test_unowned_group_must_never_be_deleted() -> None:
    unowned = history_builders.push(2.5, owner=histories.NOBODY, until=histories.Until.NEVER)
    assert _judge(history_builders.seen(2.5, 3, 50), pushed=unowned) == {"deleted"}


def test_group_may_be_deleted_after_its_owners_end_even_for_a_scrape_in_progress() -> None:
    ended = histories.Life("x", 0.0, succeeded=50.5)
    assert _judge(history_builders.seen(2.5, 3, 49), life=ended) == set()
    assert _judge(history_builders.seen(2.5, 3, 48), life=ended) == {"deleted"}


@pytest.mark.parametrize(
    ("until", "life", "expected"),
    [
        ("end", histories.Life("x", 0.0, failed=50.0), set()),
        ("success", histories.Life("x", 0.0, failed=50.0), {"deleted"}),
        ("success", histories.Life("x", 0.0, succeeded=50.0), set()),
        ("deleted", histories.Life("x", 0.0, succeeded=50.0), {"deleted"}),
        ("deleted", histories.Life("x", 0.0, succeeded=40.0, deleted=50.0), set()),
        ("never", histories.Life("x", 0.0, succeeded=40.0, deleted=50.0), {"deleted"}),
    ],
)
def test_owner_determines_which_event_ends_its_group(until: str, life: histories.Life, expected: set[str]) -> None:
    pushed = history_builders.push(2.5, until=histories.Until(until))
    assert _judge(history_builders.seen(2.5, 3, 60), pushed=pushed, life=life) == expected


def test_group_missing_after_a_kill_of_the_gateway_was_lost() -> None:
    killed = history_builders.fault(histories.Part.GATEWAY, 50.2, 50.8)
    assert _judge(history_builders.seen(2.5, 3, 50), faults=[killed]) == {"lost"}


def test_kill_before_the_last_sighting_does_not_explain_a_missing_group() -> None:
    killed = history_builders.fault(histories.Part.GATEWAY, 40.2, 40.8)
    assert _judge(history_builders.seen(2.5, 3, 50), faults=[killed]) == {"deleted"}
