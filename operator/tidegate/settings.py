"""Settings of each part, as values: what can be chosen, its unit and its default."""

from __future__ import annotations

import enum
import urllib.parse
from dataclasses import dataclass, field


class BadSettingsError(ValueError):
    """What was chosen cannot be used; the message says what, and why."""


ADDRESS, ANNOTATION, POD, NAME = OWNERSHIP = ("address", "annotation", "pod", "name")
"""Whose a group is: by the address it was pushed from, what its owner says, its pod's name, its Job's name."""


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """What decides which group is whose, and when it is over. Times are seconds."""

    ownership: tuple[str, ...] = OWNERSHIP
    """The rules that hold, the first one first. Default ``address,annotation,pod,name``."""

    drain_timeout: float = 300.0
    """How long a retired group may wait for its scrapers where its owner does not say. Default 5 min."""

    late_push_grace: float = 60.0
    """How long after its owner's end a push may still be the owner's own: a pod that is killed late. Default 60 s."""

    clock_skew: float = 5.0
    """By how much two clocks may differ, after what is known of their difference. Default 5 s."""


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """How the operator's worker goes about its work."""

    resync_seconds: float = 30.0
    """Every object is listed and every group planned this often, whatever the events said. Default 30 s."""

    coalesce_seconds: float = 0.05
    """How long changes are collected before they are planned together. Default 50 ms."""

    most_retired: int = 5_000
    """Groups that may be retired in one resync period: where more are to be, the breaker trips. Default 5000."""

    dry_run: bool = False
    """Whether only to tell what would be done: nothing is claimed, released or retired. Default no."""

    backoff_seconds: float = 1.0
    """The first pause after a failure; it doubles with each further one. Default 1 s."""

    backoff_limit_seconds: float = 30.0
    """The longest pause after failures. Default 30 s."""


@dataclass(frozen=True, kw_only=True)
class KubernetesSettings:
    """How the API server is reached and what of it is looked at."""

    kubeconfig: str | None = None
    """A kubeconfig file. Default: the Pod's service account, else $KUBECONFIG, else ~/.kube/config."""

    namespaces: tuple[str, ...] = ()
    """Only these namespaces. Default: all."""

    watch: tuple[str, ...] = ()
    """What groups can follow beside Jobs and CronJobs: words such as ``pods``, or a resource and how it ends, such as
    ``example.com/v1/runs:status.conditions.Done``. Default: nothing."""

    page_size: int = 250
    """Objects a page of a list. Default 250: while one is read it takes several times its own size."""

    request_timeout: float = 30.0
    """Seconds for a whole call, its answer included. Default 30 s."""

    connect_timeout: float = 10.0
    """Seconds to get a connection. Default 10 s."""

    concurrency: int = 8
    """Calls at the same time. Default 8."""


@dataclass(frozen=True, kw_only=True)
class PodSettings:
    """The Pod that the operator runs in, for Events that are about itself. Empty where it runs in none."""

    namespace: str = ""
    name: str = ""
    uid: str = ""


@dataclass(frozen=True, kw_only=True)
class TokenSettings:
    """The token of the control API. The gateway does not open that API without one."""

    file: str = ""
    """A file that holds it, which the gateway makes where it is not there. Default none."""

    value: str = field(default="", repr=False)
    """The token itself, where both are in one process and there is no file. Default none."""


class GatewayKind(enum.StrEnum):
    """What the operator drives; the value is the word of the flag."""

    TIDEGATE = "tidegate"
    PUSHGATEWAY = "pushgateway"


@dataclass(frozen=True, kw_only=True)
class StockSettings:
    """How the operator goes about a stock Pushgateway."""

    grace_seconds: float = 300.0
    """How long a retired group is kept, at least. Nobody can tell who has read it: two to three scrape intervals, and
    Prometheus itself looks back no further than five minutes. Default 5 min."""

    poll_seconds: float = 5.0
    """The pause between two reads of all its groups. Default 5 s."""

    answer_bytes: int = 256 * 1024 * 1024
    """Bytes of the largest answer that is read. Default 256 MiB."""


@dataclass(frozen=True, kw_only=True)
class OperatorSettings:
    """Settings of ``tidegate operator``."""

    gateway_url: str = field(default="http://127.0.0.1:9092", repr=False)
    """Where the gateway's control API is, on loopback; or a stock Pushgateway, anywhere, perhaps with a user and a
    password. Default: the other container of the Pod."""

    gateway_kind: GatewayKind = GatewayKind.TIDEGATE
    """Which of the two. Default tidegate."""

    control_token: TokenSettings = field(default_factory=TokenSettings)
    """What is shown to the control API. It cannot do without; a Pushgateway has none."""

    stock: StockSettings = field(default_factory=StockSettings)

    pod: PodSettings = field(default_factory=PodSettings)
    """Its own Pod. Default none."""

    listen_address: str = ":9093"
    """``host:port`` of /metrics, /healthz and /readyz; an empty host is every address. Default ``:9093``."""

    rules: RuleSettings = field(default_factory=RuleSettings)
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    kubernetes: KubernetesSettings = field(default_factory=KubernetesSettings)


@dataclass(frozen=True, kw_only=True)
class InquirySettings:
    """Where ``tidegate groups`` asks."""

    gateway_url: str = field(default="http://127.0.0.1:9091", repr=False)
    """The gateway's public address, perhaps with a user and a password. Default ``http://127.0.0.1:9091``."""

    operator_url: str = field(default="http://127.0.0.1:9093", repr=False)
    """The operator's. Default ``http://127.0.0.1:9093``."""

    namespace: str = ""
    """Where the Pod is that is asked through the API server; of the URLs the scheme, port and path hold then.
    Default none: the URLs are asked."""

    pod: str = ""
    """The Pod. Default the one with our label."""

    kubeconfig: str | None = None
    """A kubeconfig file. Default as for the operator."""


@dataclass(frozen=True, kw_only=True)
class DeliverySettings:
    """How ``tidegate push`` sends."""

    gateway_url: str = field(default=InquirySettings.gateway_url, repr=False)
    """The gateway's public address, perhaps with a user and a password. Default ``http://127.0.0.1:9091``."""

    try_seconds: float = 30.0
    """How long one try may take, its answer included. Default 30 s."""

    retry_seconds: float = 60.0
    """How long after the first try another one may begin. Default 60 s."""


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """Where and under which paths the gateway serves; Pushgateway's own flags."""

    listen_addresses: tuple[str, ...] = (":9091",)
    """``host:port`` of push, scrape and query, or ``unix:/path``; an empty host is every address. Default ``:9091``."""

    systemd_socket: bool = False
    """Whether to serve the sockets that systemd passes instead. Default no."""

    config_file: str = ""
    """A file with TLS, passwords, headers and a rate limit, as exporter-toolkit has it. Default none."""

    telemetry_path: str = "/metrics"
    """Path of the scrape. Pushes are always below ``/metrics``. Default ``/metrics``."""

    external_url: str = ""
    """Under which URL people and proxies know it. Default none."""

    route_prefix: str = ""
    """What all paths begin with; ``/`` for nothing. Default the path of ``external_url``."""

    @property
    def prefix(self) -> str:
        """What all paths begin with: empty, or with a slash before it and none behind."""
        chosen = self.route_prefix or urllib.parse.urlsplit(self.external_url).path
        trimmed = chosen.strip("/")
        return f"/{trimmed}" if trimmed else ""

    enable_lifecycle: bool = False
    """Whether a client may end the process (``/-/quit``). Default no."""

    page_read_only: bool = False
    """Whether the page offers no deletions, and is refused those it asks for. What else deletes stays. Default no."""

    enable_admin_api: bool = False
    """Whether a client may delete all groups at once (``/api/v1/admin/wipe``). Default no."""


@dataclass(frozen=True, kw_only=True)
class PushSettings:
    """How pushes are taken; the first two are Pushgateway's own flags."""

    enable_utf8_names: bool = False
    """Whether names of metrics and labels may be any UTF-8. Default no."""

    disable_consistency_check: bool = False
    """Whether a push is answered with 202 rather than 200. It is checked all the same. Default no."""

    ttl_drain_timeout: float = 300.0
    """Seconds that a group whose time to live is over may wait for its scrapers. Default 5 min."""


@dataclass(frozen=True, kw_only=True)
class PersistenceSettings:
    """What of the groups outlives the process."""

    file: str = ""
    """The file that keeps every acknowledged push; nobody else may have it open. Default none: they end with the
    process."""

    fsync: bool = False
    """Whether a push is acknowledged only when the disk has it, so that it outlives a power loss, too. Default no."""


@dataclass(frozen=True, kw_only=True)
class LimitSettings:
    """What clients may cost. None can be switched off; each may be as large as one likes."""

    body: int = 16 * 1024 * 1024
    """Bytes of one body as it is sent. Default 16 MiB."""

    unpacked_body: int = 16 * 1024 * 1024
    """Bytes of one body after it is unpacked. Default 16 MiB."""

    bodies: int = 256 * 1024 * 1024
    """Bytes of all bodies that are being read, unpacked or parsed. Default 256 MiB."""

    request_head: int = 32 * 1024
    """Bytes of a request line and the headers. Default 32 KiB."""

    head_timeout: float = 10.0
    """Seconds in which a request line and the headers must come. Default 10 s."""

    body_timeout: float = 30.0
    """Seconds in which a body must come, or the next MiB of it. Default 30 s."""

    connections: int = 2_000
    """Connections at once. Default 2000."""

    requests: int = 1_000
    """Pushes under way at once. Scrapes, probes and the control API do not count. Default 1000."""

    push_series: int = 10_000
    """Series of one push: each bucket, quantile, sum and count is one. Default 10000."""

    group_series: int = 10_000
    """Series of one group. Default 10000: a change of one takes some 3 µs a series, for which all others wait."""

    groups: int = 100_000
    """Groups. Default 100000."""

    series: int = 2_000_000
    """Series of all groups; new groups are refused from nine tenths of it. Default 2000000."""

    memory: int | None = None
    """Bytes of memory of the process from which new groups are refused. Default four fifths of what its cgroup has."""

    labels: int = 64
    """Labels of one series, the grouping labels among them. Default 64."""

    name_length: int = 512
    """Characters of the name of a metric or a label. Default 512."""

    value_length: int = 8_000
    """Characters of a label's value, or of a help text. Default 8000."""

    def __post_init__(self) -> None:
        if self.bodies < self.body + self.unpacked_body:
            raise BadSettingsError(
                f"--limit.bodies={self.bodies} has no room for one packed body: --limit.body={self.body} and "
                f"--limit.unpacked-body={self.unpacked_body}"
            )


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """Settings of ``tidegate gateway``."""

    web: WebSettings = field(default_factory=WebSettings)

    control_address: str = "127.0.0.1:9092"
    """``host:port`` of the control API; the host must be loopback. Default ``127.0.0.1:9092``."""

    control_token: TokenSettings = field(default_factory=TokenSettings)
    """What the control API asks for. Default none: then it is not opened."""

    stop_seconds: float = 10.0
    """How long requests in flight may take to finish after SIGTERM. Default 10 s."""

    push: PushSettings = field(default_factory=PushSettings)
    persistence: PersistenceSettings = field(default_factory=PersistenceSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
