"""The page about ``tidegate push`` matches the command."""

from __future__ import annotations

import re

from tests.docs import markdown_documents
from tests.support import command_lines
from tidegate.cli import push_command

PAGE = (markdown_documents.ROOT / "docs" / "push.md").read_text()


def test_flags_that_it_speaks_of_are_there() -> None:
    known = command_lines.parsed(["push", "--job=x"])
    told = set(re.findall(r"`(--[a-z.-]+)", PAGE)) - {"--request"}
    assert {flag.removeprefix("--").replace("-", "_").replace(".", "_") for flag in told} <= vars(known).keys()


def test_the_statuses_are_these() -> None:
    told = [int(status) for status in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)]
    statuses = (push_command.ACKNOWLEDGED, push_command.REJECTED, push_command.UNUSABLE, push_command.UNACKNOWLEDGED)
    assert told == list(statuses)
    assert [int(status) for status in re.findall(r"^  (\d)  ", push_command.STATUS_TEXT, re.MULTILINE)] == told


def test_the_defaults_are_these() -> None:
    chosen = command_lines.parsed(["push", "--job=x", "--timeout=30s", "--retry-for=60s"])
    assert vars(chosen) == vars(command_lines.parsed(["push", "--job=x"]))
    assert "`--timeout` (30s)" in PAGE
    assert "`--retry-for` (60s)" in PAGE
