"""The commands of kubectl that people are shown are ones that kubectl knows, and the files in them are there."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from tests.cluster import binaries
from tests.docs import markdown_documents, transcripts

SHOWN = sorted(
    {
        line
        for path in markdown_documents.ALL
        for line in transcripts.commands(path.read_text())
        if line.startswith("kubectl ")
    }
)


def _known(command: str) -> str:
    """What kubectl has against its verb and flags; it does nothing."""
    words = shlex.split(command.partition(" > ")[0].partition(" < ")[0])
    # Help is shown once all flags before `--` were understood, wherever it is asked for.
    at = words.index("--") if "--" in words else len(words)
    kubectl = binaries.ensure(["kubectl"])["kubectl"]
    ran = subprocess.run([kubectl, *words[1:at], "--help"], capture_output=True, text=True, timeout=30.0, check=False)
    return ran.stderr


@pytest.mark.cluster
@pytest.mark.parametrize("command", SHOWN)
def test_kubectl_knows_the_command(command: str) -> None:
    assert _known(command) == ""


@pytest.mark.cluster
def test_kubectl_says_what_it_does_not_know() -> None:
    assert "unknown flag: --replicaz" in _known("kubectl scale statefulset/tidegate --replicaz=0")


def test_the_files_in_the_commands_are_there() -> None:
    named = {name for line in SHOWN for name in re.findall(r"-[fk] tidegate/(\S+)", line)}
    assert len(named) > 2
    assert [name for name in named if not (markdown_documents.ROOT / name).exists()] == []
