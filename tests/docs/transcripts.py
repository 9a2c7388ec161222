"""Terminal sessions in a document: the commands, and what they are said to print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.docs import markdown_documents

ANYTHING = "…"
"""Stands in a document for whatever there is."""

_PROMPT = "$ "
_SECONDS = 60.0


class Step(NamedTuple):
    """One command of a session, and the lines that the document has below it."""

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
    """The lines of all scripts (blocks of ``sh``), in order; those that a backslash joins are one."""
    joined = "".join(markdown_documents.blocks(text, "sh")).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def fits(shown: str, printed: str) -> bool:
    """Whether this was printed, whatever stands in the places of ``…`` and whether or not the last line has an end."""
    pattern = re.escape(shown.removesuffix("\n")).replace(re.escape(ANYTHING), ".*")
    return re.fullmatch(pattern, printed.removesuffix("\n")) is not None


def run(command: str, *, folder: Path = markdown_documents.ROOT, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints on standard output, run by a shell as it stands.

    ``.venv/bin`` is where the tests' own Python is, and so is ``tidegate`` without a folder.
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
