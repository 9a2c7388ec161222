"""The soak command fails for a sabotaged tidegate, and leaves no process behind when it is interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import repository
from tests.support.processes import processes_by_folder, started_commands

_ROOT = repository.ROOT
_COMMAND = [sys.executable, "-m", "tests.soak", "--seed=1", "--only=drop watches"]
_SECONDS = 200.0

pytestmark = pytest.mark.long


def test_soak_detects_a_gateway_that_does_not_wait_for_scrapers(tmp_path: Path) -> None:
    done = subprocess.run(
        [*_COMMAND, "--minutes=0.3", "--jobs=40", "--sabotage=impatient"],
        cwd=_ROOT,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )

    assert done.returncode == 1, done.stdout + done.stderr
    missed = re.search(r"^final values missed +(\d+)$", done.stdout, re.MULTILINE)
    assert missed is not None
    assert int(missed[1]) > 0
    assert processes_by_folder.belonging_to(tmp_path) == []


def test_ctrl_c_during_the_soak_stops_every_process(tmp_path: Path) -> None:
    with started_commands.started(_COMMAND, environment=_environment(tmp_path)) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "Jobs so far" in line:
                break
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 130

    assert processes_by_folder.belonging_to(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder)}
