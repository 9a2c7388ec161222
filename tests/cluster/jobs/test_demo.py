"""``make demo`` shows the cleanup and ends by itself; if it is interrupted, it leaves no process behind."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.demo import demo_environment
from tests.support import repository
from tests.support.processes import processes_by_folder, started_commands

_ROOT = repository.ROOT
_COMMAND = [sys.executable, "-m", "tests.demo"]
_SECONDS = 150.0


@pytest.mark.long
def test_demo_shows_every_final_value_in_prometheus_and_ends(tmp_path: Path) -> None:
    done = subprocess.run(
        _COMMAND, cwd=_ROOT, env=_environment(tmp_path), capture_output=True, text=True, timeout=_SECONDS, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for expected in demo_environment.JOBS:
        assert f"ok     {expected.selector}: final value {expected.final}" in done.stdout
    assert "groups deleted unread, by timeout: 0" in done.stdout
    assert processes_by_folder.belonging_to(tmp_path) == []


def test_demo_that_stays_up_shows_every_final_value_and_stops_at_ctrl_c(tmp_path: Path) -> None:
    with started_commands.started(_COMMAND, environment={**_environment(tmp_path), "KEEP": "1"}) as run:
        assert run.stdout is not None
        lines = []
        for line in run.stdout:
            lines.append(line)
            if "export KUBECONFIG" in line:
                break
        printed = "".join(lines)
        for expected in demo_environment.JOBS:
            assert f"ok     {expected.selector}: final value {expected.final}" in printed
        addresses = re.findall(r"(?:gateway|operator|Prometheus) +(http://\S+)", printed)
        assert [_responds(address) for address in addresses] == [True, True, True]
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 0

    assert [_responds(address) for address in addresses] == [False, False, False]
    assert processes_by_folder.belonging_to(tmp_path) == []


@pytest.mark.long
def test_ctrl_c_during_the_demo_stops_every_process(tmp_path: Path) -> None:
    with started_commands.started(_COMMAND, environment=_environment(tmp_path)) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "kubectl apply" in line:
                break
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=30) == 130

    assert processes_by_folder.belonging_to(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder)}


def _responds(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=10):
            return True
    except (OSError, urllib.error.URLError):
        return False
