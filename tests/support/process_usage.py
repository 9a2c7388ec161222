"""What a process takes, as the kernel tells it."""

from __future__ import annotations

from pathlib import Path


def resident(process: int) -> int:
    """Bytes of memory that this process has now."""
    return _status(process, "VmRSS")


def peak(process: int) -> int:
    """The most bytes of memory that this process has ever had at once."""
    return _status(process, "VmHWM")


def _status(process: int, name: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
