"""Run the fast tests on every supported CPython that this machine has; exit 1 when they fail on one.

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
_FAST = "not cluster and not heavy and not browser and not node"
_PARSERS = ("tests/exposition", "tests/model")


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
    """Test on each interpreter, one after the other, and print one line of results for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--parsers",
        action="store_true",
        help="run only the tests of the parsers, with the packages of .venv, and so on other patch releases of its "
        "version only: a few seconds",
    )
    parser.add_argument("tests", nargs="*", help="files or folders (default: all)")
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
    """The versions that pyproject.toml promises, as in ``3.11``."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    return [each.rpartition(" ")[2] for each in classifiers if each.startswith(_CLASSIFIER)]


def _paths(supported: Iterable[str]) -> Iterator[Path]:
    """Where an interpreter may be, whether or not there is one."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    pyenv = os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv"
    yield Path("/usr/bin/python3")
    for version in supported:
        yield from (folder / f"python{version}" for folder in folders)
        # Unlike pathlib's, this glob finds nothing where the folder may not be read: PYENV_ROOT may be another user's.
        yield from map(Path, sorted(glob.glob(f"{pyenv}/versions/{version}.*/bin/python3")))


def interpreters(paths: Iterable[Path]) -> Iterator[Interpreter]:
    """Those that run: a shim of pyenv, for one, may not."""
    for path in paths:
        if os.access(path, os.X_OK):
            ran = subprocess.run([path, "-c", _IDENTIFY], capture_output=True, text=True, check=False)
            if ran.returncode == 0:
                version, build = ran.stdout.splitlines()
                yield Interpreter(path, version, build)


def distinct(found: Iterable[Interpreter], *, supported: Collection[str]) -> list[Interpreter]:
    """Each supported interpreter once, oldest version first."""
    builds: dict[str, Interpreter] = {}
    for each in found:
        if each.minor in supported:
            builds.setdefault(each.build, each)
    return sorted(builds.values(), key=lambda each: [int(part) for part in each.version.split(".")])


def plan(found: Sequence[Interpreter], *, supported: Iterable[str]) -> str:
    """The line that says what is tested, and what is not."""
    used = ", ".join(f"{each.version} ({each.path})" for each in found)
    missing = ", ".join(sorted(set(supported) - {each.minor for each in found}))
    left_out = f"; left out, since no interpreter was found: {missing}" if missing else ""
    return f"pythons: testing on {used or 'nothing'}{left_out}"


def _test(interpreter: Interpreter, tests: Sequence[str]) -> int:
    """The exit code of the fast tests."""
    venv = f"{_VENVS}/{interpreter.version}"
    print(f"\n=== {interpreter.version} ===", flush=True)
    made = subprocess.run([interpreter.path, "scripts/setup.py", venv], cwd=ROOT, check=False)
    return made.returncode or _pytest(ROOT / venv / "bin" / "python", tests)


def _test_parsers(found: Sequence[Interpreter]) -> int:
    """The first exit code that is not 0. The packages are those of .venv, so nothing is installed."""
    ours = " ".join(sys.version.split())
    packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    others = [each for each in found if each.build != ours and each.minor == f"3.{sys.version_info.minor}"]
    print(f"pythons: parsing on {', '.join(each.version for each in others) or 'no other interpreter'}", flush=True)
    codes = [_pytest(each.path, _PARSERS, environment={"PYTHONPATH": packages}) for each in others]
    return next(filter(None, codes), 0)


def _pytest(python: Path, tests: Sequence[str], *, environment: Mapping[str, str] | None = None) -> int:
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", _FAST, *tests]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **(environment or {})}, check=False).returncode


if __name__ == "__main__":
    main()
