"""Run the unit tests in an environment that developers rarely have; exit 1 if they fail there.

Each environment ends with the script: its files, its user and its network namespace.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from scripts import pythons

ROOT = Path(__file__).resolve().parent.parent
_WORKERS = "--numprocesses=4"
_TESTS = ("tests/unit",)
_WITHOUT_IPV6 = """
for interface in /proc/sys/net/ipv6/conf/*; do echo 1 > "$interface/disable_ipv6"; done
ip link set lo up
exec "$@"
"""


class Environment(NamedTuple):
    """An environment: ``run`` takes the tests and returns their exit code."""

    run: Callable[[Sequence[str]], int]
    missing: Callable[[], str | None] = lambda: None
    """Returns the reason why this machine does not have the environment, in one line."""


def main() -> None:
    """Run the tests in the environment of the first argument."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment", choices=ENVIRONMENTS)
    parser.add_argument("tests", nargs="*", help="Files or folders (default: the unit tests).")
    chosen = parser.parse_args()
    environment = ENVIRONMENTS[chosen.environment]
    if reason := environment.missing():
        sys.exit(f"{chosen.environment}: {reason}")
    sys.exit(environment.run(chosen.tests or _TESTS))


def _without_home(tests: Sequence[str]) -> int:
    return _run(_pytest(tests), environment=_environment(without=("HOME",)))


def _without_ipv6(tests: Sequence[str]) -> int:
    return _run([*_unshare_network(), "sh", "-euc", _WITHOUT_IPV6, "sh", *_pytest(tests)])


def _in_path_with_blanks(tests: Sequence[str]) -> int:
    with _copy("a path with blanks") as folder:
        return _run(["make", "setup"], folder=folder) or _run(_pytest(tests, folder=folder), folder=folder)


def _as_another_user(tests: Sequence[str]) -> int:
    with _copy("checkout") as folder, _user(home=folder.parent) as user:
        subprocess.run(["chown", "--recursive", f"{user}:", folder.parent], check=True)
        python = _interpreter_of(user)
        if python is None:
            sys.exit(f"another-user: no supported Python that {user} may run")
        become = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--")
        environment = {**_environment(), "HOME": str(folder.parent), "USER": user, "LOGNAME": user}
        setup = [*become, "make", f"PYTHON={python}", "setup"]
        return _run(setup, folder=folder, environment=environment) or _run(
            [*become, *_pytest(tests, folder=folder)], folder=folder, environment=environment
        )


def _no_namespace() -> str | None:
    tried = subprocess.run([*_unshare_network(), "true"], capture_output=True, check=False)
    return None if tried.returncode == 0 else "the kernel does not allow a new network namespace"


def _no_new_user() -> str | None:
    if os.geteuid() != 0:
        return "only root can add a user; all other steps already run as a user without privileges"
    if shutil.which("useradd") is None:
        return "useradd is missing: install the system package passwd"
    return None


ENVIRONMENTS: Mapping[str, Environment] = {
    "no-home": Environment(_without_home),
    "no-ipv6": Environment(_without_ipv6, _no_namespace),
    "path-with-blanks": Environment(_in_path_with_blanks),
    "another-user": Environment(_as_another_user, _no_new_user),
}


def _unshare_network() -> tuple[str, ...]:
    return ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")


@contextlib.contextmanager
def _copy(name: str) -> Iterator[Path]:
    """A copy of the files under version control and of new files, in a temporary folder that other users may enter."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    with tempfile.TemporaryDirectory(prefix="tidegate-environment-") as temporary:
        Path(temporary).chmod(0o755)
        folder = Path(temporary) / name
        for path in filter(None, listed.stdout.split("\0")):
            if (ROOT / path).is_file():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / path, folder / path)
        yield folder


@contextlib.contextmanager
def _user(*, home: Path) -> Iterator[str]:
    """A new system user; it is removed when the block ends."""
    name = f"tidegate-{os.getpid()}"
    subprocess.run(["useradd", "--system", "--user-group", f"--home-dir={home}", "--no-create-home", name], check=True)
    try:
        yield name
    finally:
        subprocess.run(["userdel", name], check=True)


def _interpreter_of(user: str) -> Path | None:
    """The oldest supported interpreter that the user may run."""
    become = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--")
    for each in pythons.found():
        if subprocess.run([*become, each.path, "-c", ""], capture_output=True, check=False).returncode == 0:
            return each.path
    return None


def _pytest(tests: Sequence[str], *, folder: Path = ROOT) -> list[str]:
    return [str(folder / ".venv/bin/python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", _WORKERS, *tests]


def _environment(*, without: Sequence[str] = ()) -> dict[str, str]:
    # Without CI: there, a skipped test fails, and a test that needs root or IPv6 is skipped here.
    return {name: value for name, value in os.environ.items() if name not in ("CI", *without)}


def _run(command: Sequence[str], *, folder: Path = ROOT, environment: Mapping[str, str] | None = None) -> int:
    return subprocess.run(command, cwd=folder, env=environment or _environment(), check=False).returncode


if __name__ == "__main__":
    main()
