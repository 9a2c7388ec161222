"""The recipes of docs/recipes.md, read from the page."""

from __future__ import annotations

import re

from tests.support.docs import markdown_documents

PATH = markdown_documents.ROOT / "docs" / "recipes.md"
_TEXT = PATH.read_text()


def block(heading: str, language: str, *, number: int = 0) -> str:
    """A code block of this section: the first one in this language, or a later one by number."""
    return markdown_documents.blocks(_section(heading), language)[number]


def coordinates() -> list[str]:
    """The Maven coordinates of the libraries that the Java recipe names."""
    return re.findall(r"`(io\.prometheus:[\w-]+:[\d.]+)`", _section("Java"))


def objects() -> list[str]:
    """The Kubernetes objects, one text for each block."""
    return [text for text in markdown_documents.yaml_blocks(PATH) if text.startswith("apiVersion:")]


def code_spans(heading: str, beginning: str) -> list[str]:
    """The code spans of a section that begin with this text."""
    return [text for text in re.findall(r"`([^`\n]+)`", _section(heading)) if text.startswith(beginning)]


def _section(heading: str) -> str:
    return markdown_documents.section(_TEXT, f"## {heading}")
