"""Messages on docs/troubleshooting.md, and the log lines of a process that have them."""

from __future__ import annotations

import json
import re

from tests.support import repository, waiting
from tests.support.docs import markdown_documents, transcripts
from tests.support.processes import managed_processes

PAGE = (repository.DOCS / "troubleshooting.md").read_text()
_LINES = "".join(markdown_documents.blocks(PAGE, "log")).splitlines()


def logged(holds: str) -> str:
    """The only log line on the page that contains this text."""
    [found] = [line for line in _LINES if holds in line]
    return found


def wait_until_logged(process: managed_processes.Process, holds: str, *, first: str = transcripts.ANYTHING) -> None:
    """Wait until the process has logged, in JSON, the only line on the page that contains this text.

    :param first: replaces the first ``…`` of that line.
    """
    message = logged(holds).replace(transcripts.ANYTHING, first, 1)

    def is_logged() -> bool:
        lines = [json.loads(line) for line in process.log.read_text().splitlines() if line.startswith("{")]
        return any(transcripts.fits(message, " ".join(str(line["msg"]).splitlines())) for line in lines)

    waiting.eventually(is_logged, why=repr(message))


def spans(heading: str) -> list[str]:
    """The code spans of a section."""
    return re.findall(r"`([^`\n]+)`", markdown_documents.section(PAGE, heading))


def rejections() -> set[tuple[str, str]]:
    """The pairs of status and message in the table of rejected pushes."""
    section = markdown_documents.section(PAGE, "## Pushes are rejected")
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", section, re.MULTILINE)
    return {(status, text) for status, texts in rows for text in re.findall(r"`([^`]+)`", texts)}
