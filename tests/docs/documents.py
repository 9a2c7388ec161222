"""The documents for people, and what stands in them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALL = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("manifests/*.md")])

_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
_MAKE = re.compile(r"\bmake ([a-z]+)\b(?=[`\s]*(?:`|$|#))", re.MULTILINE)
_YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def links(path: Path) -> list[str]:
    """The targets of its links to other files of the project."""
    return _LINK.findall(path.read_text())


def make_targets(path: Path) -> set[str]:
    """The targets in the make commands that it shows."""
    return set(_MAKE.findall(path.read_text()))


def yaml_blocks(path: Path) -> list[str]:
    """Its code blocks of YAML."""
    return _YAML.findall(path.read_text())
