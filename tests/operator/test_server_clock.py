"""The API server's clock, learnt from its answers."""

from __future__ import annotations

import email.utils

import hypothesis
import pytest
from hypothesis import strategies

from tidegate.aio import clocks
from tidegate.operator.kube import server_clocks


def _date(seconds: float) -> str:
    return email.utils.formatdate(seconds, usegmt=True)


@hypothesis.given(
    apart=strategies.floats(-1e6, 1e6),
    pauses=strategies.lists(strategies.tuples(strategies.floats(0, 30), strategies.floats(0, 0.2)), min_size=1),
)
def test_it_is_known_within_a_second_and_an_answers_time(apart: float, pauses: list[tuple[float, float]]) -> None:
    clock = clocks.MovableClock()
    time = server_clocks.ServerClock(clock)
    for pause, answer in pauses:
        clock.advance(pause)
        asked = time.monotonic()
        clock.advance(answer)
        time.observe(_date(clock.wall() + apart), requested_at=asked)
        assert abs(time.now() - clock.wall() - apart) <= 0.7


def test_before_any_answer_our_own_clock_is_taken_for_it() -> None:
    clock = clocks.MovableClock()
    assert server_clocks.ServerClock(clock).now() == clock.wall()


def test_a_clock_that_was_set_is_followed() -> None:
    clock = clocks.MovableClock()
    time = server_clocks.ServerClock(clock)
    for apart in (0.0, 3_600.0, -3_600.0):
        time.observe(_date(clock.wall() + apart), requested_at=time.monotonic())
        assert time.now() == pytest.approx(clock.wall() + apart, abs=1.0)


@pytest.mark.parametrize("date", [None, "", "yesterday", "Wed, 99 Nov 2026 10:00:00 GMT"])
def test_an_answer_without_a_date_says_nothing(date: str | None) -> None:
    clock = clocks.MovableClock()
    time = server_clocks.ServerClock(clock)
    time.observe(date, requested_at=time.monotonic())
    assert time.now() == clock.wall()


def test_a_time_of_the_gateway_is_brought_to_it() -> None:
    clock = clocks.MovableClock(now=1_000_000)
    time = server_clocks.ServerClock(clock)
    time.observe(_date(1_003_600), requested_at=time.monotonic())
    assert time.from_gateway(500.0, gateway_now=530.0) == pytest.approx(1_003_570, abs=1.0)
