"""Links, commands, flags and metrics in the documents exist."""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.docs import markdown_documents, transcripts
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
_DEFAULT = re.compile(r"`(--[a-z.-]+)`\s\(([\d,]+) ?([A-Za-z]*)\)")
"""A flag, and in parentheses its default with the unit."""
_NEEDED = {"push": ["--job=x"]}
"""Flags without which a command is rejected."""
_PART = re.compile(r"_(bucket|sum|count)$")
_REDIRECTION = re.compile(r" \d?>\S+")

Check = Callable[[Path], Iterable[str]]


def _missing(check: Check) -> dict[str, list[str]]:
    """The findings of a check by document; documents without any are left out."""
    found = {str(path.relative_to(markdown_documents.ROOT)): sorted(check(path)) for path in markdown_documents.ALL}
    return {name: missing for name, missing in found.items() if missing}


def test_link_targets_exist() -> None:
    def lost(path: Path) -> list[str]:
        return [link for link in markdown_documents.links(path) if not (path.parent / link).exists()]

    assert any(map(markdown_documents.links, markdown_documents.ALL))
    assert _missing(lost) == {}


def test_linked_sections_exist() -> None:
    def lost(path: Path) -> Iterator[str]:
        for target, anchor in markdown_documents.anchors(path):
            if target.suffix != ".md" or anchor not in markdown_documents.sections(target):
                yield f"{target.name}#{anchor}"

    assert _missing(lost) == {}


def test_make_targets_exist() -> None:
    existing = set(re.findall(r"^([a-z]+):", (markdown_documents.ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "setup"} <= existing
    assert _missing(lambda path: markdown_documents.make_targets(path) - existing) == {}


def test_flags_exist() -> None:
    existing = _flags()

    def unknown(path: Path) -> Iterator[str]:
        named = {re.split(r"[=\s]", span)[0] for span in markdown_documents.spans(path) if span.startswith("--")}
        named |= set(re.findall(r"--[a-z]+(?:\.[a-z0-9-]+)+", path.read_text()))
        return (flag for flag in named - existing - _FOREIGN if not flag.endswith(_LEFT_OUT))

    assert _missing(unknown) == {}


def test_default_after_a_flag_in_the_text_is_that_of_the_flag() -> None:
    shown = [found for path in markdown_documents.ALL for found in _DEFAULT.findall(path.read_text())]
    assert shown
    for flag, number, unit in shown:
        given = f"{flag}={number.replace(',', '')}{unit.removesuffix('inutes')}"
        for context in command_lines.commands():
            if flag in command_lines.flag_names(context):
                words = [*context.command_path.split()[1:], *_NEEDED.get(str(context.info_name), [])]
                assert vars(command_lines.parsed([*words, given])) == vars(command_lines.parsed(words)), given


def test_metrics_exist() -> None:
    existing = markdown_documents.table_rows(markdown_documents.ROOT / "docs" / "metrics.md").keys()

    def unknown(path: Path) -> Iterator[str]:
        for span in markdown_documents.spans(path):
            name = re.split(r"[{\[ ]", span)[0]
            if span.startswith("tidegate_") and not {f"`{name}`", f"`{_PART.sub('', name)}`"} & existing:
                yield name

    assert _missing(unknown) == {}


@pytest.mark.parametrize(
    "command",
    sorted({each for path in markdown_documents.ALL for each in markdown_documents.commands(path, "tidegate")}),
)
def test_command_is_accepted_by_the_parser(command: str) -> None:
    if _LEFT_OUT not in command and "--help" not in command:
        words = shlex.split(_REDIRECTION.sub("", command), comments=True)
        assert command_lines.parsed(words[1:]).command in command


def test_named_subcommands_exist() -> None:
    existing = {str(context.info_name) for context in command_lines.commands()} | _flags()

    def unknown(path: Path) -> set[str]:
        words = [span.split()[1:] for span in markdown_documents.spans(path) if re.match(r"tidegate [a-z-]", span)]
        flags = (word for each in words for word in each if word.startswith("--"))
        return {word.split("=")[0] for word in (*(each[0] for each in words), *flags)} - existing

    assert _missing(unknown) == {}


def test_files_in_kubectl_commands_exist() -> None:
    def missing(path: Path) -> list[str]:
        commands = [line for line in transcripts.commands(path.read_text()) if line.startswith("kubectl ")]
        names = [name for line in commands for name in re.findall(r"-[fk] tidegate/(\S+)", line)]
        return [name for name in names if not (markdown_documents.ROOT / name).exists()]

    assert _missing(missing) == {}


def _flags() -> set[str]:
    return set().union(*map(command_lines.flag_names, command_lines.commands()))
