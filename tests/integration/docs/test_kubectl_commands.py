"""kubectl accepts the documented commands."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from tests.support.docs import markdown_documents, transcripts
from tests.support.programs import binaries

SHOWN = sorted(
    {
        line
        for path in markdown_documents.ALL
        for line in transcripts.commands(path.read_text())
        if line.startswith("kubectl ")
    }
)


def _kubectl_error(command: str) -> str:
    """kubectl's error message for its verb and flags; the command is not executed."""
    words = shlex.split(command.partition(" > ")[0].partition(" < ")[0])
    # kubectl shows the help only after it has parsed all flags before `--`, wherever `--help` is.
    at = words.index("--") if "--" in words else len(words)
    kubectl = binaries.ensure(["kubectl"])["kubectl"]
    ran = subprocess.run([kubectl, *words[1:at], "--help"], capture_output=True, text=True, timeout=30.0, check=False)
    return ran.stderr


@pytest.mark.parametrize("command", SHOWN)
def test_kubectl_accepts_the_documented_command(command: str) -> None:
    assert _kubectl_error(command) == ""


def test_kubectl_reports_an_unknown_flag() -> None:
    assert "unknown flag: --replicaz" in _kubectl_error("kubectl scale statefulset/tidegate --replicaz=0")
