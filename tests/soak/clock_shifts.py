"""A wall clock that jumps, for one process alone and without any rights over the machine's clock.

The process under test is started by `launchers`, which puts another `time.time` in place: the machine's, and what a
file of eight bytes says on top. Whoever holds that file moves the clock while the process runs. The monotonic clock is
left as it is, as it is when an administrator or NTP sets a machine's time.
"""

import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path

_OFFSET = struct.Struct("<d")
_NANOSECONDS = 1_000_000_000


class Shift:
    """The file, held by whoever moves the clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0.0
        """Seconds by which the process's wall clock is ahead of the machine's."""
        path.write_bytes(_OFFSET.pack(0.0))

    def move(self, offset: float) -> None:
        """From now on, and in every later process too, the wall clock is so many seconds ahead."""
        with self.path.open("r+b") as file:
            file.write(_OFFSET.pack(offset))
        self.offset = offset


def install(path: Path) -> None:
    """Have this process read the shifted time from `time.time` and `time.time_ns` (tidegate asks nothing else)."""
    with path.open("rb") as file:
        # It stays mapped until the process ends: what is written into the file is seen at the next reading.
        seen = mmap.mmap(file.fileno(), _OFFSET.size, access=mmap.ACCESS_READ)

    def offset() -> float:
        (found,) = _OFFSET.unpack_from(seen)
        return float(found)

    seconds: Callable[[], float] = time.time
    nanoseconds: Callable[[], int] = time.time_ns
    vars(time)["time"] = lambda: seconds() + offset()
    vars(time)["time_ns"] = lambda: nanoseconds() + int(offset() * _NANOSECONDS)
