"""The command ``tidegate``: flags in, settings out, and one call of the runtime."""

from __future__ import annotations

import argparse
import re
import sys
import urllib.parse
from collections.abc import Sequence
from typing import Any

import tidegate
from tidegate import runtime, settings, telemetry
from tidegate.aiokits import addresses

_EPILOG = """\
examples:
  tidegate run                              gateway and operator on this machine, with your kubeconfig
  tidegate gateway                          the gateway alone: push to :9091/metrics/job/NAME, scrape :9091/metrics
  tidegate --web.enable-lifecycle           the same: flags without a command are the gateway's, as in Pushgateway
  tidegate gateway --control.token-file=token
  tidegate operator --control.token-file=token --kubernetes.kubeconfig=~/.kube/config
                                            the two side by side on this machine
"""

_ABOUT_ALL = ("--help", "--version")
_FSYNC = ("checkpoint", "always")
_PATH = re.compile(r"/[A-Za-z0-9._~/-]*\Z")
_SIZE = re.compile(r"([0-9]{1,18})(|KiB|MiB|GiB)\Z")
_UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?\Z")


_LIMITS = (
    ("body", "bytes of a body as it is sent"),
    ("unpacked-body", "bytes of a body after it is unpacked"),
    ("bodies", "bytes of all bodies that are being read, unpacked or parsed"),
    ("request-head", "bytes of a request line and the headers"),
    ("head-timeout", "how long a request line and the headers may take"),
    ("body-timeout", "how long a body may take to come, or the next MiB of it"),
    ("connections", "connections at once; where all are taken an idle one is closed"),
    ("requests", "pushes under way at once"),
    ("push-series", "series of a push; each bucket, quantile, sum and count is one"),
    ("group-series", "series of a group"),
    ("groups", "groups"),
    ("series", "series of all groups; new groups are refused from nine tenths of it"),
    ("memory", "memory of the process from which new groups are refused; default: four fifths of its cgroup's"),
    ("labels", "labels of a series"),
    ("name-length", "characters of the name of a metric or a label"),
    ("value-length", "characters of a label's value or a help text"),
)
"""The flags ``--limit.…``, each a field of the settings."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    chosen = build_parser().parse_args(_with_command(sys.argv[1:] if arguments is None else arguments))
    telemetry.configure_logging(level=chosen.log_level, format=chosen.log_format)
    try:
        match chosen.command:
            case "gateway":
                runtime.run_gateway(_gateway_settings(chosen), flags=_flags(chosen))
            case "operator":
                runtime.run_operator(_operator_settings(chosen))
            case "run":
                runtime.run_both(_gateway_settings(chosen), _operator_settings(chosen), flags=_flags(chosen))
    except (OSError, settings.BadSettingsError) as error:
        print(f"tidegate: {error}", file=sys.stderr)
        return 1
    return 0


def _with_command(arguments: Sequence[str]) -> list[str]:
    """Flags without a command are Pushgateway's, whose Deployments have only the image changed."""
    begins_with_flag = bool(arguments) and arguments[0].startswith("--") and arguments[0] not in _ABOUT_ALL
    return ["gateway", *arguments] if begins_with_flag else list(arguments)


def build_parser() -> argparse.ArgumentParser:
    """All subcommands and flags."""
    parser = argparse.ArgumentParser(
        prog="tidegate",
        description="A push gateway for Prometheus that clears itself when the Kubernetes Job behind a group is over.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tidegate {tidegate.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    gateway = commands.add_parser("gateway", help="serve pushes and scrapes")
    operator = commands.add_parser("operator", help="watch Jobs and retire their groups")
    both = commands.add_parser("run", help="both in one process, for a laptop")
    for command in (gateway, both):
        _add_web_flags(command)
        _add_gateway_flags(command)
        _add_limit_flags(command)
    _add_token_flag(gateway, "file with the token of the control API, made if it is not there; empty: no control API")
    _add_token_flag(operator, "file with the token of the gateway's control API, the same as the gateway's")
    _add_token_flag(both, "file with the token of the control API; empty: one in memory")
    for command in (operator, both):
        _add_operator_flags(command, gateway_is_elsewhere=command is operator)
    for command in (gateway, operator, both):
        _add_log_flags(command)
    return parser


def _add_web_flags(parser: argparse.ArgumentParser) -> None:
    web, gateway = settings.WebSettings(), settings.GatewaySettings()
    group = parser.add_argument_group("gateway: push, scrape and query")
    group.add_argument(
        "--web.listen-address",
        dest="web_listen_address",
        type=_web_address,
        action=_Several,
        default=web.listen_addresses,
        metavar="VALUE",
        help=f"address of push, scrape and query, or unix:/path; may be given several times "
        f"(default: {web.listen_addresses[0]})",
    )
    _switch(group, "--web.systemd-socket", "serve the sockets that systemd passes, and no addresses")
    _flag(group, "--web.config.file", str, web.config_file, "file with TLS, passwords, headers and a rate limit")
    _flag(group, "--web.telemetry-path", _path, web.telemetry_path, "path under which to expose metrics")
    _flag(group, "--web.external-url", _url, web.external_url, "URL under which it is known outside")
    _flag(
        group,
        "--web.route-prefix",
        _prefix,
        web.route_prefix,
        "what all paths begin with; empty: the external URL's path",
    )
    _switch(group, "--web.enable-lifecycle", "let clients end the process with PUT or POST /-/quit")
    _switch(group, "--web.enable-admin-api", "let clients delete all groups with PUT /api/v1/admin/wipe")
    _flag(
        group,
        "--web.stop-timeout",
        seconds,
        gateway.stop_seconds,
        "how long requests in flight may take to finish after SIGTERM",
    )


def _add_gateway_flags(parser: argparse.ArgumentParser) -> None:
    gateway = settings.GatewaySettings()
    group = parser.add_argument_group("gateway: rules")
    _switch(group, "--push.enable-utf8-names", "allow any UTF-8 in names of metrics and labels")
    _switch(
        group,
        "--push.disable-consistency-check",
        "answer pushes with 202; they are checked all the same, since that costs nothing here",
    )
    _flag(
        group,
        "--push.ttl-drain-timeout",
        seconds,
        settings.PushSettings().ttl_drain_timeout,
        "how long a group whose ttl is over waits for Prometheus",
    )
    _flag(
        group,
        "--persistence.file",
        str,
        gateway.persistence.file,
        "file that keeps every acknowledged push; empty: groups end with the process",
    )
    group.add_argument(
        "--persistence.fsync",
        dest="persistence_fsync",
        choices=_FSYNC,
        default=_FSYNC[0],
        help="when the disk must have it: checkpoint (a push outlives the process, the last ones not a power loss), or "
        "always (before a push is acknowledged) (default: %(default)s)",
    )
    _flag(group, "--persistence.interval", seconds, 300.0, "taken for Pushgateway's sake: nothing waits that long")
    _flag(
        group,
        "--control.listen-address",
        _address,
        gateway.control_address,
        "address of the control API for the operator, on loopback",
    )


def _add_limit_flags(parser: argparse.ArgumentParser) -> None:
    defaults = vars(settings.LimitSettings())
    group = parser.add_argument_group("gateway: limits", "none can be 0; a size is written 16MiB, 64KiB or 1000")
    for name, text in _LIMITS:
        default = defaults[name.replace("-", "_")]
        kind = _positive_seconds if isinstance(default, float) else size
        _flag(group, f"--limit.{name}", kind, default, text)


def _add_token_flag(parser: argparse.ArgumentParser, text: str) -> None:
    group = parser.add_argument_group("between gateway and operator")
    _flag(group, "--control.token-file", str, settings.TokenSettings().file, text)


def _add_operator_flags(parser: argparse.ArgumentParser, *, gateway_is_elsewhere: bool) -> None:
    defaults = settings.OperatorSettings()
    group = parser.add_argument_group("operator")
    if gateway_is_elsewhere:
        _flag(group, "--gateway.url", str, defaults.gateway_url, "the gateway's control API")
    _flag(group, "--operator.listen-address", _address, defaults.listen_address, "address of its metrics and probes")
    _flag(group, "--operator.resync", seconds, defaults.worker.resync_seconds, "how often all is listed anew")
    _flag(
        group,
        "--drain.timeout",
        seconds,
        defaults.rules.drain_timeout,
        "how long a finished Job's groups wait for Prometheus, where the Job does not say",
    )
    _flag(
        group,
        "--drain.late-push-grace",
        seconds,
        defaults.rules.late_push_grace,
        "how long after its end a push may still be the Job's own",
    )
    _flag(group, "--kubernetes.kubeconfig", str, "", "kubeconfig file; empty: the Pod's account, $KUBECONFIG, ~/.kube")
    group.add_argument(
        "--kubernetes.namespace",
        dest="kubernetes_namespace",
        action="append",
        default=[],
        metavar="NAME",
        help="watch only this namespace; may be given several times (default: all)",
    )


def _add_log_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("logging")
    group.add_argument("--log.level", dest="log_level", choices=telemetry.LEVELS, default="info")
    group.add_argument("--log.format", dest="log_format", choices=telemetry.FORMATS, default="logfmt")


class _Several(argparse.Action):
    """A flag that may be given several times; what is given takes the place of the default."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        known = getattr(namespace, self.dest)
        setattr(namespace, self.dest, (values,) if known is self.default else (*known, values))


def _flag(group: argparse._ArgumentGroup, name: str, kind: object, default: object, text: str) -> None:
    shown = f"{default:g}s" if isinstance(default, float) else default
    if kind is size and default is not None:
        shown = _spelled_size(default)
    group.add_argument(
        name,
        dest=_dest(name),
        type=kind,  # type: ignore[arg-type]
        default=default,
        metavar="DURATION" if isinstance(default, float) else "VALUE",
        help=f"{text} (default: {shown})" if shown else text,
    )


def _switch(group: argparse._ArgumentGroup, name: str, text: str) -> None:
    """A flag without a value, off by default; ``--no-`` before its name says so, as in Pushgateway."""
    group.add_argument(name, dest=_dest(name), action=argparse.BooleanOptionalAction, default=False, help=text)


def _dest(name: str) -> str:
    return re.sub(r"[.-]", "_", name.lstrip("-"))


def seconds(text: str) -> float:
    """Seconds of a duration such as ``90s``, ``5m`` or ``1h30m``; ``argparse.ArgumentTypeError`` for anything else."""
    match = _DURATION.match(text)
    if not text or match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: write 90s, 5m or 1h30m")
    hours, minutes, rest = match.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest or 0)


def _positive_seconds(text: str) -> float:
    if found := seconds(text):
        return found
    raise argparse.ArgumentTypeError("0 would refuse everybody: write a long time for no limit")


def size(text: str) -> int:
    """A number of bytes, or of other things, such as ``16MiB``, ``64KiB`` or ``1000``;
    ``argparse.ArgumentTypeError`` for anything else and for 0."""
    match = _SIZE.match(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write 16MiB, 64KiB or a number")
    found = int(match[1]) * _UNITS[match[2]]
    if not found:
        raise argparse.ArgumentTypeError("0 would refuse everybody: write a large number for no limit")
    return found


def _spelled_size(found: Any) -> str:
    unit = next((unit for unit, bytes in reversed(_UNITS.items()) if found % bytes == 0), "")
    return f"{found // _UNITS[unit]}{unit}"


def _address(text: str) -> str:
    try:
        addresses.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _web_address(text: str) -> str:
    return text if addresses.unix_path(text) else _address(text)


def _url(text: str) -> str:
    found = urllib.parse.urlsplit(text)
    if text and not (found.scheme in ("", "http", "https") and _PATH.match(found.path or "/")):
        raise argparse.ArgumentTypeError(f"{text!r} is no URL of a page: give http://host/path")
    return text


def _prefix(text: str) -> str:
    return "/" + _path("/" + text.strip("/")).strip("/") if text else ""


def _path(text: str) -> str:
    if not _PATH.match(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no path: begin with / and use letters, digits and . _ ~ - /")
    return text


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
            **{_dest(name): getattr(chosen, _dest(f"--limit.{name}")) for name, _ in _LIMITS}
        ),
    )


def _operator_settings(chosen: argparse.Namespace) -> settings.OperatorSettings:
    gateway_url = getattr(chosen, "gateway_url", None) or f"http://{_local(chosen.control_listen_address)}"
    return settings.OperatorSettings(
        gateway_url=gateway_url,
        control_token=settings.TokenSettings(file=chosen.control_token_file),
        listen_address=chosen.operator_listen_address,
        rules=settings.RuleSettings(drain_timeout=chosen.drain_timeout, late_push_grace=chosen.drain_late_push_grace),
        worker=settings.WorkerSettings(resync_seconds=chosen.operator_resync),
        kubernetes=settings.KubernetesSettings(
            kubeconfig=chosen.kubernetes_kubeconfig or None, namespaces=tuple(chosen.kubernetes_namespace)
        ),
    )


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
