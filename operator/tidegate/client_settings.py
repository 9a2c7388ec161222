"""Settings of the commands that talk to a running gateway, each field declared with the flag that fills it."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate import flags


@dataclass(frozen=True, kw_only=True)
class InquirySettings:
    """Where ``tidegate groups`` asks."""

    gateway_url: str = flags.flag(
        flags.Kind.BASE_URL,
        "--gateway.url",
        "http://127.0.0.1:9091",
        "The gateway, with user:password@ if it asks for one.",
        repr=False,
    )
    operator_url: str = flags.flag(
        flags.Kind.BASE_URL, "--operator.url", "http://127.0.0.1:9093", "The operator.", repr=False
    )
    namespace: str = flags.text(
        "--namespace", "Ask through the API server, in this namespace. Scheme, port and path are those of the URLs."
    )
    pod: str = flags.text(
        "--pod", "The Pod to ask.", default_help="the one with the label app.kubernetes.io/name=tidegate"
    )
    kubeconfig: str = flags.file(
        "--kubernetes.kubeconfig", "Kubeconfig file for the API server.", default_help="$KUBECONFIG, ~/.kube/config"
    )


URL_VARIABLE = "TIDEGATE_URL"
"""The environment variable that says where to push when the flag does not."""


@dataclass(frozen=True, kw_only=True)
class DeliverySettings:
    """How ``tidegate push`` sends."""

    gateway_url: str = flags.flag(
        flags.Kind.BASE_URL,
        "--gateway.url",
        "http://127.0.0.1:9091",
        "The gateway or Pushgateway, with user:password@ if it asks for one.",
        default_help=f"${URL_VARIABLE}, else http://127.0.0.1:9091",
        repr=False,
    )
    try_seconds: float = flags.positive_duration("--timeout", 30.0, "How long one try may take.")
    retry_seconds: float = flags.duration(
        "--retry-for",
        60.0,
        "How long after the first try another one may begin. The pauses grow, or are those that the response asks for. "
        "0s: try once.",
    )


@dataclass(frozen=True, kw_only=True)
class ImportSettings:
    """What ``tidegate import`` copies, and to where."""

    source_url: str = flags.required(
        flags.Kind.BASE_URL,
        "--from",
        "URL of the Pushgateway to copy from, as you open it in a browser, with user:password@ if it asks for one.",
        repr=False,
    )
    file: str = flags.required(
        flags.Kind.FILE,
        "--persistence.file",
        "File to copy to, of a gateway that does not run. Newer groups in it are kept.",
    )
