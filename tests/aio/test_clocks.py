"""The clock that tests move, and the machine's own."""

from __future__ import annotations

import asyncio

import pytest

from tidegate.aio import clocks


async def test_who_waits_for_a_moment_wakes_when_the_clock_is_moved_to_it() -> None:
    clock = clocks.MovableClock(now=100)
    waiting = asyncio.create_task(clock.wait(asyncio.Event(), until=110))
    await asyncio.sleep(0)
    clock.advance(9)
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(1)
    await asyncio.wait_for(waiting, timeout=5)
    assert clock.wall() == clock.monotonic() == 110


async def test_who_waits_wakes_with_the_event() -> None:
    clock, event = clocks.MovableClock(), asyncio.Event()
    waiting = [asyncio.create_task(clock.wait(event, until=until)) for until in (None, clock.monotonic() + 60)]
    await asyncio.sleep(0)
    event.set()
    await asyncio.wait_for(asyncio.gather(*waiting), timeout=5)


async def test_nobody_waits_for_what_has_been() -> None:
    clock, event = clocks.MovableClock(), asyncio.Event()
    await asyncio.wait_for(clock.wait(event, until=clock.monotonic()), timeout=5)
    event.set()
    await asyncio.wait_for(clock.wait(event, until=None), timeout=5)


async def test_who_is_cancelled_is_forgotten() -> None:
    clock = clocks.MovableClock()
    waiting = asyncio.create_task(clock.wait(asyncio.Event(), until=clock.monotonic() + 1))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    clock.advance(2)
    assert waiting.cancelled()


async def test_the_machines_clock_wakes_at_its_moment_and_not_before() -> None:
    clock = clocks.SystemClock()
    until = clock.monotonic() + 0.02
    await asyncio.wait_for(clock.wait(asyncio.Event(), until=until), timeout=5)
    assert clock.monotonic() >= until - 0.001


@pytest.mark.parametrize("turns", range(4))
async def test_a_cancellation_is_not_lost_when_it_comes_with_the_event(turns: int) -> None:
    event, clock = asyncio.Event(), clocks.SystemClock()

    async def work() -> None:
        await clock.wait(event, until=clock.monotonic() + 60)
        await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await _turns(3)
    event.set()
    await _turns(turns)
    working.cancel()
    _, still = await asyncio.wait({working}, timeout=5)
    working.cancel()
    assert not still


async def _turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_the_machines_steady_clock_is_near_its_wall_clock() -> None:
    clock = clocks.SystemClock()
    assert abs(clock.wall() - clock.monotonic()) < 1
