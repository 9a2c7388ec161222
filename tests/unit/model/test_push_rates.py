"""Push rates in half hours of the last day."""

from __future__ import annotations

import pytest

from tidegate.model import push_rates

NOW = 1_700_000_000.0
SLOT = push_rates.SLOT_SECONDS


def _counts(*ages: float, now: float = NOW) -> list[int]:
    return push_rates.with_pushes(*(now - age for age in ages)).counts(now=now)


def test_pushes_of_one_half_hour_are_counted_together() -> None:
    assert _counts(2, 1, 0)[-1] == 3


def test_oldest_half_hour_is_first() -> None:
    counts = _counts(2 * SLOT, 0)
    assert (counts[-3], counts[-2], counts[-1]) == (1, 0, 1)


def test_counts_are_dropped_after_a_day() -> None:
    push_rate = push_rates.PushRate()
    push_rate.add(NOW)
    assert not any(push_rate.counts(now=NOW + push_rates.SLOTS * SLOT))


def test_push_older_than_a_day_is_not_counted_as_new() -> None:
    push_rate = push_rates.PushRate()
    push_rate.add(NOW)
    push_rate.add(NOW + push_rates.SLOTS * SLOT)
    assert sum(push_rate.counts(now=NOW + push_rates.SLOTS * SLOT)) == 1


def test_skipped_slots_are_empty() -> None:
    push_rate = push_rates.PushRate()
    for slot in range(push_rates.SLOTS):
        push_rate.add(NOW + slot * SLOT)
    push_rate.add(NOW + (push_rates.SLOTS + 1) * SLOT)
    assert push_rate.counts(now=NOW + (push_rates.SLOTS + 1) * SLOT) == [1] * (push_rates.SLOTS - 2) + [0, 1]


def test_count_of_a_slot_is_limited() -> None:
    assert _counts(*[0] * 1_000)[-1] == 255


def test_a_clock_that_is_set_back_leaves_no_push_in_the_future() -> None:
    push_rate = push_rates.PushRate()
    push_rate.add(NOW)
    push_rate.add(NOW - SLOT)
    assert push_rate.counts(now=NOW)[-2:] == [1, 0]


@pytest.mark.parametrize("age", [0, SLOT, 47 * SLOT, 48 * SLOT, 480 * SLOT, -SLOT])
def test_single_push_has_the_same_counts_as_a_push_rate(age: float) -> None:
    assert push_rates.single_push(NOW - age, now=NOW) == _counts(age)


def test_a_group_never_pushed_has_no_pushes() -> None:
    assert not any(push_rates.single_push(0.0, now=NOW))
