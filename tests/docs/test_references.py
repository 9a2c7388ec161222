"""What the documents point to is there."""

import re
from pathlib import Path

import pytest

from tests.docs import documents

each_document = pytest.mark.parametrize("path", documents.ALL, ids=lambda path: path.name)


@each_document
def test_a_link_leads_somewhere(path: Path) -> None:
    assert [link for link in documents.links(path) if not (path.parent / link).exists()] == []


@each_document
def test_a_make_command_exists(path: Path) -> None:
    known = set(re.findall(r"^([a-z]+):", (documents.ROOT / "Makefile").read_text(), re.MULTILINE))
    assert documents.make_targets(path) - known == set()


def test_the_documents_do_show_make_commands_and_links() -> None:
    assert {"demo", "test", "setup"} <= set().union(*map(documents.make_targets, documents.ALL))
    assert sum(len(documents.links(path)) for path in documents.ALL) > 3
