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
