"""The real Pushgateway: where its program comes from, and a server of it on loopback."""

import os
import platform
import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.cluster import binaries, processes
from tests.support import ports, tidegates, waiting

_PACKAGE = "prometheus-pushgateway"
_MEMORY_BYTES = 4 * 1024**3
"""Of addresses, not of memory in use: Go reserves far more than it touches."""

_VERSION = re.compile(r"version (\d+)\.(\d+)")
_APT_FOLDERS = ("lists/partial", "cache/archives/partial", "state")


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

    def __init__(self, path: Path, *, folder: Path, flags: Sequence[str] = (), prefix: str = "") -> None:
        self._prefix = prefix
        self.port = ports.free_port()
        self.process = processes.Process(
            "pushgateway",
            argv=[path, f"--web.listen-address={tidegates.HOST}:{self.port}", "--web.enable-admin-api", *flags],
            log=folder / "pushgateway.log",
        )

    def start(self) -> None:
        """Return when it answers."""
        self.process.start()
        # SECURITY: what is sent to it is meant to find its weak spots; it must not take the machine with it.
        resource.prlimit(self.process.pid, resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        url = f"http://{tidegates.HOST}:{self.port}{self._prefix}/-/ready"
        waiting.eventually(lambda: tidegates.answers(self.process, url), why="the Pushgateway", retry_on=tidegates.AWAY)


def _packaged() -> Path:
    """What the cache has of Debian's package, else fetched into it: 5 s, without root."""
    folder = binaries.cache_root() / f"{_PACKAGE}-{platform.machine()}"
    with binaries.turn(folder):
        if not folder.exists():
            binaries.say(f"fetching Debian's package {_PACKAGE} (a few seconds, once)")
            with binaries.installing(folder) as draft, tempfile.TemporaryDirectory() as work:
                _run("dpkg", "-x", str(_fetched(Path(work))), str(draft))
    return folder / "usr" / "bin" / _PACKAGE


def _chosen(path: Path) -> Path:
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise binaries.MissingToolError(f"PUSHGATEWAY_BIN={path} is no program: set it to a Pushgateway, or unset it")
    return path.resolve()


def _fetched(work: Path) -> Path:
    """The package's file, from the lists that this machine has, or else from lists of our own."""
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise binaries.MissingToolError(f"{tool} is missing: set PUSHGATEWAY_BIN to a Pushgateway")
    try:
        _run("apt-get", "download", _PACKAGE, cwd=work)
    except binaries.MissingToolError:
        own = _own_lists(work)
        _run("apt-get", *own, "update", cwd=work)
        _run("apt-get", *own, "download", _PACKAGE, cwd=work)
    return next(work.glob("*.deb"))


def _own_lists(work: Path) -> Sequence[str]:
    """Options that keep all that apt writes below ``work``: on a fresh machine it has no lists, and they are root's."""
    for folder in _APT_FOLDERS:
        (work / folder).mkdir(parents=True)
    folders = {"Dir::State": "state", "Dir::State::Lists": "lists", "Dir::Cache": "cache"}
    return [f"-o{option}={work / folder}" for option, folder in folders.items()]


def _run(*command: str, cwd: Path | None = None) -> None:
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        told = " ".join(ran.stderr.split())
        raise binaries.MissingToolError(
            f"`{' '.join(command[:1])}` cannot get {_PACKAGE}: set PUSHGATEWAY_BIN to a Pushgateway ({told})"
        )
