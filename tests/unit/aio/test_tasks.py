"""A set of tasks that ends with its owner."""

from __future__ import annotations

import asyncio

import pytest

from tidegate.aio import tasks


async def _fail() -> None:
    raise ValueError("broken")


async def _wait(began: asyncio.Event, *, ended: list[str]) -> None:
    began.set()
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")


async def test_failure_of_a_task_is_logged_and_does_not_end_the_others(caplog: pytest.LogCaptureFixture) -> None:
    owned, began, ended = tasks.TaskSet(), asyncio.Event(), list[str]()
    owned.start(_wait(began, ended=ended), name="waits")
    owned.start(_fail(), name="fails")
    await began.wait()
    await asyncio.sleep(0)
    assert not ended
    assert "fails failed" in caplog.text
    assert "broken" in caplog.text
    await owned.cancel()


async def test_cancelled_tasks_have_ended_when_the_call_returns() -> None:
    owned, began, ended = tasks.TaskSet(), asyncio.Event(), list[str]()
    owned.start(_wait(began, ended=ended), name="waits")
    await began.wait()
    await owned.cancel()
    assert ended == ["ended"]
    await owned.cancel()
