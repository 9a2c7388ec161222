"""The recipes of docs/recipes.md as they stand there."""

from __future__ import annotations

import re

from tests.docs import markdown_documents

PATH = markdown_documents.ROOT / "docs" / "recipes.md"
_TEXT = PATH.read_text()


def block(heading: str, language: str, *, number: int = 0) -> str:
    """A code block of this section: its first one in this language, or a later one."""
    return markdown_documents.blocks(_section(heading), language)[number]


def coordinates() -> list[str]:
    """The libraries that the recipe in Java names, as Maven does."""
    return re.findall(r"`(io\.prometheus:[\w-]+:[\d.]+)`", _section("Java"))


def objects() -> list[str]:
    """The objects for Kubernetes, each as its block has it."""
    return [found for found in markdown_documents.yaml_blocks(PATH) if found.startswith("apiVersion:")]


def spoken(heading: str, beginning: str) -> list[str]:
    """What stands between backquotes in a section and begins so."""
    return [found for found in re.findall(r"`([^`\n]+)`", _section(heading)) if found.startswith(beginning)]


def _section(heading: str) -> str:
    return markdown_documents.section(_TEXT, f"## {heading}")
