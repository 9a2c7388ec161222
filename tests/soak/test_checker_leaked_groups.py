"""The checker finds a group that was left past the bound, and adds to the bound what faults took."""

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


def test_a_group_that_goes_within_the_bound_is_well() -> None:
    assert _judge(_SINCE + _BOUND) == set()


def test_one_that_is_there_later_was_left() -> None:
    assert _judge(_SINCE + _BOUND + 1) == {"left"}


def test_the_last_push_counts_where_it_came_after_the_end() -> None:
    late = history_builders.push(20.5, answered=None)
    scraped = history_builders.scraper({**history_builders.seen(2.5, 3, 20), **history_builders.seen(20.5, 21, 55)})
    assert history_builders.kinds(history_builders.judge(history_builders.push(2.5), late, scraped=scraped)) == set()


def test_the_time_of_a_fault_and_five_seconds_more_are_added() -> None:
    operator = history_builders.fault(histories.Part.OPERATOR, 12.0, 22.0)
    assert _judge(_SINCE + _BOUND + 15, faults=[operator]) == set()
    assert _judge(_SINCE + _BOUND + 16, faults=[operator]) == {"left"}


def test_a_fault_that_was_over_before_adds_nothing() -> None:
    operator = history_builders.fault(histories.Part.OPERATOR, 1.0, 9.0)
    assert _judge(_SINCE + _BOUND + 1, faults=[operator]) == {"left"}


def test_a_paused_scraper_adds_nothing() -> None:
    paused = history_builders.fault(histories.Part.SCRAPER, 12.0, 22.0)
    assert _judge(_SINCE + _BOUND + 1, faults=[paused]) == {"left"}


def test_what_came_and_went_while_the_operator_was_blind_nobody_could_know() -> None:
    gone = histories.Life("x", 2.0, succeeded=10.0, gone=10.0)
    assert _judge(100, life=gone, faults=[history_builders.fault(histories.Part.OPERATOR, 2.0, 11.0)]) == {"unknowable"}


def test_of_what_was_pushed_before_it_knew() -> None:
    gone = histories.Life("x", 0.0, succeeded=10.0, gone=10.0)
    assert _judge(100, life=gone, faults=[history_builders.fault(histories.Part.OPERATOR, 4.0, 11.0)]) == {"left"}


def test_what_is_still_there_to_be_seen_it_can_know() -> None:
    stays = histories.Life("x", 2.0, succeeded=10.0, gone=30.0)
    assert _judge(100, life=stays, faults=[history_builders.fault(histories.Part.OPERATOR, 2.0, 11.0)]) == {"left"}
