"""Memory of the process, and its limit."""

from __future__ import annotations

import os
import time
from pathlib import Path

_CGROUP_FILES = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Files with the limit of the process's own cgroup, of cgroups v2 and v1."""

_UNLIMITED = 2**60
"""Some kernels report no limit as a number larger than any machine's memory."""

_STATM = Path("/proc/self/statm")
_REFRESH_SECONDS = 0.5


def allowed() -> int | None:
    """The limit of the process's cgroup in bytes; ``None`` if there is none or it cannot be read."""
    for file in _CGROUP_FILES:
        try:
            text = file.read_text().strip()
        except OSError:
            continue
        if text.isdecimal() and int(text) < _UNLIMITED:
            return int(text)
    return None


class MemoryGauge:
    """Compares the resident memory with a limit. It is read at most twice a second.

    :param limit: bytes of resident memory; ``None`` for no limit.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._refreshed = float("-inf")
        self._is_short = False

    def is_short(self) -> bool:
        """Whether the resident memory has reached the limit."""
        if self._limit is None:
            return False
        now = time.monotonic()
        if now - self._refreshed >= _REFRESH_SECONDS:
            self._refreshed = now
            self._is_short = resident() >= self._limit
        return self._is_short


def resident() -> int:
    """Resident memory of the process in bytes; 0 if the system does not report it."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
