"""Messages that the documents quote are those of the program."""

from __future__ import annotations

import pytest

from tests.docs import documents, messages

DOCS = documents.ROOT / "docs"
PAGES = [DOCS / f"{name}.md" for name in ("operations", "migrate", "quickstart")]
MESSAGES = [
    line for path in PAGES for block in documents.blocks(path.read_text(), "log") for line in block.splitlines()
]


@pytest.mark.parametrize("message", MESSAGES)
def test_the_program_says_this(message: str) -> None:
    assert messages.unsaid(message) == []


def test_messages_are_shown_and_others_would_be_found_out() -> None:
    assert len(MESSAGES) > 10
    assert messages.unsaid("the breaker has … burst its banks") == ["burst its banks"]
