"""The command ``tidegate`` itself: the commands below it, its exit status, and its errors."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

import tidegate
from tidegate import settings
from tidegate.cli import click_commands, click_flags

_USAGE_STATUS = 2
_FAILED_STATUS = 1

_SECTIONS: Mapping[str, Sequence[str]] = {
    "Servers": ("gateway", "operator", "run"),
    "Commands for a running gateway": ("push", "groups"),
    "Other commands": ("import", "completions"),
}

_DEFAULT = "gateway"
"""The command without a name: an existing Pushgateway is started with flags alone."""

_OWN_FLAGS = frozenset({"-h", "--help", "--version"})

_HELP = """\
tidegate is a Prometheus push gateway that deletes the metrics of finished Kubernetes Jobs.

Jobs push to the gateway, and Prometheus scrapes it, as with Pushgateway. The operator watches Jobs; when a Job has
finished and every Prometheus has scraped its last push, its groups of metrics are deleted.
"""

_EXAMPLES = """\
  # Run the gateway and the operator on this machine, with your kubeconfig
  tidegate run

  # Run only the gateway: push to :9091/metrics/job/NAME, scrape :9091/metrics
  tidegate gateway

  # Without a command, run the gateway; Pushgateway's flags work here
  tidegate --web.enable-lifecycle

  # Push a metric from a shell script
  tidegate push --job=backup --metric=backup_rows=1024

  # List the groups of a running gateway with their owners
  tidegate groups list

  # Manage a stock Pushgateway
  tidegate operator --gateway.url=http://pushgateway:9091 --gateway.kind=pushgateway
"""


class Root(click_commands.Group):
    """The command ``tidegate``. A command below it is imported when it is used: ``push`` must start fast."""

    def __init__(self) -> None:
        version = click_flags.Flag(
            "--version",
            "Print the version and exit.",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
        )
        super().__init__(
            "tidegate",
            help=_HELP,
            examples=_EXAMPLES,
            params=[version],
            subcommand_metavar="COMMAND",
            context_settings=dict(click_commands.SETTINGS),
        )

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of the help."""
        return [name for names in _SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        if cmd_name not in self.commands:
            module = importlib.import_module(f"tidegate.cli.{cmd_name}_command")
            self.add_command(module.command())
        return self.commands[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with, and the others."""
        if args[0] not in self.list_commands(ctx):
            raise click.exceptions.NoSuchCommand(args[0], possibilities=self.list_commands(ctx), ctx=ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; those that begin with a flag are the gateway's."""
        is_command = bool(args) and (not args[0].startswith("-") or args[0] in _OWN_FLAGS)
        return super().parse_args(ctx, args if is_command else [_DEFAULT, *args])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands below their headings."""
        for heading, names in _SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl(self.rows(ctx, names))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: without the name of the program; those of the process by default.
    :returns: the exit status.
    """
    root = Root()
    try:
        context = root.make_context(root.name, list(sys.argv[1:] if arguments is None else arguments))
        return int(root.invoke(context) or 0)
    except click.exceptions.Exit as exited:
        return exited.exit_code
    except click.UsageError as error:
        print(click_commands.usage_error(error), file=sys.stderr)
        return _USAGE_STATUS
    except (OSError, settings.BadSettingsError) as error:
        print(f"tidegate: {error}", file=sys.stderr)
        return _FAILED_STATUS


def _print_version(ctx: click.Context, param: click.Parameter, value: Any) -> None:  # noqa: ARG001 - click's signature
    if value:
        click.echo(f"tidegate {tidegate.__version__}")
        ctx.exit()
