"""The soak as a command: a spoilt tidegate fails it, and an interrupted one leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import processes_by_folder
from tests.support import started_commands

pytestmark = pytest.mark.cluster

_ROOT = Path(__file__).resolve().parents[2]
_COMMAND = [sys.executable, "-m", "tests.soak", "--seed=1", "--only=drop watches"]
_SECONDS = 200.0


def test_a_gateway_that_waits_for_no_scraper_is_found_out(tmp_path: Path) -> None:
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


def test_ctrl_c_half_way_ends_all_of_it(tmp_path: Path) -> None:
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
