"""Finds processes of this machine by the folder that they use."""

from pathlib import Path


def belonging_to(folder: Path | str) -> list[int]:
    """The ids of the processes that run below `folder`, or any part of a path, or have it in their command line."""
    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if _belongs(process, str(folder))]


def _belongs(process: Path, folder: str) -> bool:
    try:
        return folder in str((process / "cwd").readlink()) or folder.encode() in (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False  # it has just ended, or it belongs to another user
