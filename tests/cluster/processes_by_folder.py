"""Processes of this machine, found by the folder that they belong to."""

from pathlib import Path


def belonging_to(folder: Path | str) -> list[int]:
    """The ids of the processes that work below `folder` or name it in their command line; `folder` may be a part."""
    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if _belongs(process, str(folder))]


def _belongs(process: Path, folder: str) -> bool:
    try:
        return folder in str((process / "cwd").readlink()) or folder.encode() in (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False  # it has just ended, or it is somebody else's
