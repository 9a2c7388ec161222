"""The recipes that push the result of a backup, as programs, and the group that they push to."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.support import requirements
from tests.support.docs import documented_recipes
from tests.support.processes import tidegate_processes
from tests.support.programs import binaries, java_runtime

SECONDS = 60
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
SUCCESS, DURATION = "backup_last_success_timestamp_seconds", "backup_duration_seconds"
Command = Sequence[str]


def python(folder: Path) -> Command:
    script = folder / "backup.py"
    script.write_text(documented_recipes.block("Python", "python"))
    return [sys.executable, str(script)]


def go(folder: Path) -> Command:
    source = folder / "main.go"
    source.write_text(documented_recipes.block("Go", "go"))
    binaries.build_file(source, module="tools", program=folder / "backup")
    return [str(folder / "backup")]


def java(folder: Path) -> Command:
    return requirements.require(
        lambda: java_runtime.compiled(
            documented_recipes.block("Java", "java"), coordinates=documented_recipes.coordinates(), folder=folder
        )
    )


def script(folder: Path, *, number: int) -> Command:
    """The command of a script; it uses the same folder as the other recipes."""
    script = folder / "push-result"
    script.write_text(documented_recipes.block("Shell", "sh", number=number))
    return ["sh", str(script), "sh", "-c", 'ls "$DIRECTORY"']


def tidegate_push(folder: Path) -> Command:
    return script(folder, number=0)


def curl(folder: Path) -> Command:
    return script(folder, number=1)


@contextlib.contextmanager
def started(
    command: Command, gateway: tidegate_processes.Gateway, *, directory: Path, more: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    environment = {"PATH": PATH, "PUSH_TO": gateway.url, "NAMESPACE": "prod", "DIRECTORY": str(directory)}
    with subprocess.Popen(
        command, env={**environment, **(more or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(command: Command, gateway: tidegate_processes.Gateway, *, directory: Path) -> tuple[int, str]:
    """Run the command; return its exit status and its standard error."""
    with started(command, gateway, directory=directory) as process:
        _, output = process.communicate(timeout=SECONDS)
        return process.returncode, output


def values(
    gateway: tidegate_processes.Gateway, labels: str = 'instance="",job="backup",namespace="prod"'
) -> dict[str, float]:
    """The values of the group with these labels, by the names of their metrics."""
    found = re.findall(rf"^(\w+){{{re.escape(labels)}}} (\S+)$", gateway.exposition(), re.MULTILINE)
    return {name: float(value) for name, value in found if not name.startswith("push_")}


def cause_rejection(gateway: tidegate_processes.Gateway) -> None:
    """Make every recipe's push inconsistent by pushing its metric name with another type first."""
    gateway.push("job/other", f"# TYPE {DURATION} counter\n{DURATION} 1\n")
