"""The clock for tests, and the clock of the system."""

from __future__ import annotations

import asyncio

import pytest

from tidegate.aio import clocks


async def test_wait_returns_when_the_clock_is_advanced_to_its_time() -> None:
    clock = clocks.MovableClock(now=100)
    waiting = asyncio.create_task(clock.wait(asyncio.Event(), until=110))
    await asyncio.sleep(0)
    clock.advance(9)
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(1)
    await asyncio.wait_for(waiting, timeout=60)
    assert clock.wall() == clock.monotonic() == 110


async def test_wait_returns_when_the_event_is_set() -> None:
    clock, event = clocks.MovableClock(), asyncio.Event()
    waiting = [asyncio.create_task(clock.wait(event, until=until)) for until in (None, clock.monotonic() + 60)]
    await asyncio.sleep(0)
    event.set()
    await asyncio.wait_for(asyncio.gather(*waiting), timeout=60)


async def test_wait_returns_at_once_for_a_past_time_and_a_set_event() -> None:
    clock, event = clocks.MovableClock(), asyncio.Event()
    await asyncio.wait_for(clock.wait(event, until=clock.monotonic()), timeout=60)
    event.set()
    await asyncio.wait_for(clock.wait(event, until=None), timeout=60)


async def test_cancelled_wait_is_removed() -> None:
    clock = clocks.MovableClock()
    waiting = asyncio.create_task(clock.wait(asyncio.Event(), until=clock.monotonic() + 1))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    clock.advance(2)
    assert waiting.cancelled()


async def test_system_clock_does_not_wake_before_the_time() -> None:
    clock = clocks.SystemClock()
    until = clock.monotonic() + 0.02
    await asyncio.wait_for(clock.wait(asyncio.Event(), until=until), timeout=60)
    assert clock.monotonic() >= until - 0.001


@pytest.mark.parametrize("rounds", range(4))
async def test_cancellation_is_not_lost_when_it_comes_with_the_event(rounds: int) -> None:
    event, clock = asyncio.Event(), clocks.SystemClock()

    async def work() -> None:
        await clock.wait(event, until=clock.monotonic() + 60)
        await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await _run_loop(3)
    event.set()
    await _run_loop(rounds)
    working.cancel()
    _, pending = await asyncio.wait({working}, timeout=60)
    working.cancel()
    assert not pending


async def _run_loop(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_monotonic_time_of_the_system_clock_starts_at_the_wall_clock_time() -> None:
    clock = clocks.SystemClock()
    assert abs(clock.wall() - clock.monotonic()) < 1
