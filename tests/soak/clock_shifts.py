"""Shifts the wall clock of a single process, without rights to set the machine's clock.

`clock_launcher` starts the process under test and replaces its `time.time`: it returns the machine's time plus the
offset in a file of eight bytes, which another process can change at any time. The monotonic clock does not change,
just as when an administrator or NTP sets a machine's time.
"""

import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path

_OFFSET = struct.Struct("<d")
_NANOSECONDS = 1_000_000_000


class Shift:
    """The file with the offset, held by the process that shifts the clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0.0
        """Seconds by which the process's wall clock is ahead of the machine's."""
        path.write_bytes(_OFFSET.pack(0.0))

    def move(self, offset: float) -> None:
        """Set the wall clock this many seconds ahead, for the current process and all later ones."""
        with self.path.open("r+b") as file:
            file.write(_OFFSET.pack(offset))
        self.offset = offset


def install(path: Path) -> None:
    """Replace `time.time` and `time.time_ns`, the only wall clocks that tidegate reads, in this process."""
    with path.open("rb") as file:
        # The mapping lasts until the process ends, so that the next reading sees a new offset.
        seen = mmap.mmap(file.fileno(), _OFFSET.size, access=mmap.ACCESS_READ)

    def offset() -> float:
        (found,) = _OFFSET.unpack_from(seen)
        return float(found)

    seconds: Callable[[], float] = time.time
    nanoseconds: Callable[[], int] = time.time_ns
    vars(time)["time"] = lambda: seconds() + offset()
    vars(time)["time_ns"] = lambda: nanoseconds() + int(offset() * _NANOSECONDS)
