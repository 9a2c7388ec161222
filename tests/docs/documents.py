"""The documents for people, and what stands in them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALL = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("manifests/*.md")])

_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
_MAKE = re.compile(r"\bmake ([a-z]+)\b(?=[`\s]*(?:`|$|#))", re.MULTILINE)
_BLOCK = r"^```{}\n(.*?)^```$"


def links(path: Path) -> list[str]:
    """The targets of its links to other files of the project."""
    return _LINK.findall(path.read_text())


def make_targets(path: Path) -> set[str]:
    """The targets in the make commands that it shows."""
    return set(_MAKE.findall(path.read_text()))


def yaml_blocks(path: Path) -> list[str]:
    """Its code blocks of YAML."""
    return blocks(path, "yaml")


def blocks(path: Path, language: str, *, heading: str | None = None) -> list[str]:
    """Its code blocks in this language, or those of one section alone."""
    text = path.read_text() if heading is None else section(path, heading)
    return re.findall(_BLOCK.format(re.escape(language)), text, re.MULTILINE | re.DOTALL)


def section(path: Path, heading: str) -> str:
    """What stands below a heading of the second level."""
    [found] = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", path.read_text(), re.MULTILINE | re.DOTALL)
    return str(found)
