"""The documents for users, and their contents: links, headings, commands, code blocks and tables."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.support import repository

ROOT = repository.ROOT
ALL = sorted(
    path for folder in (".", "docs", "findings", "manifests", "manifests/chart") for path in ROOT.glob(f"{folder}/*.md")
)

_LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)")
_MAKE = re.compile(r"\bmake ([a-z]+)\b(?=[`\s]*(?:`|$|#))", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_EXPLICIT_ANCHOR = re.compile(r'^<a id="([^"]+)"></a>$', re.MULTILINE)
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


def links(path: Path) -> list[str]:
    """The targets of its links to other files of the project."""
    return [target for target, _ in _LINK.findall(_prose(path)) if target]


def anchors(path: Path) -> Iterator[tuple[Path, str]]:
    """The sections that its links point to, as document and anchor."""
    for target, anchor in _LINK.findall(_prose(path)):
        if anchor:
            yield (path.parent / target if target else path).resolve(), anchor


def sections(path: Path) -> set[str]:
    """The anchors of its headings, as GitHub derives them, and its explicit anchors."""
    text = _prose(path)
    headings = (_NOT_IN_ANCHORS.sub("", heading.lower()) for heading in _HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in headings} | set(_EXPLICIT_ANCHOR.findall(text))


def make_targets(path: Path) -> set[str]:
    """The targets in the make commands that it shows."""
    return set(_MAKE.findall(path.read_text()))


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language in a text, according to their fences."""
    return [content for fence_language, content in _BLOCK.findall(text) if fence_language == language]


def yaml_blocks(path: Path) -> list[str]:
    """Its code blocks of YAML."""
    return blocks(path.read_text(), "yaml")


def section(text: str, heading: str) -> str:
    """The text below this heading, up to the next heading of the same or a higher level.

    :raises LookupError: the text has no such heading.
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


def spans(path: Path) -> list[str]:
    """The code spans in its prose."""
    return _SPAN.findall(_prose(path))


def commands(path: Path, program: str) -> Iterator[str]:
    """The commands of a program in its blocks, also after a prompt or in a pipe."""
    named = re.compile(rf"^(?:\$ )?(?:.*\| )?((?:\S*/)?{program} .*)$", re.MULTILINE)
    for language, content in _BLOCK.findall(path.read_text()):
        if language in ("", "sh", "console"):
            yield from named.findall(content.replace("\\\n", " "))


def table_rows(path: Path) -> dict[str, list[str]]:
    """The rows of its tables by the text of their first cell."""
    rows = (line.strip("|\n ").split(" | ") for line in path.read_text().splitlines() if line.startswith("| "))
    return {first.strip(): [cell.strip() for cell in cells] for first, *cells in rows}


def _prose(path: Path) -> str:
    return _BLOCK.sub("", path.read_text())
