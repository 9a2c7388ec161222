"""Terminal sessions in a document: the commands and their documented output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.docs import markdown_documents

ANYTHING = "…"
"""Placeholder in a document that matches any text."""

_PROMPT = "$ "
_SECONDS = 60.0


class Step(NamedTuple):
    """One command of a session, and its documented output lines."""

    command: str
    shown: str


def steps(text: str) -> list[Step]:
    """The commands of all sessions (blocks of ``console``), in order."""
    found = []
    for block in markdown_documents.blocks(text, "console"):
        assert block.startswith(_PROMPT), block
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            found.append(Step(command, shown))
    return found


def commands(text: str) -> list[str]:
    """The commands of all scripts (blocks of ``sh``), in order; lines that a backslash joins are one command."""
    joined = "".join(markdown_documents.blocks(text, "sh")).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def fits(shown: str, printed: str) -> bool:
    """Whether the output matches the documented text; ``…`` matches any text, and a final line end is optional."""
    pattern = re.escape(shown.removesuffix("\n")).replace(re.escape(ANYTHING), ".*")
    return re.fullmatch(pattern, printed.removesuffix("\n")) is not None


def run(command: str, *, folder: Path = markdown_documents.ROOT, environment: Mapping[str, str] | None = None) -> str:
    """Run a command unchanged in a shell and return its standard output.

    ``.venv/bin`` is mapped to the folder of the tests' Python, which also contains ``tidegate``.
    """
    programs = str(Path(sys.executable).parent)
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **(environment or {})}
    done = subprocess.run(
        ["bash", "-c", command.replace(".venv/bin", programs)],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return done.stdout
