"""The sections of CHANGELOG.md, which follows Keep a Changelog."""

from __future__ import annotations

import re
from typing import NamedTuple

from scripts import versions

PATH = versions.ROOT / "CHANGELOG.md"
UNRELEASED = "Unreleased"

_HEADING = re.compile(r"^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
_REFERENCES = re.compile(r"^\[[^\]]+\]: .*$", re.MULTILINE)


class Section(NamedTuple):
    """The changes of one version."""

    version: str
    """As in ``0.1.0``; `UNRELEASED` for the changes since the newest release."""
    date: str
    """Day of the release, as in ``2027-01-31``; empty if it is not released."""
    text: str
    """The lines below its heading, without link references."""


def sections(text: str) -> list[Section]:
    """List the sections of this changelog, newest first as in the file."""
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return [
        Section(heading[1], heading[2] or "", _REFERENCES.sub("", text[heading.end() : end]).strip() + "\n")
        for heading, end in zip(headings, ends, strict=False)
    ]


def references(text: str) -> dict[str, str]:
    """Map each version with a link reference at the end of this changelog to the URL."""
    return dict(re.findall(r"^\[([^\]]+)\]: (.*)$", text, re.MULTILINE))
