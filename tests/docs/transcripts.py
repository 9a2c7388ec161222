"""Terminal sessions in a document: the commands, and what they are said to print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.docs import documents

ANYTHING = "…"
"""Stands in a document for whatever there is."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "
_SECONDS = 60.0


class Step(NamedTuple):
    """One command of a session, and the lines that the document has below it."""

    command: str
    shown: str


def blocks(text: str, kind: str) -> list[str]:
    """The contents of all code blocks of this kind."""
    return [content for found, content in _BLOCK.findall(text) if found == kind]


def section(text: str, heading: str) -> str:
    """What stands below this heading, up to the next one of its rank or a higher one.

    :raises LookupError: there is no such heading.
    """
    rank = len(heading) - len(heading.lstrip("#"))
    found: list[str] | None = None
    is_code = False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code and found is not None and re.match(f"#{{1,{rank}}} ", line):
            break
        if found is not None:
            found.append(line)
        elif not is_code and line.rstrip() == heading:
            found = []
    if found is None:
        raise LookupError(f"no section is called {heading!r}")
    return "".join(found)


def steps(text: str) -> list[Step]:
    """The commands of all sessions (blocks of ``console``), in order."""
    found = []
    for block in blocks(text, "console"):
        assert block.startswith(_PROMPT), block
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            found.append(Step(command, shown))
    return found


def commands(text: str) -> list[str]:
    """The lines of all scripts (blocks of ``sh``), in order; those that a backslash joins are one."""
    joined = "".join(blocks(text, "sh")).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def fits(shown: str, printed: str) -> bool:
    """Whether this was printed, whatever stands in the places of ``…`` and whether or not the last line has an end."""
    pattern = re.escape(shown.removesuffix("\n")).replace(re.escape(ANYTHING), ".*")
    return re.fullmatch(pattern, printed.removesuffix("\n")) is not None


def run(command: str, *, folder: Path = documents.ROOT, environment: Mapping[str, str] | None = None) -> str:
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
