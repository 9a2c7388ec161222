"""The checks in ``tests/conftest.py`` fail a test that leaves a task or a process running, or skips on CI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support import repository

ROOT = repository.ROOT

_TESTS = {
    "test_task": """
import asyncio
kept = []
async def test_it():
    kept.append(asyncio.create_task(asyncio.sleep(3600)))
""",
    "test_cancelled_task": """
import asyncio
import pytest
@pytest.fixture
async def server():
    task = asyncio.create_task(asyncio.sleep(3600))
    yield task
    task.cancel()
async def test_it(server):
    assert not server.done()
""",
    "test_process": """
import subprocess
kept = []
def test_it():
    kept.append(subprocess.Popen(["sleep", "3600"]))
def test_end():
    process = kept.pop()
    process.kill()
    process.wait()
""",
    "test_skipped": """
import pytest
def test_it():
    pytest.skip('not here')
""",
    "test_skipped_module": """
import pytest
pytest.skip('not here', allow_module_level=True)
""",
}
"""Each module has a test with the behavior that its name states."""


def _start(folder: Path, *, ci: str) -> subprocess.Popen[str]:
    """Start all tests in a separate pytest process with this project's configuration and conftest."""
    folder.mkdir()
    checks = (ROOT / "tests" / "conftest.py").read_text()
    (folder / "conftest.py").write_text(re.sub(r"CLEANUP_SECONDS = [\d.]+", "CLEANUP_SECONDS = 0.5", checks))
    for name, test in _TESTS.items():
        (folder / f"{name}.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    command += ["--continue-on-collection-errors", "--rootdir", str(folder), str(folder)]
    command += ["--override-ini", f"pythonpath={ROOT / 'operator'} {ROOT}"]
    # A worker of xdist has set variables that would make this run a worker, too.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.Popen(
        command, cwd=folder, env={**inherited, "CI": ci}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The output of a run on CI, and of one elsewhere; both run at the same time."""
    folder = tmp_path_factory.mktemp("leaks")
    runs = {name: _start(folder / name, ci=ci) for name, ci in (("ci", "true"), ("elsewhere", ""))}
    return {name: run.communicate(timeout=120)[0] for name, run in runs.items()}


def _outcomes(report: str, module: str) -> set[str]:
    """The outcomes of the module and its test in the summary of a run."""
    return set(re.findall(rf"(?m)^([A-Z]+) (?:\[1\] )?{module}\.py", report))


def test_test_that_leaves_a_task_running_fails(reports: Mapping[str, str]) -> None:
    assert _outcomes(reports["elsewhere"], "test_task") == {"PASSED", "ERROR"}
    assert "tasks still run after the test" in reports["elsewhere"]


def test_task_that_a_fixture_cancels_is_not_a_leak(reports: Mapping[str, str]) -> None:
    assert _outcomes(reports["elsewhere"], "test_cancelled_task") == {"PASSED"}


def test_test_that_leaves_a_process_running_fails(reports: Mapping[str, str]) -> None:
    assert _outcomes(reports["elsewhere"], "test_process") == {"PASSED", "ERROR"}
    assert "every child process" in reports["elsewhere"]


@pytest.mark.parametrize("module", ["test_skipped", "test_skipped_module"])
def test_skipped_test_fails_only_on_ci(reports: Mapping[str, str], module: str) -> None:
    assert _outcomes(reports["ci"], module) & {"FAILED", "ERROR"}
    assert "skipped, which fails on CI" in reports["ci"]
    assert _outcomes(reports["elsewhere"], module) == {"SKIPPED"}
