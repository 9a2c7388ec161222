"""Settings of the commands that talk to a running gateway, each field declared with the flag that fills it."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate import flags


@dataclass(frozen=True, kw_only=True)
class ConnectionSettings:
    """How ``tidegate groups`` reaches the gateway and the operator."""

    gateway_url: str = flags.flag(
        flags.Kind.BASE_URL,
        "--gateway.url",
        "http://127.0.0.1:9091",
        "URL of the gateway, with user:password@ if it requires a password.",
        repr=False,
    )
    operator_url: str = flags.flag(
        flags.Kind.BASE_URL, "--operator.url", "http://127.0.0.1:9093", "URL of the operator.", repr=False
    )
    namespace: str = flags.text(
        "--namespace",
        "Namespace of tidegate, to reach it through the API server. Scheme, port and path are taken from the URLs.",
    )
    pod: str = flags.text(
        "--pod",
        "Pod of tidegate in the namespace.",
        default_help="the one with the label app.kubernetes.io/name=tidegate",
    )
    kubeconfig: str = flags.file(
        "--kubernetes.kubeconfig",
        "Kubeconfig file for the API server.",
        default_help="$KUBECONFIG, else ~/.kube/config",
    )


URL_VARIABLE = "TIDEGATE_URL"
"""The environment variable with the URL to push to, used without the flag."""


@dataclass(frozen=True, kw_only=True)
class DeliverySettings:
    """Where ``tidegate push`` pushes to, and how often it tries."""

    gateway_url: str = flags.flag(
        flags.Kind.BASE_URL,
        "--gateway.url",
        "http://127.0.0.1:9091",
        "URL of the gateway or Pushgateway, with user:password@ if it requires a password.",
        default_help=f"${URL_VARIABLE}, else http://127.0.0.1:9091",
        repr=False,
    )
    try_seconds: float = flags.positive_duration("--timeout", 30.0, "Maximum time of one try.")
    retry_seconds: float = flags.duration(
        "--retry-for",
        60.0,
        "Time after the first try within which another one may begin. The pauses grow, or are those that the response "
        "asks for. 0s: try once.",
    )


@dataclass(frozen=True, kw_only=True)
class ImportSettings:
    """The source and the destination of ``tidegate import``."""

    source_url: str = flags.required(
        flags.Kind.BASE_URL,
        "--from",
        "URL of the Pushgateway to copy from, with its path prefix, and with user:password@ if it requires a password.",
        repr=False,
    )
    file: str = flags.required(
        flags.Kind.FILE,
        "--persistence.file",
        "File to copy to, of a gateway that is not running. Newer groups in it are kept.",
    )
