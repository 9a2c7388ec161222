"""The real Pushgateway: where its program comes from, and a server of it on loopback."""

import os
import re
import resource
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.cluster import binaries, debian_packages, managed_processes
from tests.support import ports, tidegate_processes, waiting

_PACKAGE = "prometheus-pushgateway"
_MEMORY_BYTES = 4 * 1024**3
"""Of addresses, not of memory in use: Go reserves far more than it touches."""

_VERSION = re.compile(r"version (\d+)\.(\d+)")
_INSTEAD = "set PUSHGATEWAY_BIN to a Pushgateway"


def programs() -> Mapping[str, Callable[[], Path]]:
    """What there is to compare with, by a name for it: ``PUSHGATEWAY_BIN``, else Debian's package and the newest.

    Each gives the program's path, and raises `binaries.MissingToolError` where it cannot be had.
    """
    chosen = os.environ.get("PUSHGATEWAY_BIN")
    if chosen:
        return {"chosen": lambda: _chosen(Path(chosen))}
    return {"packaged": _packaged, "newest": lambda: binaries.ensure(["pushgateway"])["pushgateway"]}


def version(path: Path) -> tuple[int, int]:
    """What the program says it is, as (major, minor)."""
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    found = _VERSION.search(told.stdout + told.stderr)
    if found is None:
        raise binaries.MissingToolError(f"{path} --version tells no version: set PUSHGATEWAY_BIN to a Pushgateway")
    return int(found[1]), int(found[2])


class Pushgateway:
    """The program with its admin API, so that it can be wiped."""

    def __init__(
        self,
        path: Path,
        *,
        folder: Path,
        flags: Sequence[str] = (),
        prefix: str = "",
        memory_bytes: int = _MEMORY_BYTES,
    ) -> None:
        self.path = path
        self._memory_bytes = memory_bytes
        self.port = ports.free_port()
        self.url = f"http://{tidegate_processes.HOST}:{self.port}{prefix}"
        self.process = managed_processes.Process(
            "pushgateway",
            argv=[
                path,
                f"--web.listen-address={tidegate_processes.HOST}:{self.port}",
                "--web.enable-admin-api",
                *flags,
            ],
            log=folder / "pushgateway.log",
        )

    def start(self) -> None:
        """Return when it answers."""
        self.process.start()
        # SECURITY: what is sent to it is meant to find its weak spots; it must not take the machine with it.
        resource.prlimit(self.process.pid, resource.RLIMIT_AS, (self._memory_bytes, self._memory_bytes))
        waiting.eventually(
            lambda: tidegate_processes.answers(self.process, f"{self.url}/-/ready"),
            why="the Pushgateway",
            retry_on=tidegate_processes.AWAY,
        )


def _packaged() -> Path:
    return debian_packages.unpacked(_PACKAGE, instead=_INSTEAD) / "usr" / "bin" / _PACKAGE


def _chosen(path: Path) -> Path:
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise binaries.MissingToolError(f"PUSHGATEWAY_BIN={path} is no program: set it to a Pushgateway, or unset it")
    return path.resolve()
