"""How much memory the process has, and may have."""

from __future__ import annotations

import os
import time
from pathlib import Path

_CGROUP_FILES = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a process of the second and of the first kind of cgroups finds the limit of its own."""

_UNLIMITED = 2**60
"""Some kernels say "none" by a number larger than any machine's memory."""

_STATM = Path("/proc/self/statm")
_LOOK_SECONDS = 0.5


def allowed() -> int | None:
    """Bytes that the cgroup of this process may have; ``None`` where nothing limits it, or nothing says so."""
    for file in _CGROUP_FILES:
        try:
            text = file.read_text().strip()
        except OSError:
            continue
        if text.isdecimal() and int(text) < _UNLIMITED:
            return int(text)
    return None


class MemoryGauge:
    """Tells whether the process has come near its limit; looks twice a second at most.

    :param limit: bytes of resident memory; ``None`` for none.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._looked = float("-inf")
        self._is_short = False

    def is_short(self) -> bool:
        """Whether the process has as much as it may, or more."""
        if self._limit is None:
            return False
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._is_short = resident() >= self._limit
        return self._is_short


def resident() -> int:
    """Bytes of memory that the process has now; 0 where the system does not tell."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
