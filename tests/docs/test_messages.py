"""Messages, metrics and flags that the documents name are those of the program."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.docs import documents, messages, transcripts
from tidegate.cli import commands

DOCS = documents.ROOT / "docs"
PAGES = [DOCS / f"{name}.md" for name in ("operations", "migrate", "quickstart")]
MESSAGES = [
    line for path in PAGES for block in transcripts.blocks(path.read_text(), "log") for line in block.splitlines()
]
COMMANDS = [
    line.strip()
    for path in PAGES
    for block in (*transcripts.blocks(path.read_text(), "sh"), *transcripts.blocks(path.read_text(), "console"))
    for line in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?(tidegate .*?)(?: 2>/dev/null)?$", block, re.MULTILINE)
]

each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


@pytest.mark.parametrize("message", MESSAGES)
def test_the_program_says_this(message: str) -> None:
    assert messages.unsaid(message) == []


def test_messages_are_shown_and_others_would_be_found_out() -> None:
    assert len(MESSAGES) > 10
    assert messages.unsaid("the breaker has … burst its banks") == ["burst its banks"]


@each_page
def test_metrics_that_it_names_are_there(path: Path) -> None:
    known = set(re.findall(r"^\| `(tidegate_\w+)`", (DOCS / "metrics.md").read_text(), re.MULTILINE))
    named = set(re.findall(r"`(tidegate_\w+)[`{]", path.read_text()))
    assert named - known == set()


@each_page
def test_flags_that_it_names_are_there(path: Path) -> None:
    known = set(re.findall(r"^\| `(--[a-z.-]+)`", (DOCS / "flags.md").read_text(), re.MULTILINE))
    text = path.read_text()
    named = set(re.findall(r"--[a-z]+(?:\.[a-z-]+)+", text)) | set(
        re.findall(r"`(--(?:dry-run|watch|ownership))", text)
    )
    assert named
    assert named - known == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_understood(command: str) -> None:
    parser = commands.build_parser()
    assert parser.parse_args(commands.with_command(shlex.split(command)[1:])).command in command


def test_commands_are_shown() -> None:
    assert {command.split()[1] for command in COMMANDS} == {"gateway", "operator", "push", "groups", "import"}


@each_page
def test_what_it_points_to_within_a_page_is_a_heading_there(path: Path) -> None:
    missing = []
    for target in re.findall(r"\]\((?!https?://)([^)]*#[^)]+)\)", path.read_text().replace("\n", " ")):
        file, _, anchor = target.partition("#")
        page = (path.parent / file.strip()).read_text() if file else path.read_text()
        if anchor not in {_anchor(heading) for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE)}:
            missing.append(target)
    assert missing == []


def _anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
