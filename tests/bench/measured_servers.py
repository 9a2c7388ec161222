"""The measured servers, and their resource usage according to the kernel."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.support.processes import managed_processes, process_usage, tidegate_processes
from tests.support.pushgateway import pushgateway_servers

UNCHECKED = ("--push.disable-consistency-check",)
"""Flags for Pushgateway's fast mode, in which a single bad push breaks every scrape."""

_TICKS = os.sysconf("SC_CLK_TCK")
_MEMORY_BYTES = 16 * 1024**3


class Server(Protocol):
    """A push gateway process on loopback."""

    @property
    def port(self) -> int: ...

    @property
    def process(self) -> managed_processes.Process: ...


class Sides(NamedTuple):
    """Both servers."""

    ours: Server
    theirs: Server


@contextlib.contextmanager
def tidegate(folder: Path, *, file: Path | None = None, fsync: str = "checkpoint") -> Iterator[Server]:
    """tidegate with default flags, optionally with a persistence file."""
    persistence = () if file is None else (f"--persistence.file={file}", f"--persistence.fsync={fsync}")
    with tidegate_processes.serving(_fresh(folder), arguments=persistence) as gateway:
        yield gateway


@contextlib.contextmanager
def pushgateway(program: Path, folder: Path, *, flags: Sequence[str] = ()) -> Iterator[Server]:
    """Pushgateway with these flags."""
    server = pushgateway_servers.Pushgateway(program, folder=_fresh(folder), flags=flags, memory_bytes=_MEMORY_BYTES)
    try:
        server.start()
        yield server
    finally:
        server.process.stop(grace=60.0)


@contextlib.contextmanager
def both(program: Path, folder: Path, *, flags: Sequence[str] = ()) -> Iterator[Sides]:
    """tidegate, and Pushgateway with these flags."""
    with tidegate(folder) as ours, pushgateway(program, folder, flags=flags) as theirs:
        yield Sides(ours, theirs)


def cpu_seconds(server: Server) -> float:
    """Processor time that a server has used so far, in user and kernel mode."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident(process: managed_processes.Process) -> int:
    """The resident memory of a process now, in bytes."""
    return process_usage.resident(process.pid)


def _fresh(folder: Path) -> Path:
    fresh = folder / f"server-{len(list(folder.glob('server-*')))}"
    fresh.mkdir(parents=True)
    return fresh
