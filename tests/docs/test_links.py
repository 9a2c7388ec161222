"""What the documents point to is there."""

import re
import shlex
from pathlib import Path

import pytest

from tests.docs import markdown_documents
from tests.support import command_lines

_FOREIGN = frozenset(
    [
        "--gzip",
        "--previous",
        "--sabotage",
        "--seed",
        "--keep",
        "--timestamp",
        "--jump",
        "--retry",
        "--request",
        "--data-binary",
    ]
)
"""Flags of other programs that the documents speak of without their names."""
_LEFT_OUT = "…"
"""What stands in a command, or a name of several, for what is left out."""
_REDIRECTION = re.compile(r" \d?>\S+")

each_document = pytest.mark.parametrize(
    "path", markdown_documents.ALL, ids=lambda path: str(path.relative_to(markdown_documents.ROOT))
)


@each_document
def test_a_link_leads_somewhere(path: Path) -> None:
    assert [link for link in markdown_documents.links(path) if not (path.parent / link).exists()] == []


@each_document
def test_a_link_to_a_section_leads_to_one(path: Path) -> None:
    lost = [
        f"{target.name}#{anchor}"
        for target, anchor in markdown_documents.anchors(path)
        if anchor not in _sections(target)
    ]
    assert lost == []


@each_document
def test_a_make_command_exists(path: Path) -> None:
    known = set(re.findall(r"^([a-z]+):", (markdown_documents.ROOT / "Makefile").read_text(), re.MULTILINE))
    assert markdown_documents.make_targets(path) - known == set()


@each_document
def test_a_flag_exists(path: Path) -> None:
    named = {re.split(r"[=\s]", span)[0] for span in markdown_documents.spans(path) if span.startswith("--")}
    named |= set(re.findall(r"--[a-z]+(?:\.[a-z0-9-]+)+", path.read_text()))
    assert sorted(flag for flag in named - _flags() - _FOREIGN if not flag.endswith(_LEFT_OUT)) == []


@each_document
def test_a_metric_exists(path: Path) -> None:
    known = markdown_documents.table_rows(markdown_documents.ROOT / "docs" / "metrics.md")
    named = {re.split(r"[{\[ ]", span)[0] for span in markdown_documents.spans(path) if span.startswith("tidegate_")}
    kinds = re.compile(r"_(bucket|sum|count)$")
    assert sorted(name for name in named if f"`{kinds.sub('', name)}`" not in known and f"`{name}`" not in known) == []


@each_document
def test_a_command_is_understood(path: Path) -> None:
    for command in markdown_documents.commands(path, "tidegate"):
        if _LEFT_OUT not in command and "--help" not in command:
            words = shlex.split(_REDIRECTION.sub("", command), comments=True)
            assert command_lines.parsed(words[1:]).command in command


@each_document
def test_a_command_that_is_named_exists(path: Path) -> None:
    known = {str(context.info_name) for context in command_lines.commands()} | _flags()
    words = (span.split()[1:] for span in markdown_documents.spans(path) if re.match(r"tidegate [a-z-]", span))
    named = {word.split("=")[0] for each in words for word in each[:1] + [flag for flag in each if flag[:2] == "--"]}
    assert sorted(named - known) == []


def test_the_documents_do_show_commands_and_links() -> None:
    assert {"demo", "test", "setup"} <= set().union(*map(markdown_documents.make_targets, markdown_documents.ALL))
    assert sum(len(markdown_documents.links(path)) for path in markdown_documents.ALL) > 50
    assert sum(len(list(markdown_documents.anchors(path))) for path in markdown_documents.ALL) > 10
    shown = [
        shlex.split(command)[1]
        for path in markdown_documents.ALL
        for command in markdown_documents.commands(path, "tidegate")
    ]
    assert {"gateway", "operator", "push", "groups", "import"} <= set(shown)
    assert len(shown) > 15
    assert sum(span.startswith("--") for path in markdown_documents.ALL for span in markdown_documents.spans(path)) > 50
    assert (
        sum(span.startswith("tidegate_") for path in markdown_documents.ALL for span in markdown_documents.spans(path))
        > 50
    )


def _sections(document: Path) -> set[str]:
    return markdown_documents.sections(document) if document.suffix == ".md" else set()


def _flags() -> set[str]:
    return set().union(*map(command_lines.flag_names, command_lines.commands()))
