"""The examples in the help: each command has some, and each of them is a valid command line."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from tests.support.processes import command_lines
from tidegate.cli import click_commands

CONTEXTS = list(command_lines.commands())


def _examples(context: click.Context) -> list[str]:
    """The commands of tidegate; what is before a pipe or behind a redirection belongs to the shell."""
    assert isinstance(context.command, click_commands.Command | click_commands.Group)
    lines = [line.strip() for line in context.command.examples.splitlines() if not line.strip().startswith("#")]
    matches = [re.search(r"(?:^|\| |\$\()(tidegate [^|>)]*(?:'[^']*'[^|>)]*)*)", line) for line in lines]
    return [match[1].strip() for match in matches if match]


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda context: context.command_path)
def test_a_command_has_examples_of_itself(context: click.Context) -> None:
    examples = _examples(context)
    assert examples
    assert all(f"{example} ".startswith(f"{context.command_path} ") for example in examples)


@pytest.mark.parametrize("example", [example for context in CONTEXTS for example in _examples(context)])
def test_an_example_is_a_valid_command_line(example: str) -> None:
    command_lines.parsed(shlex.split(example)[1:])


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda context: context.command_path)
def test_the_help_has_the_examples_as_they_are_written(context: click.Context) -> None:
    assert isinstance(context.command, click_commands.Command | click_commands.Group)
    examples = context.command.examples
    assert f"\nExamples:\n{examples}" in context.get_help()
    assert max(map(len, examples.splitlines())) <= click_commands.WIDTH
