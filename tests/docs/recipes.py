"""The recipes of docs/recipes.md as they stand there."""

from __future__ import annotations

import re

from tests.docs import documents

PATH = documents.ROOT / "docs" / "recipes.md"


def block(heading: str, language: str, *, number: int = 0) -> str:
    """A code block of this section: its first one in this language, or a later one."""
    return documents.blocks(PATH, language, heading=heading)[number]


def coordinates() -> list[str]:
    """The libraries that the recipe in Java names, as Maven does."""
    return re.findall(r"`(io\.prometheus:[\w-]+:[\d.]+)`", documents.section(PATH, "Java"))


def objects() -> list[str]:
    """The objects for Kubernetes, each as its block has it."""
    return [found for found in documents.yaml_blocks(PATH) if found.startswith("apiVersion:")]


def spoken(heading: str, beginning: str) -> list[str]:
    """What stands between backquotes in a section and begins so."""
    return [
        found for found in re.findall(r"`([^`\n]+)`", documents.section(PATH, heading)) if found.startswith(beginning)
    ]
