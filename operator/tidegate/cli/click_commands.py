"""Commands as click has them, with switches as Go writes them, whole flags only, and help like that of kubectl."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from tidegate import telemetry
from tidegate.cli import click_flags, flag_values

WIDTH = 120
"""Columns of the help at most."""

SETTINGS: Mapping[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": WIDTH + 2}
"""The settings of the context of the outermost command, which those below inherit."""

_FLAG = re.compile(r"-(?!\d*\.?\d+$)\S+$")
"""Matches a text that looks like a flag; a negative number or a text with a space does not."""


class _Base(click.Command):
    """The base of commands and groups of commands: parsing of switches, and the layout of the help.

    :param help: one line for the list of commands, and further paragraphs for the help of the command.
    :param examples: comments and commands, indented by two spaces.
    :param notes: further blocks of the help, by heading.
    """

    def __init__(
        self,
        name: str,
        *,
        help: str,
        examples: str,
        params: Sequence[click.Parameter] = (),
        notes: Mapping[str, str] | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(
            name,
            help=help,
            short_help=help.partition("\n")[0],
            params=list(params),
            options_metavar="[flags]",
            **attributes,
        )
        self.examples = examples
        self._notes = notes or {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments after rewriting ``--gzip=false`` as ``--no-gzip``: click's switches take no value."""
        return super().parse_args(ctx, list(_rewritten(ctx, self.get_params(ctx), args)))

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help in the order of kubectl: description, examples, flags, usage."""
        formatter.write_text(self.help or "")
        self.format_commands(ctx, formatter)
        _write_block(formatter, "Examples", self.examples)
        self.format_arguments(ctx, formatter)
        self.format_options(ctx, formatter)
        for heading, text in self._notes.items():
            _write_block(formatter, heading, text)
        _write_block(formatter, "Usage", f"  {' '.join([ctx.command_path, *self.collect_usage_pieces(ctx)])}\n")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write nothing: a command has none below it."""

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments that are not flags."""
        rows = [param.get_help_record(ctx) for param in self.params if isinstance(param, click.Argument)]
        if rows:
            with formatter.section("Arguments"):
                formatter.write_dl(rows)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the flags below their headings, the general ones last."""
        by_heading: dict[str, list[tuple[str, str]]] = {}
        general: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            if isinstance(param, click_flags.Flag) and param.heading != click_flags.GENERAL:
                by_heading.setdefault(param.heading, []).append(param.get_help_record(ctx))
            elif isinstance(param, click.Option):
                general.append(param.get_help_record(ctx) or ("", ""))
        for heading, rows in (*by_heading.items(), (click_flags.GENERAL, general)):
            with formatter.section(heading):
                formatter.write_dl(rows)


class Command(_Base):
    """A command.

    :param run: is called with the values of the parameters by name; its result is the exit status, ``None`` for 0.
    """

    def __init__(self, name: str, *, run: Callable[..., int | None], **attributes: Any) -> None:
        super().__init__(name, callback=run, context_settings={"allow_extra_args": True}, **attributes)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; one too many is a usage error."""
        rest = super().parse_args(ctx, args)
        if rest:
            # SECURITY: without the value after =, which may be a password.
            raise click.UsageError(f"unexpected argument {rest[0].partition('=')[0]!r}", ctx)
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. One without flags for its log logs errors alone."""
        level, format = ctx.params.get("log_level", "error"), ctx.params.get("log_format", "logfmt")
        telemetry.configure_logging(level=level, format=format)
        return super().invoke(ctx)


class Group(_Base, click.Group):
    """A command with commands below it."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each command."""
        with formatter.section("Commands"):
            formatter.write_dl(self.rows(ctx, self.list_commands(ctx)))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order in which they were added."""
        return list(self.commands)

    def rows(self, ctx: click.Context, names: Iterable[str]) -> list[tuple[str, str]]:
        """These commands with their short helps."""
        commands = [(name, self.get_command(ctx, name)) for name in names]
        return [(name, command.short_help or "") for name, command in commands if command is not None]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help, and how to get that of the commands."""
        super().format_help(ctx, formatter)
        path, metavar = ctx.command_path, self.subcommand_metavar
        formatter.write(f'\nUse "{path} {metavar} --help" for the flags and examples of a command.\n')


def walk(command: click.Command, parent: click.Context | None = None) -> Iterator[click.Context]:
    """The contexts of a command and of all commands below it, each without arguments."""
    context = click.Context(command, parent, info_name=command.name, **command.context_settings)
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if below := command.get_command(context, name):
                yield from walk(below, context)


def usage_error(error: click.UsageError) -> str:
    """The error as one line, which a list of all flags would push out of sight."""
    path = "tidegate" if error.ctx is None else error.ctx.command_path
    return f"{path}: error: {' '.join(_message(error).split())}; see {path} --help"


def _message(error: click.UsageError) -> str:
    match error:
        case click.NoSuchOption():
            return f"unknown flag {error.option_name}{_suggestion(error.possibilities)}"
        case click.exceptions.NoSuchCommand():
            return f"unknown command {error.command_name!r}{_suggestion(error.possibilities)}"
        case click.MissingParameter(param=click.Parameter() as param):
            kind = "flag" if isinstance(param, click.Option) else "argument"
            return f"missing {kind} {_hint(param, error)}"
        case click.BadParameter(param=click.Parameter() as param):
            return f"invalid value for {_hint(param, error)}: {error.message.rstrip('.')}"
    message = error.format_message().rstrip(".")
    return message[:1].lower() + message[1:]


def _hint(param: click.Parameter, error: click.UsageError) -> str:
    return param.get_error_hint(error.ctx).strip("'")


def _suggestion(near: list[str] | None) -> str:
    return f" (did you mean {near[0]}?)" if near else ""


def _write_block(formatter: click.HelpFormatter, heading: str, text: str) -> None:
    formatter.write(f"\n{heading}:\n{text}")


def _rewritten(ctx: click.Context, params: Sequence[click.Parameter], args: Sequence[str]) -> Iterator[str]:
    """The arguments with switches that have no value.

    :raises click.UsageError: a switch has a value that is not a boolean, or another flag has none.
    """
    options = {name: param for param in params for name in (*param.opts, *param.secondary_opts)}
    expecting = ""
    for number, argument in enumerate(args):
        if expecting and _FLAG.match(argument):
            break
        if argument == "--":
            yield from args[number:]
            return
        name, equals, value = argument.partition("=")
        option = None if expecting else options.get(name)
        is_switch = isinstance(option, click.Option) and option.is_flag
        yield _switch(ctx, option, name, value) if option and is_switch and equals else argument
        expecting = name if isinstance(option, click.Option) and not is_switch and not equals else ""
    if expecting:
        raise click.BadOptionUsage(expecting, f"flag {expecting} needs a value", ctx)


def _switch(ctx: click.Context, option: click.Parameter, name: str, value: str) -> str:
    """The name of the switch that means ``name=value``."""
    try:
        is_on = flag_values.switch(value) is (name in option.opts)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, option) from error
    return option.opts[0] if is_on else option.secondary_opts[0]
