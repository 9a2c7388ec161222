"""The child processes of this process, as the kernel lists them."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc")


def alive() -> frozenset[int]:
    """The ids of all children that still run, without those that have ended and are not yet reaped.

    The result is empty on a kernel that does not list children (only Linux does).
    """
    # The kernel lists them under the thread that started them.
    listed = " ".join(_text(path) for path in _PROC.glob("self/task/*/children"))
    return frozenset(int(child) for child in listed.split() if _runs(child))


def _runs(child: str) -> bool:
    # The name, in parentheses, can contain any character; the state follows the last parenthesis.
    state = _text(_PROC / child / "stat").rpartition(")")[2].split()[:1]
    return state not in ([], ["Z"])


def _text(path: Path) -> str:
    """The text of the file; empty if its thread or process has just ended."""
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
