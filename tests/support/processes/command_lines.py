"""Command lines that are parsed and not run, and the commands that there are."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from unittest import mock

import click

from tidegate.cli import click_commands, root


def commands() -> Iterator[click.Context]:
    """A context of ``tidegate`` and of each command below it."""
    return click_commands.walk(root.Root())


def parsed(arguments: Sequence[str]) -> types.SimpleNamespace:
    """The values that the parameters get, and as ``command`` the name of the command.

    :raises click.UsageError: the arguments are invalid.
    """
    outermost = root.Root()
    with mock.patch.object(click_commands.Command, "invoke", lambda _, context: context):
        context = outermost.invoke(outermost.make_context(outermost.name, list(arguments)))
    assert isinstance(context, click.Context)
    return types.SimpleNamespace(**context.params, command=context.command_path.split()[1])


def flag_names(context: click.Context) -> set[str]:
    """All names of the flags of a command, those included that the help does not show."""
    params = context.command.get_params(context)
    names = {name for param in params for name in (*param.opts, *param.secondary_opts)}
    return {name for name in names if name.startswith("--")}
