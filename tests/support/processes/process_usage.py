"""Memory usage of a process, as the kernel reports it."""

from __future__ import annotations

from pathlib import Path


def resident(process: int) -> int:
    """The resident memory of this process now, in bytes."""
    return _status(process, "VmRSS")


def peak(process: int) -> int:
    """The peak resident memory of this process, in bytes."""
    return _status(process, "VmHWM")


def _status(process: int, name: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
