"""The checker finds groups that are deleted too late or never, and extends the limit by the duration of faults."""

from __future__ import annotations

from collections.abc import Sequence

from tests.soak import histories, history_builders

_BOUND = 20 + 5 + 10
_SINCE = 10


def _judge(last: int, *, life: histories.Life | None = None, faults: Sequence[histories.Fault] = ()) -> set[str]:
    scraped = history_builders.scraper(history_builders.seen(2.5, 3, last))
    return history_builders.kinds(
        history_builders.judge(history_builders.push(2.5), scraped=scraped, life=life, faults=faults)
    )


def test_group_deleted_within_the_limit_is_correct() -> None:
    assert _judge(_SINCE + _BOUND) == set()


def test_group_that_exists_after_the_limit_was_left() -> None:
    assert _judge(_SINCE + _BOUND + 1) == {"left"}


def test_limit_starts_at_the_last_push_if_it_is_after_the_owners_end() -> None:
    late = history_builders.push(20.5, acknowledged=None)
    scraped = history_builders.scraper({**history_builders.seen(2.5, 3, 20), **history_builders.seen(20.5, 21, 55)})
    assert history_builders.kinds(history_builders.judge(history_builders.push(2.5), late, scraped=scraped)) == set()


def test_fault_extends_the_limit_by_its_duration_and_five_seconds() -> None:
    operator = history_builders.fault(histories.Part.OPERATOR, 12.0, 22.0)
    assert _judge(_SINCE + _BOUND + 15, faults=[operator]) == set()
    assert _judge(_SINCE + _BOUND + 16, faults=[operator]) == {"left"}


def test_earlier_fault_does_not_extend_the_limit() -> None:
    operator = history_builders.fault(histories.Part.OPERATOR, 1.0, 9.0)
    assert _judge(_SINCE + _BOUND + 1, faults=[operator]) == {"left"}


def test_paused_scraper_does_not_extend_the_limit() -> None:
    paused = history_builders.fault(histories.Part.SCRAPER, 12.0, 22.0)
    assert _judge(_SINCE + _BOUND + 1, faults=[paused]) == {"left"}


def test_owner_created_and_deleted_while_the_operator_was_blind_is_unknowable() -> None:
    deleted = histories.Life("x", 2.0, succeeded=10.0, deleted=10.0)
    assert _judge(100, life=deleted, faults=[history_builders.fault(histories.Part.OPERATOR, 2.0, 11.0)]) == {
        "unknowable"
    }


def test_group_pushed_before_the_operator_was_blind_is_knowable() -> None:
    deleted = histories.Life("x", 0.0, succeeded=10.0, deleted=10.0)
    assert _judge(100, life=deleted, faults=[history_builders.fault(histories.Part.OPERATOR, 4.0, 11.0)]) == {"left"}


def test_owner_that_still_exists_afterwards_is_knowable() -> None:
    stays = histories.Life("x", 2.0, succeeded=10.0, deleted=30.0)
    assert _judge(100, life=stays, faults=[history_builders.fault(histories.Part.OPERATOR, 2.0, 11.0)]) == {"left"}
