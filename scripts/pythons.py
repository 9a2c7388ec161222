"""Run the fast tests on every supported CPython of this machine; exit 1 if they fail on one.

The script looks for interpreters on PATH, in pyenv's folder and at /usr/bin/python3 (Debian's own). Each gets its own
virtual environment with the locked packages, in .pythons/. The first line of output names the interpreters, and the
supported versions for which there is none. The newest supported version is taken from the base image if the machine
lacks it and can run the image (root, Linux).
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import os
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.images import base_image, base_python

ROOT = Path(__file__).resolve().parent.parent
_VENVS = ".pythons"
_CLASSIFIER = "Programming Language :: Python :: 3."
_IDENTIFY = "import sys; print('%d.%d.%d' % sys.version_info[:3]); print(' '.join(sys.version.split()))"
_UNIT = ("tests/unit",)
_FAST = (*_UNIT, "tests/integration")
_WORKERS = ("--numprocesses=4",)
_PARSERS = ("tests/unit/exposition", "tests/unit/model")


class Interpreter(NamedTuple):
    """One build of CPython."""

    path: Path
    version: str
    """As in ``3.11.2``."""
    build: str
    """The version with the date and the compiler of the build: equal for two paths of one interpreter."""
    prefix: tuple[str, ...] = ()
    """The beginning of a command line that runs it, if it is in an image."""

    @property
    def minor(self) -> str:
        """As in ``3.11``."""
        return self.version.rpartition(".")[0]


def main() -> None:
    """Test on each interpreter in turn, and print one result line for each."""
    chosen = _arguments()
    supported = _supported()
    if chosen.parsers:
        sys.exit(_test_parsers(found()))
    with _with_newest(found(), version=supported[-1]) as all_found:
        print(plan(all_found, supported=supported), flush=True)
        tested = all_found[: 1 if chosen.oldest else None][-1 if chosen.newest else None :]
        results = {each: _test(each, chosen.tests) for each in tested}
    for each, code in results.items():
        print(f"pythons: {each.version} ({each.path}): {'passed' if code == 0 else f'FAILED (exit code {code})'}")
    sys.exit(1 if any(results.values()) or not results else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--parsers",
        action="store_true",
        help="Run only the parser tests with the packages of .venv, on other patch releases of its Python version "
        "(a few seconds).",
    )
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument("--oldest", action="store_true", help="Run the tests on the oldest interpreter only.")
    ends.add_argument("--newest", action="store_true", help="Run the tests on the newest interpreter only.")
    parser.add_argument(
        "tests",
        nargs="*",
        help="Files or folders (default: unit and integration tests; for the base image, unit tests).",
    )
    return parser.parse_args()


def found() -> list[Interpreter]:
    """Return the interpreters of this machine that tidegate supports, oldest version first."""
    supported = _supported()
    return distinct(interpreters(_paths(supported)), supported=supported)


def missing_newest() -> str | None:
    """Return why the newest supported version cannot be tested on this machine, in one line; None if it can."""
    newest = _supported()[-1]
    if any(each.minor == newest for each in found()):
        return None
    reason = base_python.missing()
    return reason and f"no Python {newest} on this machine, and none from the base image: {reason}"


@contextlib.contextmanager
def _with_newest(found: list[Interpreter], *, version: str) -> Iterator[list[Interpreter]]:
    """Add the interpreter of the base image if it is the newest supported version and the machine has none."""
    if any(each.minor == version for each in found) or base_image.python_version() != version or base_python.missing():
        yield found
        return
    with base_python.command_prefix() as prefix:
        yield [*found, *interpreters([Path(f"/usr/bin/python{version}")], prefix=tuple(prefix))]


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


def interpreters(paths: Iterable[Path], *, prefix: tuple[str, ...] = ()) -> Iterator[Interpreter]:
    """Yield the interpreters that run; a pyenv shim, for example, may not."""
    for path in paths:
        if prefix or os.access(path, os.X_OK):
            ran = subprocess.run([*prefix, path, "-c", _IDENTIFY], capture_output=True, text=True, check=False)
            if ran.returncode == 0:
                version, build = ran.stdout.splitlines()
                yield Interpreter(path, version, build, prefix)


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
    """Run the tests and return their exit code."""
    venv = f"{_VENVS}/{interpreter.version}"
    print(f"\n=== {interpreter.version} ===", flush=True)
    made = subprocess.run([*interpreter.prefix, interpreter.path, "scripts/setup.py", venv], cwd=ROOT, check=False)
    command = [*interpreter.prefix, str(ROOT / venv / "bin" / "python")]
    return made.returncode or _pytest(command, tests or (_UNIT if interpreter.prefix else _FAST), flags=_WORKERS)


def _test_parsers(found: Sequence[Interpreter]) -> int:
    """Return the first exit code that is not 0. Uses the packages of .venv and installs nothing."""
    ours = " ".join(sys.version.split())
    packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    others = [each for each in found if each.build != ours and each.minor == f"3.{sys.version_info.minor}"]
    print(f"pythons: parsing on {', '.join(each.version for each in others) or 'no other interpreter'}", flush=True)
    codes = [_pytest([str(each.path)], _PARSERS, environment={"PYTHONPATH": packages}) for each in others]
    return next(filter(None, codes), 0)


def _pytest(
    python: Sequence[str],
    tests: Sequence[str],
    *,
    flags: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> int:
    command = [*python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *flags, *tests]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **(environment or {})}, check=False).returncode


if __name__ == "__main__":
    main()
