"""Real shells, and input typed into them."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.programs import binaries, debian_packages

_SECONDS = 60.0
_PROMPT = "ready> "


class Shell(NamedTuple):
    """The command and environment of a shell, and its first lines of input."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = {}
    first: tuple[str, ...] = ()


class Typist:
    """The terminal of a shell."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._seen = ""

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def read(self, until: str) -> str:
        """The output before this text."""
        deadline = time.monotonic() + _SECONDS
        while until not in self._seen:
            ready, _, _ = select.select([self._terminal], [], [], max(deadline - time.monotonic(), 0.0))
            assert ready, f"no {until!r} in time; last output: {self._seen!r}"
            self._seen += os.read(self._terminal, 65_536).decode(errors="replace")
        shown, _, self._seen = self._seen.partition(until)
        return shown


@contextlib.contextmanager
def typing(shell: Shell, *first: str, folder: Path) -> Iterator[Typist]:
    """Start a shell in this folder and type these lines; the shell ends with the block."""
    ours, theirs = os.openpty()
    try:
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb", "PS1": _PROMPT}
        with subprocess.Popen(
            shell.command,
            cwd=folder,
            env={**environment, **shell.environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        ) as process:
            try:
                typist = Typist(ours)
                for line in (*shell.first, *first):
                    typist.read(_PROMPT)
                    typist.type(f"{line}\n")
                typist.read(_PROMPT)
                yield typist
            finally:
                process.kill()
    finally:
        os.close(ours)
        os.close(theirs)


def bash() -> Shell:
    """The bash of the system."""
    if (own := shutil.which("bash")) is None:
        raise binaries.MissingToolError("bash is missing: install it")
    return Shell((own, "--norc", "--noprofile", "-i"), {"INPUTRC": os.devnull})


def zsh() -> Shell:
    """The zsh of the system, or the one of Debian."""
    setup = ("autoload -Uz compinit", "compinit -D -u")
    if (own := shutil.which("zsh")) is not None:
        return Shell((own, "-f", "-i"), {}, setup)
    root = debian_packages.unpacked("zsh", "zsh-common", instead="install zsh")
    [modules] = [path.parent for path in root.glob("usr/lib/*/zsh/*/zsh")]
    functions = [path for path in (root / "usr" / "share" / "zsh" / "functions").rglob("*") if path.is_dir()]
    # zsh looks for its modules in /usr; its line editor works only after module_path is set.
    first = (f"module_path=({modules})", "setopt zle", *setup)
    return Shell((str(root / "bin" / "zsh"), "-f", "-i"), {"FPATH": ":".join(map(str, functions))}, first)


def fish() -> Shell:
    """The fish of the system, or the one of Debian."""
    if (own := shutil.which("fish")) is not None:
        return Shell((own, "--no-config"))
    root = debian_packages.unpacked("fish", "fish-common", "libpcre2-32-0", instead="install fish")
    [libraries] = root.glob("usr/lib/*/")
    return Shell((str(root / "usr" / "bin" / "fish"), "--no-config"), {"LD_LIBRARY_PATH": str(libraries)})
