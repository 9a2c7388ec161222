"""The times of pushes differ so much that a database with rounded numbers cannot confuse them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.store import store_builders
from tidegate.aio import clocks
from tidegate.prometheus import push_time_query
from tidegate.store import group_states

_START = 1_733_000_000.0
_ALMOST = 0.99
"""Share of a step that is left after rounding: a float of this size has a resolution of 0.2 µs."""


def _push_times(steps: list[float], *, groups: int) -> list[float]:
    """The times of pushes to these groups in turn; the clock changes by a step before each."""
    clock = clocks.MovableClock(now=_START)
    store = store_builders.store(clock=clock)
    times = []
    for number, step in enumerate(steps):
        clock.advance(step)
        key = store_builders.key(job=str(number % groups))
        pushed = store_builders.family("x", store_builders.number(number))
        store_builders.done(store.push(key, pushed, replace=True))
        summary = store.summary(key)
        assert summary is not None
        times.append(summary.push_time)
    return times


@given(st.lists(st.sampled_from([0.0, 0.0, 1e-6, 1e-5, 5e-5, 0.1, -1e-5, -0.05]), max_size=40), st.integers(1, 3))
def test_no_two_pushes_have_times_that_a_database_could_confuse(steps: list[float], groups: int) -> None:
    times = sorted(_push_times(steps, groups=groups))
    for earlier, later in itertools.pairwise(times):
        assert later - earlier >= _ALMOST * group_states.PUSH_TIME_STEP > push_time_query.TOLERANCE


def test_push_has_the_time_of_the_clock_if_the_clock_moves() -> None:
    expected = [_START, _START + 0.001, _START + 0.002]
    assert _push_times([0.0, 0.001, 0.001], groups=1) == pytest.approx(expected, rel=0.0, abs=1e-6)


def test_push_has_the_time_of_the_clock_after_the_clock_was_set_back() -> None:
    assert _push_times([0.0, -3_600.0], groups=1) == [_START, _START - 3_600.0]
