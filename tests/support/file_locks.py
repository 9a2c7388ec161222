"""Locks between processes; the kernel releases the lock of a process that ends, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def held(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Wait for the lock on this file and hold it for the block; any number of processes can hold a shared lock."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def once(path: Path, do: Callable[[], object]) -> None:
    """Call `do` unless a process has already done so; `path` records that."""
    with held(path.with_name(f"{path.name}.lock")):
        if not path.exists():
            do()
            path.touch()
