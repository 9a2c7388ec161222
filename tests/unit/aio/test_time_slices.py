"""Long work lets other tasks run when its time slice is used up, and not before."""

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


async def test_no_other_task_runs_within_a_time_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_slices, "SLICE_SECONDS", 1_000.0)
    assert await _others_ran_during(100) == 0


async def test_other_tasks_run_once_after_each_time_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_slices, "SLICE_SECONDS", 0.0)
    assert await _others_ran_during(100) == 100
