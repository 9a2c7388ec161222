"""Run the fast tests on every supported CPython of this machine; exit 1 if they fail on one.

The script looks for interpreters on PATH, in pyenv's folder and at /usr/bin/python3 (Debian's own). Each gets its own
virtual environment with the locked packages, in .pythons/. The first line of output names the interpreters, and the
supported versions for which there is none.
"""

from __future__ import annotations

import argparse
import glob
import os
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
_VENVS = ".pythons"
_CLASSIFIER = "Programming Language :: Python :: 3."
_IDENTIFY = "import sys; print('%d.%d.%d' % sys.version_info[:3]); print(' '.join(sys.version.split()))"
_FAST = ("tests/unit", "tests/integration")
_PARSERS = ("tests/unit/exposition", "tests/unit/model")


class Interpreter(NamedTuple):
    """One build of CPython."""

    path: Path
    version: str
    """As in ``3.11.2``."""
    build: str
    """The version with the date and the compiler of the build: equal for two paths of one interpreter."""

    @property
    def minor(self) -> str:
        """As in ``3.11``."""
        return self.version.rpartition(".")[0]


def main() -> None:
    """Test on each interpreter in turn, and print one result line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--parsers",
        action="store_true",
        help="Run only the parser tests with the packages of .venv, on other patch releases of its Python version "
        "(a few seconds).",
    )
    parser.add_argument("tests", nargs="*", help="Files or folders (default: all).")
    chosen = parser.parse_args()
    supported = _supported()
    found = distinct(interpreters(_paths(supported)), supported=supported)
    if chosen.parsers:
        sys.exit(_test_parsers(found))
    print(plan(found, supported=supported), flush=True)
    results = {each: _test(each, chosen.tests) for each in found}
    for each, code in results.items():
        print(f"pythons: {each.version} ({each.path}): {'passed' if code == 0 else f'FAILED (exit code {code})'}")
    sys.exit(1 if any(results.values()) or not found else 0)


def _supported() -> list[str]:
    """Return the versions that pyproject.toml declares, as in ``3.11``."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    return [each.rpartition(" ")[2] for each in classifiers if each.startswith(_CLASSIFIER)]


def _paths(supported: Iterable[str]) -> Iterator[Path]:
    """Yield the paths at which an interpreter may exist."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    pyenv = os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv"
    yield Path("/usr/bin/python3")
    for version in supported:
        yield from (folder / f"python{version}" for folder in folders)
        # Unlike pathlib's, this glob returns nothing for an unreadable folder: PYENV_ROOT may belong to another user.
        yield from map(Path, sorted(glob.glob(f"{pyenv}/versions/{version}.*/bin/python3")))


def interpreters(paths: Iterable[Path]) -> Iterator[Interpreter]:
    """Yield the interpreters that run; a pyenv shim, for example, may not."""
    for path in paths:
        if os.access(path, os.X_OK):
            ran = subprocess.run([path, "-c", _IDENTIFY], capture_output=True, text=True, check=False)
            if ran.returncode == 0:
                version, build = ran.stdout.splitlines()
                yield Interpreter(path, version, build)


def distinct(found: Iterable[Interpreter], *, supported: Collection[str]) -> list[Interpreter]:
    """Return each supported interpreter once, oldest version first."""
    builds: dict[str, Interpreter] = {}
    for each in found:
        if each.minor in supported:
            builds.setdefault(each.build, each)
    return sorted(builds.values(), key=lambda each: [int(part) for part in each.version.split(".")])


def plan(found: Sequence[Interpreter], *, supported: Iterable[str]) -> str:
    """Return the line that lists the tested and the missing versions."""
    used = ", ".join(f"{each.version} ({each.path})" for each in found)
    missing = ", ".join(sorted(set(supported) - {each.minor for each in found}))
    left_out = f"; skipped because no interpreter was found: {missing}" if missing else ""
    return f"pythons: testing on {used or 'nothing'}{left_out}"


def _test(interpreter: Interpreter, tests: Sequence[str]) -> int:
    """Run the fast tests and return their exit code."""
    venv = f"{_VENVS}/{interpreter.version}"
    print(f"\n=== {interpreter.version} ===", flush=True)
    made = subprocess.run([interpreter.path, "scripts/setup.py", venv], cwd=ROOT, check=False)
    return made.returncode or _pytest(ROOT / venv / "bin" / "python", tests)


def _test_parsers(found: Sequence[Interpreter]) -> int:
    """Return the first exit code that is not 0. Uses the packages of .venv and installs nothing."""
    ours = " ".join(sys.version.split())
    packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    others = [each for each in found if each.build != ours and each.minor == f"3.{sys.version_info.minor}"]
    print(f"pythons: parsing on {', '.join(each.version for each in others) or 'no other interpreter'}", flush=True)
    codes = [_pytest(each.path, _PARSERS, environment={"PYTHONPATH": packages}) for each in others]
    return next(filter(None, codes), 0)


def _pytest(python: Path, tests: Sequence[str], *, environment: Mapping[str, str] | None = None) -> int:
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *(tests or _FAST)]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **(environment or {})}, check=False).returncode


if __name__ == "__main__":
    main()
