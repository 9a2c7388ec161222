"""Links, commands, flags and metrics in the documents exist."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.docs import markdown_documents
from tests.support.processes import command_lines

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
"""Flags of other programs that the documents mention without the program's name."""
_LEFT_OUT = "…"
"""Placeholders for omitted parts in a command or in a name."""
_REDIRECTION = re.compile(r" \d?>\S+")

each_document = pytest.mark.parametrize(
    "path", markdown_documents.ALL, ids=lambda path: str(path.relative_to(markdown_documents.ROOT))
)


@each_document
def test_link_target_exists(path: Path) -> None:
    assert [link for link in markdown_documents.links(path) if not (path.parent / link).exists()] == []


@each_document
def test_linked_section_exists(path: Path) -> None:
    lost = [
        f"{target.name}#{anchor}"
        for target, anchor in markdown_documents.anchors(path)
        if anchor not in _sections(target)
    ]
    assert lost == []


@each_document
def test_make_target_exists(path: Path) -> None:
    existing = set(re.findall(r"^([a-z]+):", (markdown_documents.ROOT / "Makefile").read_text(), re.MULTILINE))
    assert markdown_documents.make_targets(path) - existing == set()


@each_document
def test_flag_exists(path: Path) -> None:
    named = {re.split(r"[=\s]", span)[0] for span in markdown_documents.spans(path) if span.startswith("--")}
    named |= set(re.findall(r"--[a-z]+(?:\.[a-z0-9-]+)+", path.read_text()))
    assert sorted(flag for flag in named - _flags() - _FOREIGN if not flag.endswith(_LEFT_OUT)) == []


@each_document
def test_metric_exists(path: Path) -> None:
    existing = markdown_documents.table_rows(markdown_documents.ROOT / "docs" / "metrics.md")
    named = {re.split(r"[{\[ ]", span)[0] for span in markdown_documents.spans(path) if span.startswith("tidegate_")}
    kinds = re.compile(r"_(bucket|sum|count)$")
    assert (
        sorted(name for name in named if f"`{kinds.sub('', name)}`" not in existing and f"`{name}`" not in existing)
        == []
    )


@each_document
def test_command_is_accepted_by_the_parser(path: Path) -> None:
    for command in markdown_documents.commands(path, "tidegate"):
        if _LEFT_OUT not in command and "--help" not in command:
            words = shlex.split(_REDIRECTION.sub("", command), comments=True)
            assert command_lines.parsed(words[1:]).command in command


@each_document
def test_named_subcommand_exists(path: Path) -> None:
    existing = {str(context.info_name) for context in command_lines.commands()} | _flags()
    words = (span.split()[1:] for span in markdown_documents.spans(path) if re.match(r"tidegate [a-z-]", span))
    named = {word.split("=")[0] for each in words for word in each[:1] + [flag for flag in each if flag[:2] == "--"]}
    assert sorted(named - existing) == []


def test_documents_contain_commands_and_links() -> None:
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
