"""Checks for every test: on CI no test is skipped, and no test leaves a task or a process running."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Generator, Iterator

import hypothesis
import pytest

from tests.support import waiting
from tests.support.processes import child_processes

pytest_plugins = ["tests.support.kubernetes.cluster_fixtures"]

hypothesis.settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    # Deadlines and the check for slow generation measure the machine, not the code: they fail tests on a busy one.
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("random", hypothesis.settings.get_profile("repeatable"), derandomize=False)
hypothesis.settings.load_profile("repeatable")

_WITH_SESSION_PROCESSES = {"cluster", "own_cluster"}
"""Fixtures of tests whose components may outlast the test."""
CLEANUP_SECONDS = 20.0
"""Seconds until the tasks and processes of a test must have ended after the test."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test on CI, where every test must run."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _fail_on_ci(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that is skipped as a whole on CI."""
    report = yield
    if report.skipped:
        _fail_on_ci(report)
    return report


def _fail_on_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, which fails on CI: {report.longrepr}"


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test if its tasks or child processes still run after it and its fixtures.

    For tests with processes of the session, processes are checked after the session only: tests may restart them.
    """
    if inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        request.getfixturevalue("_no_task_left")
    before = child_processes.alive()
    yield
    if not _WITH_SESSION_PROCESSES & set(request.fixturenames):
        _expect_no_children_beyond(before)


@pytest.fixture
async def _no_task_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=CLEANUP_SECONDS)
    assert not left, f"tasks still run after the test: {left}"


@pytest.fixture(scope="session", autouse=True)
def _no_process_left() -> Iterator[None]:
    before = child_processes.alive()
    yield
    _expect_no_children_beyond(before)


def _expect_no_children_beyond(before: frozenset[int]) -> None:
    waiting.eventually(
        lambda: not (child_processes.alive() - before),
        why="the end of every child process",
        timeout=CLEANUP_SECONDS,
    )
