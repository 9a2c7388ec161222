"""Runs Go: downloads the modules of a build and compiles it, with progress messages."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.support.programs import progress

USUAL_GO = Path("/usr/local/go/bin/go")
"""The default path of Go's installation instructions; the PATH of a CI shell often lacks it."""

_NEXT_STEP = "install Go 1.26.7 or newer (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a folder with the programs"
_GIBIBYTE = 1 << 30
_LAST_LINES = 20


class GoError(Exception):
    """Go is missing, too old, or failed; the message says what to do."""


class Listing:
    """The import paths of all packages of a build; listing them downloads their modules."""

    def __init__(self, arguments: Sequence[str], *, folder: Path, output: IO[str], errors: IO[str]) -> None:
        self._folder = folder
        self._output = output
        self._errors = errors
        command = [_go(folder), "list", "-deps", *arguments]
        self.process = subprocess.Popen(command, cwd=folder, env=_environment(), stdout=output, stderr=errors)

    def packages(self, *, saying: str) -> list[str]:
        """Wait until all modules are downloaded.

        :raises GoError: a download failed.
        """
        _check(progress.wait(self.process, saying=saying), "list", folder=self._folder, errors=_text(self._errors))
        return _text(self._output).split()


@contextmanager
def listing(arguments: Sequence[str], *, folder: Path) -> Iterator[Listing]:
    """Start to download the modules of a build in the background; leaving the block early stops it."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = Listing(arguments, folder=folder, output=output, errors=errors)
        try:
            yield started
        finally:
            started.process.terminate()
            started.process.wait()


def build(arguments: Sequence[str], *, folder: Path, packages: Sequence[str], saying: str, usual: str) -> None:
    """Run `go build` with these arguments.

    :param packages: all packages of the build, as listed.
    :raises GoError: the build failed.
    """
    known = frozenset(packages)
    with tempfile.NamedTemporaryFile("r") as errors:

        def done() -> str:
            compiled = known.intersection(Path(errors.name).read_text().splitlines())
            return f"{len(compiled)} of {len(known)} packages"

        command = [_go(folder), "build", "-v", *arguments]
        with (
            Path(errors.name).open("w") as written,
            subprocess.Popen(command, cwd=folder, env=_environment(), stderr=written) as process,
        ):
            code = progress.wait(process, saying=saying, usual=usual, done=done)
        other = [line for line in errors.read().splitlines() if line not in known]
        _check(code, "build", folder=folder, errors="\n".join(other))


def run(arguments: Sequence[str], *, folder: Path) -> str:
    """Run go and return its output.

    :raises GoError: it failed.
    """
    command = [_go(folder), *arguments]
    ran = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    _check(ran.returncode, arguments[0], folder=folder, errors=ran.stderr)
    return ran.stdout


def _go(folder: Path) -> str:
    """The path of a go command that is new enough for the module in this folder."""
    go = shutil.which("go") or (str(USUAL_GO) if USUAL_GO.exists() else None)
    if go is None:
        raise GoError(f"go is not on PATH: {_NEXT_STEP}")
    # Go reads the required version from go.mod, and may fetch a newer toolchain.
    asked = subprocess.run([go, "version"], cwd=folder, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise GoError(f"{go} is too old: {_NEXT_STEP} ({' '.join(asked.stderr.split())})")
    return go


def _environment() -> dict[str, str]:
    """The environment of go.

    A compiler process is short: without garbage collections it takes a fifth less time. The memory limit, for each of
    as many processes as there are processors, is half of the machine's memory.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = min(max(memory // 2 // (os.cpu_count() or 1), _GIBIBYTE // 2), 2 * _GIBIBYTE)
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOGC": "off",
        "GOMEMLIMIT": str(limit),
    }


def _check(code: int, action: str, *, folder: Path, errors: str) -> None:
    if code != 0:
        last = "\n".join(errors.splitlines()[-_LAST_LINES:])
        raise GoError(f"go {action} failed in {folder} with exit code {code}:\n{last}")


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
