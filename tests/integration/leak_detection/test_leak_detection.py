"""The checks in ``tests/conftest.py`` fail a test that leaves a task or a process running, or skips on CI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support import repository

ROOT = repository.ROOT


def _run(folder: Path, test: str, *, ci: str = "") -> subprocess.CompletedProcess[str]:
    """Run one test in a separate pytest process with this project's configuration and conftest."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(textwrap.dedent(test))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-c",
        str(ROOT / "pyproject.toml"),
        str(folder),
    ]
    command += ["--rootdir", str(folder), "--override-ini", f"pythonpath={ROOT / 'operator'} {ROOT}"]
    env = {**os.environ, "CI": ci}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_test_that_leaves_a_task_running_fails(tmp_path: Path) -> None:
    ran = _run(
        tmp_path,
        """
        import asyncio
        kept = []
        async def test_it():
            kept.append(asyncio.create_task(asyncio.sleep(3600)))
        """,
    )
    assert ran.returncode == 1, ran.stdout
    assert "tasks still run after the test" in ran.stdout


def test_task_that_a_fixture_cancels_is_not_a_leak(tmp_path: Path) -> None:
    ran = _run(
        tmp_path,
        """
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
    )
    assert ran.returncode == 0, ran.stdout


def test_test_that_leaves_a_process_running_fails(tmp_path: Path) -> None:
    ran = _run(
        tmp_path,
        """
        import subprocess
        kept = []
        def test_it():
            kept.append(subprocess.Popen(["sleep", "4"]))
        """,
    )
    assert ran.returncode == 1, ran.stdout
    assert "every child process" in ran.stdout


@pytest.mark.parametrize(
    "test",
    [
        pytest.param("import pytest\ndef test_it():\n    pytest.skip('not here')\n", id="one-test"),
        pytest.param("import pytest\npytest.skip('not here', allow_module_level=True)\n", id="whole-module"),
    ],
)
def test_skipped_test_fails_only_on_ci(tmp_path: Path, test: str) -> None:
    on_ci = _run(tmp_path, test, ci="true")
    assert on_ci.returncode != 0, on_ci.stdout
    assert "skipped, which fails on CI" in on_ci.stdout
    assert _run(tmp_path, test).returncode in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
