"""The flags of all commands, in groups as the help shows them."""

from __future__ import annotations

import argparse
import re
from typing import Any

from tidegate import settings, telemetry
from tidegate.cli import values

FSYNC = ("checkpoint", "always")
"""When the disk must have what is pushed."""

LIMITS = (
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


FOLLOWED_ALIASES = {
    "--gateway-url": "--gateway.url",
    "--gateway-kind": "--gateway.kind",
    "--grace-period": "--gateway.grace-period",
    "--gateway-grace-period": "--gateway.grace-period",
    "--gateway-poll-interval": "--gateway.poll-interval",
}
"""Other spellings of flags of the operator."""


def add_web_flags(parser: argparse.ArgumentParser) -> None:
    """Where and under which paths the gateway serves."""
    web, gateway = settings.WebSettings(), settings.GatewaySettings()
    group = parser.add_argument_group("gateway: push, scrape and query")
    group.add_argument(
        "--web.listen-address",
        dest="web_listen_address",
        type=values.web_address,
        action=_Several,
        default=web.listen_addresses,
        metavar="VALUE",
        help=f"address of push, scrape and query, or unix:/path; may be given several times "
        f"(default: {web.listen_addresses[0]})",
    )
    _switch(group, "--web.systemd-socket", "serve the sockets that systemd passes, and no addresses")
    _flag(group, "--web.config.file", str, web.config_file, "file with TLS, passwords, headers and a rate limit")
    _flag(group, "--web.telemetry-path", values.path, web.telemetry_path, "path under which to expose metrics")
    _flag(group, "--web.external-url", values.url, web.external_url, "URL under which it is known outside")
    _flag(
        group,
        "--web.route-prefix",
        values.prefix,
        web.route_prefix,
        "what all paths begin with; empty: the external URL's path",
    )
    _switch(group, "--web.enable-lifecycle", "let clients end the process with PUT or POST /-/quit")
    _switch(group, "--web.page-read-only", "have the page show and never delete; it is no guard against other clients")
    _switch(group, "--web.enable-admin-api", "let clients delete all groups with PUT /api/v1/admin/wipe")
    _flag(
        group,
        "--web.stop-timeout",
        values.seconds,
        gateway.stop_seconds,
        "how long requests in flight may take to finish after SIGTERM",
    )


def add_gateway_flags(parser: argparse.ArgumentParser) -> None:
    """How the gateway takes and keeps pushes."""
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
        values.seconds,
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
        choices=FSYNC,
        default=FSYNC[0],
        help="when the disk must have it: checkpoint (a push outlives the process, the last ones not a power loss), or "
        "always (before a push is acknowledged) (default: %(default)s)",
    )
    _flag(
        group, "--persistence.interval", values.seconds, 300.0, "taken for Pushgateway's sake: nothing waits that long"
    )
    _flag(
        group,
        "--control.listen-address",
        values.address,
        gateway.control_address,
        "address of the control API for the operator, on loopback",
    )


def add_import_flags(parser: argparse.ArgumentParser) -> None:
    """From where groups are copied, and to where."""
    group = parser.add_argument_group("import")
    group.add_argument(
        "--from",
        dest="from_url",
        type=values.url,
        required=True,
        metavar="URL",
        help="the Pushgateway to copy from, as a browser finds its page; with user:password@ where it asks for one",
    )
    group.add_argument(
        "--persistence.file",
        dest="persistence_file",
        required=True,
        metavar="FILE",
        help="the file to copy to, of a gateway that does not run; what is newer in it stays",
    )


def add_limit_flags(parser: argparse.ArgumentParser) -> None:
    """What clients may cost."""
    defaults = vars(settings.LimitSettings())
    group = parser.add_argument_group("gateway: limits", "none can be 0; a size is written 16MiB, 64KiB or 1000")
    for name, text in LIMITS:
        default = defaults[name.replace("-", "_")]
        kind = values.positive_seconds if isinstance(default, float) else values.size
        _flag(group, f"--limit.{name}", kind, default, text)


def add_token_flag(parser: argparse.ArgumentParser, text: str) -> None:
    group = parser.add_argument_group("between gateway and operator")
    _flag(group, "--control.token-file", str, settings.TokenSettings().file, text)


def add_operator_flags(parser: argparse.ArgumentParser, *, gateway_is_elsewhere: bool) -> None:
    """How the operator looks."""
    defaults = settings.OperatorSettings()
    if gateway_is_elsewhere:
        add_followed_flags(parser)
    group = parser.add_argument_group("operator")
    _flag(
        group, "--operator.listen-address", values.address, defaults.listen_address, "address of its metrics and probes"
    )
    _flag(group, "--operator.resync", values.seconds, defaults.worker.resync_seconds, "how often all is listed anew")
    _flag(group, "--kubernetes.kubeconfig", str, "", "kubeconfig file; empty: the Pod's account, $KUBECONFIG, ~/.kube")
    group.add_argument(
        "--kubernetes.namespace",
        dest="kubernetes_namespace",
        action="append",
        default=[],
        metavar="NAME",
        help="watch only this namespace; may be given several times (default: all)",
    )
    group.add_argument(
        "--watch",
        dest="watch",
        type=values.watch,
        action=_Several,
        default=defaults.kubernetes.watch,
        metavar="KIND",
        help="what else groups follow: pods, workflows, taskruns, or GROUP/VERSION/PLURAL:PATH.TO.CONDITION",
    )


def add_rule_flags(parser: argparse.ArgumentParser) -> None:
    """How the operator decides."""
    defaults = settings.OperatorSettings()
    group = parser.add_argument_group("operator: rules")
    _switch(group, "--dry-run", "only log and count what would be done; no group is claimed, released or retired")
    _flag(
        group,
        "--breaker.limit",
        values.size,
        defaults.worker.most_retired,
        "groups that may be retired in one resync period; where more are to be, none is until a later list says the "
        "same, and then this many a period",
    )
    group.add_argument(
        "--ownership",
        dest="ownership",
        type=values.ownership,
        default=defaults.rules.ownership,
        metavar="RULES",
        help=f"what says whose a group is, the first that does; what is left out counts for nothing "
        f"(default: {','.join(defaults.rules.ownership)})",
    )
    _flag(
        group,
        "--drain.timeout",
        values.seconds,
        defaults.rules.drain_timeout,
        "how long a finished Job's groups wait for Prometheus, where the Job does not say",
    )
    _flag(
        group,
        "--drain.late-push-grace",
        values.seconds,
        defaults.rules.late_push_grace,
        "how long after its end a push may still be the Job's own",
    )


def add_followed_flags(parser: argparse.ArgumentParser) -> None:
    """Which gateway the operator follows. Each is taken with hyphens alone, too."""
    defaults = settings.OperatorSettings()
    group = parser.add_argument_group("operator: the gateway that it follows")
    _flag(group, "--gateway.url", str, defaults.gateway_url, "its control API, or where a stock Pushgateway is")
    group.add_argument(
        "--gateway.kind",
        dest="gateway_kind",
        choices=[kind.value for kind in settings.GatewayKind],
        default=defaults.gateway_kind.value,
        help="tidegate's own, or a stock Pushgateway (docs/beside-pushgateway.md) (default: %(default)s)",
    )
    _flag(
        group,
        "--gateway.grace-period",
        values.period,
        defaults.stock.grace_seconds,
        "how long a stock Pushgateway keeps what finished Jobs pushed, for Prometheus to read: at least two or three "
        "scrape intervals",
    )
    _flag(
        group,
        "--gateway.poll-interval",
        values.period,
        defaults.stock.poll_seconds,
        "the pause between two reads of a stock Pushgateway's groups",
    )
    for alias, name in FOLLOWED_ALIASES.items():
        # Of one action argparse would show both spellings in the help.
        parser._option_string_actions[alias] = parser._option_string_actions[name]


def add_shell_argument(parser: argparse.ArgumentParser, shells: tuple[str, ...]) -> None:
    """For which shell."""
    parser.add_argument("shell", choices=shells, help="the shell")
    parser.set_defaults(log_level="error", log_format="logfmt")


def add_log_flags(parser: argparse.ArgumentParser) -> None:
    """How the process logs."""
    group = parser.add_argument_group("logging")
    for name, choices, default, text in (
        ("--log.level", telemetry.LEVELS, "info", "what is logged: this and what is worse"),
        ("--log.format", telemetry.FORMATS, "logfmt", "how it is logged"),
    ):
        group.add_argument(
            name, dest=dest(name), choices=choices, default=default, help=f"{text} (default: %(default)s)"
        )


class _Several(argparse.Action):
    """A flag that may be given several times; what is given takes the place of the default."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse.Action
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,  # noqa: ARG002 - argparse.Action
    ) -> None:
        known = getattr(namespace, self.dest)
        setattr(namespace, self.dest, (values,) if known is self.default else (*known, values))


def _flag(group: argparse._ArgumentGroup, name: str, kind: object, default: object, text: str) -> None:
    shown = f"{default:g}s" if isinstance(default, float) else default
    if kind is values.size and isinstance(default, int):
        shown = values.spelled_size(default)
    group.add_argument(
        name,
        dest=dest(name),
        type=kind,  # type: ignore[arg-type]
        default=default,
        metavar="DURATION" if isinstance(default, float) else "VALUE",
        help=f"{text} (default: {shown})" if shown else text,
    )


def _switch(group: argparse._ArgumentGroup, name: str, text: str) -> None:
    """A flag without a value, off by default; ``--no-`` before its name says so, as in Pushgateway."""
    group.add_argument(name, dest=dest(name), action=argparse.BooleanOptionalAction, default=False, help=text)


def dest(name: str) -> str:
    """The attribute that a flag is parsed into."""
    return re.sub(r"[.-]", "_", name.lstrip("-"))
