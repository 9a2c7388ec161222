"""The nets of ``tests/conftest.py``, tried on a test that deserves each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _run(folder: Path, test: str, *, ci: str = "") -> subprocess.CompletedProcess[str]:
    """Run that one test in a pytest of its own, with this tree's settings and nets."""
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


def test_a_task_that_outlives_its_test_fails_it(tmp_path: Path) -> None:
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
    assert "tasks outlive the test" in ran.stdout


def test_a_task_that_a_fixture_ends_is_no_leftover(tmp_path: Path) -> None:
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


def test_a_process_that_outlives_its_test_fails_it(tmp_path: Path) -> None:
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
def test_a_skip_fails_on_ci_only(tmp_path: Path, test: str) -> None:
    on_ci = _run(tmp_path, test, ci="true")
    assert on_ci.returncode != 0, on_ci.stdout
    assert "skipped, which fails on CI" in on_ci.stdout
    assert _run(tmp_path, test).returncode in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
