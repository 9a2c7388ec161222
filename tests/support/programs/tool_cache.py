"""The folder in which programs, libraries and images are kept that take long to build or to fetch."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import progress


def cache_root() -> Path:
    """`tidegate` below `XDG_CACHE_HOME`, or below `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    root = Path(base) / "tidegate"
    root.mkdir(parents=True, exist_ok=True)
    return root


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Lock `folder` so that only one process builds it; the next one waits and finds it built."""
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"waiting: another process is making {folder.name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def installing(folder: Path) -> Iterator[Path]:
    """A draft folder that is renamed to `folder` if the block succeeds, and deleted if it fails."""
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        draft.chmod(0o755)
        yield draft
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
