"""The command ``tidegate``: flags in, settings out, and one call of the runtime."""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import tidegate
from tidegate import runtime, settings, telemetry
from tidegate.aiokits import addresses
from tidegate.cli import completions, examples, flags, groupcommands, groupflags, pushcommands, pushflags
from tidegate.controller import kinds

_POD = ("namespace", "name", "uid")
"""What the manifests put into the environment of the operator, as POD_NAMESPACE and so on."""

_ABOUT_ALL = ("--help", "--version")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    chosen = build_parser().parse_args(with_command(sys.argv[1:] if arguments is None else arguments))
    telemetry.configure_logging(level=chosen.log_level, format=chosen.log_format)
    try:
        match chosen.command:
            case "gateway":
                runtime.run_gateway(_gateway_settings(chosen), flags=_flags(chosen))
            case "operator":
                runtime.run_operator(_operator_settings(chosen))
            case "groups":
                return groupcommands.run(chosen)
            case "push":
                return pushcommands.run(chosen)
            case "completions":
                print(completions.script(chosen.shell, build_parser()), end="")
            case "import":
                return runtime.run_import(chosen.from_url, Path(chosen.persistence_file))
            case "run":
                runtime.run_both(_gateway_settings(chosen), _operator_settings(chosen), flags=_flags(chosen))
    except (OSError, settings.BadSettingsError) as error:
        print(f"tidegate: {error}", file=sys.stderr)
        return 1
    return 0


def with_command(arguments: Sequence[str]) -> list[str]:
    """Flags without a command are Pushgateway's, whose Deployments have only the image changed."""
    if arguments and arguments[0] == "groups":
        return groupflags.with_verb(arguments)
    begins_with_flag = bool(arguments) and arguments[0].startswith("--") and arguments[0] not in _ABOUT_ALL
    return ["gateway", *arguments] if begins_with_flag else list(arguments)


def build_parser() -> argparse.ArgumentParser:
    """All subcommands and flags."""
    parser = argparse.ArgumentParser(
        prog="tidegate",
        description="A push gateway for Prometheus that clears itself when the Kubernetes Job behind a group is over.",
        epilog=examples.ALL,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tidegate {tidegate.__version__}")
    gateway, operator, both, importing, pushing, asking, completing = _add_commands(parser)
    flags.add_import_flags(importing)
    pushflags.add_flags(pushing)
    groupflags.add_commands(asking)
    flags.add_shell_argument(completing, completions.SHELLS)
    for command in (gateway, both):
        flags.add_web_flags(command)
        flags.add_gateway_flags(command)
        flags.add_limit_flags(command)
    flags.add_token_flag(
        gateway, "file with the token of the control API, made if it is not there; empty: no control API"
    )
    flags.add_token_flag(operator, "file with the token of the gateway's control API, the same as the gateway's")
    flags.add_token_flag(both, "file with the token of the control API; empty: one in memory")
    for command in (operator, both):
        flags.add_operator_flags(command, gateway_is_elsewhere=command is operator)
        flags.add_rule_flags(command)
    for command in (gateway, operator, both, importing):
        flags.add_log_flags(command)
    return parser


def _add_commands(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    return [
        commands.add_parser(name, help=text, epilog=shown, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    return settings.GatewaySettings(
        web=settings.WebSettings(
            listen_addresses=chosen.web_listen_address,
            systemd_socket=chosen.web_systemd_socket,
            config_file=chosen.web_config_file,
            telemetry_path=chosen.web_telemetry_path,
            external_url=chosen.web_external_url,
            route_prefix=chosen.web_route_prefix,
            enable_lifecycle=chosen.web_enable_lifecycle,
            page_read_only=chosen.web_page_read_only,
            enable_admin_api=chosen.web_enable_admin_api,
        ),
        control_address=chosen.control_listen_address,
        control_token=settings.TokenSettings(file=chosen.control_token_file),
        stop_seconds=chosen.web_stop_timeout,
        push=settings.PushSettings(
            enable_utf8_names=chosen.push_enable_utf8_names,
            disable_consistency_check=chosen.push_disable_consistency_check,
            ttl_drain_timeout=chosen.push_ttl_drain_timeout,
        ),
        persistence=settings.PersistenceSettings(
            file=chosen.persistence_file, fsync=chosen.persistence_fsync == "always"
        ),
        limits=settings.LimitSettings(
            **{flags.dest(name): getattr(chosen, flags.dest(f"--limit.{name}")) for name, _ in flags.LIMITS}
        ),
    )


def _operator_settings(chosen: argparse.Namespace) -> settings.OperatorSettings:
    kinds.table(chosen.watch)  # One that is there twice is refused before anything starts.
    followed = _followed(chosen)
    drain_timeout = chosen.drain_timeout
    if followed.gateway_kind is settings.GatewayKind.PUSHGATEWAY:
        drain_timeout = followed.stock.grace_seconds
    return dataclasses.replace(
        followed,
        control_token=settings.TokenSettings(file=chosen.control_token_file),
        listen_address=chosen.operator_listen_address,
        rules=settings.RuleSettings(
            ownership=chosen.ownership,
            drain_timeout=drain_timeout,
            late_push_grace=chosen.drain_late_push_grace,
        ),
        worker=settings.WorkerSettings(
            resync_seconds=chosen.operator_resync, most_retired=chosen.breaker_limit, dry_run=chosen.dry_run
        ),
        pod=settings.PodSettings(**{part: os.environ.get(f"POD_{part.upper()}", "") for part in _POD}),
        kubernetes=settings.KubernetesSettings(
            kubeconfig=chosen.kubernetes_kubeconfig or None,
            namespaces=tuple(chosen.kubernetes_namespace),
            watch=chosen.watch,
        ),
    )


def _followed(chosen: argparse.Namespace) -> settings.OperatorSettings:
    """Which gateway the operator follows: that of the same process has no flags."""
    if chosen.command == "run":
        return settings.OperatorSettings(gateway_url=f"http://{_local(chosen.control_listen_address)}")
    made = settings.OperatorSettings(
        gateway_url=chosen.gateway_url,
        gateway_kind=settings.GatewayKind(chosen.gateway_kind),
        stock=settings.StockSettings(
            grace_seconds=chosen.gateway_grace_period, poll_seconds=chosen.gateway_poll_interval
        ),
    )
    defaults = settings.OperatorSettings()
    if made.gateway_kind is settings.GatewayKind.TIDEGATE and made.stock != defaults.stock:
        raise settings.BadSettingsError(
            "--gateway.grace-period and --gateway.poll-interval are for --gateway.kind=pushgateway; tidegate's own "
            "gateway keeps what is retired until it is read, for --drain.timeout at most"
        )
    if made.gateway_kind is settings.GatewayKind.PUSHGATEWAY and made.gateway_url == defaults.gateway_url:
        raise settings.BadSettingsError(
            "--gateway.kind=pushgateway needs --gateway.url: where the Pushgateway is, such as http://pushgateway:9091"
        )
    return made


def _local(address: str) -> str:
    """The same address as a client on this machine must call it."""
    host, port = addresses.parse(address)
    if host is None:
        return f"127.0.0.1:{port}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _flags(chosen: argparse.Namespace) -> dict[str, str]:
    """The flags in force by their names, as the status API shows them."""
    shown = {name: value for name, value in vars(chosen).items() if name != "command"}
    return {_flag_name(dest): _spelled(value) for dest, value in shown.items()}


def _flag_name(dest: str) -> str:
    """The inverse of :func:`_dest`, without the hyphens before it."""
    return dest.replace("_", ".", 1).replace("_", "-").replace("config-file", "config.file")


def _spelled(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    if value is None:
        return ""
    # SECURITY: an external URL may come with a password, and everybody sees the status.
    return str(value).lower() if isinstance(value, bool) else re.sub(r"//[^/]*@", "//", str(value))
