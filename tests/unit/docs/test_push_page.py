"""The page about ``tidegate push`` matches the command."""

from __future__ import annotations

import re

from tests.support.docs import markdown_documents
from tests.support.processes import command_lines
from tidegate.cli import push_command

PAGE = (markdown_documents.ROOT / "docs" / "push.md").read_text()


def test_documented_flags_exist() -> None:
    parsed = command_lines.parsed(["push", "--job=x"])
    documented = set(re.findall(r"`(--[a-z.-]+)", PAGE)) - {"--request"}
    assert {flag.removeprefix("--").replace("-", "_").replace(".", "_") for flag in documented} <= vars(parsed).keys()


def test_documented_exit_statuses_match_the_code() -> None:
    documented = [int(status) for status in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)]
    statuses = (push_command.ACKNOWLEDGED, push_command.REJECTED, push_command.UNUSABLE, push_command.UNACKNOWLEDGED)
    assert documented == list(statuses)
    assert [int(status) for status in re.findall(r"^  (\d)  ", push_command.STATUS_TEXT, re.MULTILINE)] == documented
