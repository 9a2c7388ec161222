"""The clock of the API server, estimated from its responses."""

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
def test_clock_is_estimated_to_within_a_second_and_the_response_time(
    apart: float, pauses: list[tuple[float, float]]
) -> None:
    clock = clocks.MovableClock()
    time = server_clocks.ServerClock(clock)
    for pause, response_time in pauses:
        clock.advance(pause)
        requested_at = time.monotonic()
        clock.advance(response_time)
        time.observe(_date(clock.wall() + apart), requested_at=requested_at)
        assert abs(time.now() - clock.wall() - apart) <= 0.7


def test_local_clock_is_used_before_the_first_response() -> None:
    clock = clocks.MovableClock()
    assert server_clocks.ServerClock(clock).now() == clock.wall()


def test_adjusted_clock_is_followed() -> None:
    clock = clocks.MovableClock()
    time = server_clocks.ServerClock(clock)
    for apart in (0.0, 3_600.0, -3_600.0):
        time.observe(_date(clock.wall() + apart), requested_at=time.monotonic())
        assert time.now() == pytest.approx(clock.wall() + apart, abs=1.0)


@pytest.mark.parametrize("date", [None, "", "yesterday", "Wed, 99 Nov 2026 10:00:00 GMT"])
def test_response_without_a_valid_date_is_ignored(date: str | None) -> None:
    clock = clocks.MovableClock()
    time = server_clocks.ServerClock(clock)
    time.observe(date, requested_at=time.monotonic())
    assert time.now() == clock.wall()


def test_time_of_the_gateway_is_converted() -> None:
    clock = clocks.MovableClock(now=1_000_000)
    time = server_clocks.ServerClock(clock)
    time.observe(_date(1_003_600), requested_at=time.monotonic())
    assert time.from_gateway(500.0, gateway_now=530.0) == pytest.approx(1_003_570, abs=1.0)
