"""The Pushgateway program, and a server process of it on loopback."""

import contextlib
import os
import re
import resource
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.support import waiting
from tests.support.processes import managed_processes, ports, tidegate_processes
from tests.support.programs import binaries, debian_packages

_PACKAGE = "prometheus-pushgateway"
_MEMORY_BYTES = 4 * 1024**3
"""Limit of the address space, not of memory in use: Go reserves far more than it touches."""

_VERSION = re.compile(r"version (\d+)\.(\d+)")
_INSTALL_HINT = "set PUSHGATEWAY_BIN to a Pushgateway"


def programs() -> Mapping[str, Callable[[], Path]]:
    """Pushgateway programs by name: ``PUSHGATEWAY_BIN``, or else Debian's package and the newest release.

    Each value returns the path of the program, or raises `binaries.MissingToolError` if it is not available.
    """
    chosen = os.environ.get("PUSHGATEWAY_BIN")
    if chosen:
        return {"chosen": lambda: _from_environment(Path(chosen))}
    return {"packaged": _packaged, "newest": lambda: binaries.ensure(["pushgateway"])["pushgateway"]}


def version(path: Path) -> tuple[int, int]:
    """The version that the program reports, as (major, minor)."""
    ran = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    found = _VERSION.search(ran.stdout + ran.stderr)
    if found is None:
        raise binaries.MissingToolError(f"{path} --version prints no version: set PUSHGATEWAY_BIN to a Pushgateway")
    return int(found[1]), int(found[2])


class Pushgateway:
    """A Pushgateway process with its admin API enabled, so that tests can wipe it."""

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
        """Start it and return when it responds."""
        self.process.start()
        # SECURITY: the requests are meant to find weak spots; the limit protects the machine.
        resource.prlimit(self.process.pid, resource.RLIMIT_AS, (self._memory_bytes, self._memory_bytes))
        waiting.eventually(
            lambda: tidegate_processes.responds(self.process, f"{self.url}/-/ready"),
            why="the Pushgateway",
            retry_on=tidegate_processes.AWAY,
        )


@contextlib.contextmanager
def serving(path: Path, folder: Path, *flags: str, prefix: str = "") -> Iterator[Pushgateway]:
    """A Pushgateway that responds; it is stopped when the block ends."""
    running = Pushgateway(path, folder=folder, flags=flags, prefix=prefix)
    try:
        running.start()
        yield running
    finally:
        running.process.stop()


def _packaged() -> Path:
    return debian_packages.unpacked(_PACKAGE, instead=_INSTALL_HINT) / "usr" / "bin" / _PACKAGE


def _from_environment(path: Path) -> Path:
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise binaries.MissingToolError(f"PUSHGATEWAY_BIN={path} is no program: set it to a Pushgateway, or unset it")
    return path.resolve()
