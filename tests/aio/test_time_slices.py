"""Long work lets others run when its turn is over, and not before."""

from __future__ import annotations

import asyncio

import pytest

from tidegate.aio import time_slices


async def _others_ran_during(steps: int) -> int:
    ran = 0

    async def other() -> None:
        nonlocal ran
        while True:
            ran += 1
            await time_slices.yield_to_others()

    task = asyncio.create_task(other())
    time_slice = time_slices.TimeSlice()
    for _ in range(steps):
        await time_slice.step()
    task.cancel()
    return ran


async def test_steps_within_a_turn_let_nobody_else_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_slices, "SLICE_SECONDS", 1_000.0)
    assert await _others_ran_during(100) == 0


async def test_after_each_turn_others_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_slices, "SLICE_SECONDS", 0.0)
    assert await _others_ran_during(100) == 100
