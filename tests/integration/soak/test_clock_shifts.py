"""The wall clock of a process can be shifted from outside, without a change of its monotonic clock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.soak import clock_shifts

_CLOCKS = """
import sys, time
from pathlib import Path
from tests.soak import clock_shifts
from tidegate.aio import clocks

real, clock = time.time, clocks.SystemClock()
clock_shifts.install(Path(sys.argv[1]))
for line in sys.stdin:
    print(round(time.time() - real()), round(time.time_ns() / 1e9 - real()), round(clock.wall() - real()),
          round(clock.monotonic() - real()), flush=True)
"""


def test_wall_clock_follows_the_file_and_the_monotonic_clock_does_not(tmp_path: Path) -> None:
    shift = clock_shifts.Shift(tmp_path / "clock")
    command = [sys.executable, "-c", _CLOCKS, str(shift.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = []
        for offset in (0.0, 3600.0, -60.0):
            shift.move(offset)
            process.stdin.write("\n")
            seen.append(process.stdout.readline().split())
        process.stdin.close()
    assert seen == [["0", "0", "0", "0"], ["3600", "3600", "3600", "0"], ["-60", "-60", "-60", "0"]]
