"""The command ``tidegate``: flags in, settings out, and one call of the runtime."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence

import tidegate
from tidegate import app, client_settings, flags, settings, telemetry
from tidegate.cli import completions, examples, groupcommands, groupflags, parser, pushcommands, pushflags
from tidegate.operator.objects import owner_kinds
from tidegate.system import addresses

_POD = ("namespace", "name", "uid")
"""What the manifests put into the environment of the operator, as POD_NAMESPACE and so on."""

_FOLLOWED = "--gateway."
"""How the flags begin that say which gateway an operator follows: in one process there is no choice."""

_ABOUT_ALL = ("-h", "--help", "--version")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    chosen = build_parser().parse_args(with_command(sys.argv[1:] if arguments is None else arguments))
    telemetry.configure_logging(level=chosen.log_level, format=chosen.log_format)
    try:
        match chosen.command:
            case "gateway":
                shown = parser.shown(vars(chosen), settings.GatewaySettings, settings.LogSettings)
                app.run_gateway(_gateway_settings(chosen), flags=shown)
            case "operator":
                app.run_operator(_operator_settings(chosen))
            case "groups":
                return groupcommands.run(chosen)
            case "push":
                return pushcommands.run(chosen)
            case "completions":
                print(completions.script(chosen.shell, build_parser()), end="")
            case "import":
                return app.run_import(flags.filled(client_settings.ImportSettings, vars(chosen)))
            case "run":
                parts = settings.GatewaySettings, settings.OperatorSettings, settings.LogSettings
                shown = parser.shown(vars(chosen), *parts)
                app.run_both(_gateway_settings(chosen), _operator_settings(chosen), flags=shown)
    except (OSError, settings.BadSettingsError) as error:
        print(f"tidegate: {error}", file=sys.stderr)
        return 1
    return 0


def with_command(arguments: Sequence[str]) -> list[str]:
    """The arguments with a command: those without one are meant for Pushgateway, whose command is its gateway."""
    if arguments and arguments[0] == "groups":
        return groupflags.with_verb(arguments)
    begins_with_flag = bool(arguments) and arguments[0].startswith("-") and arguments[0] not in _ABOUT_ALL
    return ["gateway", *arguments] if begins_with_flag or not arguments else list(arguments)


def build_parser() -> parser.Parser:
    """All subcommands and flags."""
    made = parser.Parser(
        prog="tidegate",
        description="A push gateway for Prometheus that clears itself when the Kubernetes Job behind a group is over.",
        epilog=examples.ALL,
    )
    made.add_flag(
        "--version", "Print the version and exit.", action="version", version=f"tidegate {tidegate.__version__}"
    )
    gateway, operator, both, importing, pushing, asking, completing = _add_commands(made)
    for command in (gateway, both):
        command.add_settings(settings.GatewaySettings)
    operator.add_settings(settings.OperatorSettings)
    both.add_settings(settings.OperatorSettings, but_for=_FOLLOWED)
    importing.add_settings(client_settings.ImportSettings)
    pushflags.add_flags(pushing)
    groupflags.add_commands(asking)
    completions.add_argument(completing)
    for command in (gateway, operator, both, importing):
        command.add_settings(settings.LogSettings)
    for command in (pushing, asking, completing):
        command.set_defaults(log_level="error", log_format="logfmt")
    return made


def _add_commands(made: parser.Parser) -> list[parser.Parser]:
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    return [
        commands.add_parser(name, help=text, epilog=shown)
        for name, text, shown in (
            ("gateway", "serve pushes and scrapes", examples.GATEWAY),
            ("operator", "watch Jobs and retire their groups", examples.OPERATOR),
            ("run", "both in one process, for a laptop", examples.RUN),
            ("import", "copy the groups of a running Pushgateway into a file", examples.IMPORT),
            ("push", "push to a running gateway, from a shell script", pushflags.EPILOG),
            ("groups", "list, show, explain or delete the groups of a running gateway", groupflags.EPILOG),
            ("completions", "write a script that completes commands and flags in a shell", completions.EPILOG),
        )
    ]


def _gateway_settings(chosen: argparse.Namespace) -> settings.GatewaySettings:
    return flags.filled(settings.GatewaySettings, vars(chosen))


def _operator_settings(chosen: argparse.Namespace) -> settings.OperatorSettings:
    owner_kinds.watched_kinds(chosen.watch)  # One that is there twice is refused before anything starts.
    made = dataclasses.replace(
        flags.filled(settings.OperatorSettings, vars(chosen)),
        pod=settings.PodSettings(**{part: os.environ.get(f"POD_{part.upper()}", "") for part in _POD}),
    )
    if chosen.command == "run":
        # The gateway of the same process.
        return dataclasses.replace(made, gateway_url=f"http://{_local(chosen.control_listen_address)}")
    _expect_followable(made)
    if made.gateway_kind is settings.GatewayKind.PUSHGATEWAY:
        rules = dataclasses.replace(made.rules, drain_timeout=made.stock.grace_seconds)
        return dataclasses.replace(made, rules=rules)
    return made


def _expect_followable(made: settings.OperatorSettings) -> None:
    """:raises settings.BadSettingsError: the flags about the gateway that it follows contradict each other."""
    defaults = settings.OperatorSettings()
    if made.gateway_kind is settings.GatewayKind.TIDEGATE and made.stock != defaults.stock:
        raise settings.BadSettingsError(
            "--gateway.grace-period and --gateway.poll-interval are for --gateway.kind=pushgateway; tidegate's own "
            "gateway keeps what is retired until it is read, for --drain.timeout at most"
        )
    if (
        made.gateway_kind is settings.GatewayKind.PUSHGATEWAY
        and made.rules.drain_timeout != defaults.rules.drain_timeout
    ):
        raise settings.BadSettingsError(
            "--drain.timeout has no effect with --gateway.kind=pushgateway, which does not tell who has scraped: set "
            "--gateway.grace-period instead"
        )
    if made.gateway_kind is settings.GatewayKind.PUSHGATEWAY and made.gateway_url == defaults.gateway_url:
        raise settings.BadSettingsError(
            "--gateway.kind=pushgateway needs --gateway.url: where the Pushgateway is, such as http://pushgateway:9091"
        )


def _local(address: str) -> str:
    """The same address as a client on this machine must call it."""
    host, port = addresses.parse(address)
    if host is None:
        return f"127.0.0.1:{port}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
