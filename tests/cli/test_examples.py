"""The examples in the help: each command has some, and each of them can be typed as it stands."""

from __future__ import annotations

import argparse
import re
import shlex

import pytest

from tests.support import argument_parsers
from tidegate.cli import commands


def _examples(parser: argparse.ArgumentParser) -> list[str]:
    """The commands; what they do stands behind two spaces, or on a line of its own."""
    return re.findall(r"^  (tidegate\b.*?)(?:  .*)?$", parser.epilog or "", re.MULTILINE)


PARSERS = list(argument_parsers.below(commands.build_parser()))


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_a_command_shows_examples_of_itself(parser: argparse.ArgumentParser) -> None:
    shown = _examples(parser)
    assert shown
    assert all(f"{example} ".startswith(f"{parser.prog} ") for example in shown)


@pytest.mark.parametrize("example", [example for parser in PARSERS for example in _examples(parser)])
def test_an_example_is_understood(example: str) -> None:
    commands.build_parser().parse_args(commands.with_command(shlex.split(example)[1:]))


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_the_examples_stand_as_they_are_at_the_end_of_the_help(parser: argparse.ArgumentParser) -> None:
    assert parser.format_help().endswith(f"\n{parser.epilog}")
    assert max(map(len, (parser.epilog or "").splitlines())) <= 120
