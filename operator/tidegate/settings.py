"""Settings of each part, as frozen values. The flag that fills a field is declared with it: :mod:`tidegate.flags`."""

from __future__ import annotations

import enum
import urllib.parse
from dataclasses import dataclass, field

from tidegate import flags
from tidegate.model import proofs


class BadSettingsError(ValueError):
    """The settings contradict each other or cannot be used; the message says why."""


ADDRESS, ANNOTATION, POD, NAME = OWNERSHIP = ("address", "annotation", "pod", "name")
"""The ownership rules: address of the pusher, annotation of the owner, name of a Pod, name of a Job."""


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """Ownership rules and drain timeouts. Times are in seconds."""

    ownership: tuple[str, ...] = flags.flag(
        flags.Kind.OWNERSHIP,
        "--ownership",
        OWNERSHIP,
        "Ownership rules in order of precedence. Rules you leave out are disabled.",
    )
    drain_timeout: float = flags.duration(
        "--drain.timeout",
        300.0,
        "Maximum time that the groups of a finished Job wait to be scraped, unless the Job sets its own timeout.",
    )
    late_push_grace: float = flags.duration(
        "--drain.late-push-grace",
        60.0,
        "Time after the end of a Job during which a push still belongs to it: a pod may be killed late.",
    )

    clock_skew: float = 5.0
    """Maximum difference of two clocks, beyond the difference that is known. Default 5 s."""


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """Intervals and limits of the operator's worker."""

    resync_seconds: float = flags.duration(
        "--operator.resync", 30.0, "Interval between complete lists of the watched objects and the groups."
    )

    coalesce_seconds: float = 0.05
    """Time for which changes are collected before they are planned together. Default 50 ms."""

    max_drains: int = flags.count(
        "--breaker.limit",
        5_000,
        "Maximum number of groups that start draining in one resync period. If more are due, the circuit breaker "
        "trips: none starts until a later list confirms them, and then at most this many per period.",
    )
    dry_run: bool = flags.switch(
        "--dry-run", "Log and count the actions without taking them: no group is claimed, released or drained."
    )

    backoff_seconds: float = 1.0
    """Pause after the first failure; it doubles with each further one. Default 1 s."""

    backoff_limit_seconds: float = 30.0
    """Maximum pause after failures. Default 30 s."""


@dataclass(frozen=True, kw_only=True)
class KubernetesSettings:
    """Connection to the API server, and the namespaces and kinds to watch."""

    kubeconfig: str = flags.file(
        "--kubernetes.kubeconfig",
        "Kubeconfig file.",
        default_help="the service account of the Pod, else $KUBECONFIG, else ~/.kube/config",
    )
    namespaces: tuple[str, ...] = flags.flag(
        flags.Kind.TEXT,
        "--kubernetes.namespace",
        (),
        "Namespace to watch. Can be repeated.",
        several=True,
        default_help="all namespaces",
    )
    watch: tuple[str, ...] = flags.flag(
        flags.Kind.WATCH,
        "--watch",
        (),
        "Kind of object to watch besides Jobs and CronJobs, as an owner of groups: pods, workflows, taskruns, or "
        "GROUP/VERSION/PLURAL:PATH.TO.CONDITION. Can be repeated.",
        several=True,
    )

    page_size: int = 250
    """Objects per page of a list. Default 250: reading a page takes several times its size in memory."""

    request_timeout: float = 30.0
    """Maximum time of a call, including its response. Default 30 s."""

    connect_timeout: float = 10.0
    """Maximum time to connect. Default 10 s."""

    min_watch_seconds: float = 1.0
    """Shortest time between the starts of two watches of one path. Default 1 s."""

    watch_backoff_seconds: float = 1.0
    """Pause of the watch after the first failed attempt of a request; it doubles with each further one. Default 1 s."""

    watch_backoff_limit_seconds: float = 4.0
    """Maximum pause of the watch between two attempts. Default 4 s: the delay after an outage; an attempt is cheap."""

    concurrency: int = 8
    """Maximum number of concurrent calls. Default 8."""


@dataclass(frozen=True, kw_only=True)
class PodSettings:
    """The Pod of the operator, the subject of Events about the operator itself. Empty outside Kubernetes."""

    namespace: str = ""
    name: str = ""
    uid: str = ""


@dataclass(frozen=True, kw_only=True)
class TokenSettings:
    """The token of the control API. Without one, the gateway does not open the API."""

    file: str = flags.file(
        "--control.token-file",
        "File with the token of the control API, the same for the gateway and the operator. The gateway creates the "
        "file if it does not exist. Without it, `gateway` opens no control API, and `run` keeps a token in memory.",
    )

    value: str = field(default="", repr=False)
    """The token itself, if gateway and operator run in one process without a file. Default none."""


class GatewayKind(enum.StrEnum):
    """The kind of gateway that the operator manages, as the flag spells it."""

    TIDEGATE = "tidegate"
    PUSHGATEWAY = "pushgateway"


@dataclass(frozen=True, kw_only=True)
class PushgatewaySettings:
    """How the operator manages a stock Pushgateway."""

    grace_seconds: float = flags.positive_duration(
        "--gateway.grace-period",
        300.0,
        "Time for which a stock Pushgateway keeps the groups of a finished Job, so that Prometheus can scrape them: at "
        "least two or three scrape intervals.",
        aliases=("--grace-period", "--gateway-grace-period"),
    )
    poll_seconds: float = flags.positive_duration(
        "--gateway.poll-interval",
        5.0,
        "Interval between reads of the groups of a stock Pushgateway.",
        aliases=("--gateway-poll-interval",),
    )

    max_response_bytes: int = 256 * 1024 * 1024
    """Maximum size of a response in bytes. Default 256 MiB."""


@dataclass(frozen=True, kw_only=True)
class OperatorSettings:
    """Settings of ``tidegate operator``."""

    gateway_url: str = flags.flag(
        flags.Kind.TEXT,
        "--gateway.url",
        "http://127.0.0.1:9092",
        "URL of the control API of the gateway, on a loopback address, or of a stock Pushgateway, with user:password@ "
        "if it requires a password.",
        aliases=("--gateway-url",),
        repr=False,
    )
    gateway_kind: GatewayKind = flags.choice(
        "--gateway.kind",
        GatewayKind.TIDEGATE,
        "Kind of the gateway: tidegate's own, or a stock Pushgateway (docs/beside-pushgateway.md).",
        choices={kind.value: kind for kind in GatewayKind},
        aliases=("--gateway-kind",),
    )

    pushgateway: PushgatewaySettings = field(default_factory=PushgatewaySettings)

    control_token: TokenSettings = field(default_factory=TokenSettings)
    """The token for the control API of tidegate's gateway; a Pushgateway has none."""

    pod: PodSettings = field(default_factory=PodSettings)
    """The Pod of the operator. Default none."""

    listen_address: str = flags.flag(
        flags.Kind.ADDRESS,
        "--operator.listen-address",
        ":9093",
        "Address on which the operator serves metrics and probes.",
    )

    kubernetes: KubernetesSettings = field(default_factory=KubernetesSettings)
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    rules: RuleSettings = field(default_factory=RuleSettings)


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """Addresses and paths of the gateway, and permissions of clients. Most flags are those of Pushgateway."""

    listen_addresses: tuple[str, ...] = flags.flag(
        flags.Kind.WEB_ADDRESS,
        "--web.listen-address",
        (":9091",),
        "Address on which the gateway serves pushes and scrapes: host:port, :port for every address, or unix:/path. "
        "Can be repeated.",
        several=True,
    )
    systemd_socket: bool = flags.switch(
        "--web.systemd-socket", "Listen on the sockets that systemd passes instead of on addresses."
    )
    config_file: str = flags.file("--web.config.file", "File with TLS, passwords, headers and a rate limit.")
    config_check_seconds: float = 1.0
    """Interval between checks of this file and its certificates for changes. Default 1 s."""

    telemetry_path: str = flags.flag(
        flags.Kind.PATH,
        "--web.telemetry-path",
        "/metrics",
        "Path under which to expose metrics. Pushes always go to /metrics.",
    )
    external_url: str = flags.flag(
        flags.Kind.PAGE_URL, "--web.external-url", "", "URL under which browsers and proxies reach the gateway."
    )
    route_prefix: str = flags.flag(
        flags.Kind.PREFIX, "--web.route-prefix", "", "Prefix of all paths.", default_help="the external URL's path"
    )

    @property
    def prefix(self) -> str:
        """Prefix of all paths: empty, or with a leading slash and no trailing one."""
        path = self.route_prefix or urllib.parse.urlsplit(self.external_url).path
        trimmed = path.strip("/")
        return f"/{trimmed}" if trimmed else ""

    enable_lifecycle: bool = flags.switch(
        "--web.enable-lifecycle", "Allow clients to stop the process with PUT or POST /-/quit."
    )
    idle_timeout: float = flags.positive_duration(
        "--web.idle-timeout",
        300.0,
        "Maximum time that a connection stays open without a request. Set it to more than twice the scrape interval.",
    )
    page_read_only: bool = flags.switch(
        "--web.page-read-only",
        "Disable deletion on the web page. Other clients can still delete groups.",
    )
    enable_admin_api: bool = flags.switch(
        "--web.enable-admin-api", "Allow clients to delete all groups with PUT /api/v1/admin/wipe."
    )
    enable_openmetrics: bool = flags.switch(
        "--web.enable-openmetrics",
        "Respond in OpenMetrics 1.0 to scrapers that prefer it, instead of in the text format.",
    )

    scraper_user_agents: tuple[str, ...] = flags.flag(
        flags.Kind.TEXT,
        "--scrape.user-agent",
        (),
        "User-Agent of scrapers that do not send X-Prometheus-Scrape-Timeout-Seconds, such as Datadog* (* matches any "
        "text). Draining groups wait for them, too. Can be repeated.",
        several=True,
    )

    scrape_settle_seconds: float = 0.25
    """How long a connection must stay intact after the last byte of a scrape was acknowledged. Default 250 ms.

    A client that stops reading closes its socket at once; this is time for the reset to arrive.
    """


@dataclass(frozen=True, kw_only=True)
class PushSettings:
    """Checks of pushes and expiry of groups. The first two flags are those of Pushgateway."""

    enable_utf8_names: bool = flags.switch(
        "--push.enable-utf8-names", "Allow any UTF-8 in names of metrics and labels."
    )
    disable_consistency_check: bool = flags.switch(
        "--push.disable-consistency-check",
        "Respond to pushes with 202 instead of 200. Pushes are still checked.",
    )
    ttl_drain_timeout: float = flags.duration(
        "--push.ttl-drain-timeout", 300.0, "Maximum time that a group with an expired TTL waits to be scraped."
    )


@dataclass(frozen=True, kw_only=True)
class DrainSettings:
    """Proof that a draining group needs before it is deleted."""

    confirm: proofs.Grade = flags.choice(
        "--drain.confirm",
        proofs.Grade.INGESTED,
        "Proof that is required before a draining group is deleted. delivered: every active scraper has received its "
        "last push. ingested: every active scraper has then begun its next scrape. stored: every configured Prometheus "
        "has then returned it in a query.",
        choices={grade.value: grade for grade in proofs.Grade},
    )
    prometheus_urls: tuple[str, ...] = flags.flag(
        flags.Kind.TEXT,
        "--prometheus.url",
        (),
        "URL of a Prometheus or a compatible server to query, with user:password@ if it requires a password. Can be "
        "repeated. Requires --drain.confirm=stored.",
        several=True,
        repr=False,
    )
    prometheus_config_file: str = flags.file(
        "--prometheus.config.file",
        "File with further servers to query, and their TLS, credentials and headers.",
    )

    def __post_init__(self) -> None:
        has_servers = bool(self.prometheus_urls or self.prometheus_config_file)
        if self.confirm is proofs.Grade.STORED and not has_servers:
            raise BadSettingsError("--drain.confirm=stored requires --prometheus.url or --prometheus.config.file")
        if self.confirm is not proofs.Grade.STORED and has_servers:
            raise BadSettingsError("--prometheus.url and --prometheus.config.file require --drain.confirm=stored")


@dataclass(frozen=True, kw_only=True)
class PersistenceSettings:
    """Persistence of groups across restarts."""

    file: str = flags.file(
        "--persistence.file",
        "File that stores every acknowledged push. No other process may have it open. Without it, groups are lost when "
        "the process ends.",
    )
    fsync: bool = flags.choice(
        "--persistence.fsync",
        default=False,
        help="When a push is flushed to disk. checkpoint: shortly after; the push survives the end of the process, "
        "but not always a power failure. always: before it is acknowledged.",
        choices={"checkpoint": False, "always": True},
    )
    interval: float = flags.duration(
        "--persistence.interval",
        300.0,
        "Ignored; accepted for compatibility with Pushgateway. Every push is written immediately.",
    )


@dataclass(frozen=True, kw_only=True)
class LimitSettings:
    """Limits on clients. None can be disabled; each can be as large as you like."""

    body: int = flags.size("--limit.body", 16 * 2**20, "Maximum size of a request body as it is sent.")
    unpacked_body: int = flags.size(
        "--limit.unpacked-body", 16 * 2**20, "Maximum size of a request body after decompression."
    )
    bodies: int = flags.size(
        "--limit.bodies", 256 * 2**20, "Maximum size of all bodies that are being read, decompressed or parsed."
    )
    request_head: int = flags.size(
        "--limit.request-head", 32 * 2**10, "Maximum size of a request line and its headers."
    )
    head_timeout: float = flags.positive_duration(
        "--limit.head-timeout", 10.0, "Maximum time to receive a request line and its headers."
    )
    body_timeout: float = flags.positive_duration(
        "--limit.body-timeout", 30.0, "Maximum time to receive each MiB of a body."
    )
    connections: int = flags.count(
        "--limit.connections", 2_000, "Maximum number of connections. At the limit, an idle one is closed."
    )
    requests: int = flags.count(
        "--limit.requests",
        1_000,
        "Maximum number of pushes in flight. Scrapes, probes and the control API do not count.",
    )
    # A change of a large group takes some 3 µs a series, for which all others wait.
    push_series: int = flags.count(
        "--limit.push-series",
        10_000,
        "Maximum number of series in a push. Each bucket, quantile, sum and count is one.",
    )
    group_series: int = flags.count("--limit.group-series", 10_000, "Maximum number of series in a group.")
    groups: int = flags.count("--limit.groups", 100_000, "Maximum number of groups.")
    series: int = flags.count(
        "--limit.series",
        2_000_000,
        "Maximum number of series in all groups. New groups are rejected above 90% of it.",
    )
    memory: int | None = flags.flag(
        flags.Kind.SIZE,
        "--limit.memory",
        None,
        "Resident memory above which new groups are rejected.",
        default_help="four fifths of the memory limit of its cgroup",
    )
    labels: int = flags.count("--limit.labels", 64, "Maximum number of labels of a series, including grouping labels.")
    name_length: int = flags.count(
        "--limit.name-length", 512, "Maximum length of the name of a metric or a label, in characters."
    )
    value_length: int = flags.count(
        "--limit.value-length", 8_000, "Maximum length of a label value or a help text, in characters."
    )

    def __post_init__(self) -> None:
        if self.bodies < self.body + self.unpacked_body:
            raise BadSettingsError(
                f"--limit.bodies={self.bodies} is less than one compressed body takes: --limit.body={self.body} plus "
                f"--limit.unpacked-body={self.unpacked_body}"
            )


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """Settings of ``tidegate gateway``."""

    web: WebSettings = field(default_factory=WebSettings)
    stop_seconds: float = flags.duration(
        "--web.stop-timeout", 10.0, "Maximum time to finish requests in flight after SIGTERM."
    )
    push: PushSettings = field(default_factory=PushSettings)
    drain: DrainSettings = field(default_factory=DrainSettings)
    persistence: PersistenceSettings = field(default_factory=PersistenceSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    control_address: str = flags.flag(
        flags.Kind.ADDRESS,
        "--control.listen-address",
        "127.0.0.1:9092",
        "Address on which the gateway serves the control API for the operator. The host must be loopback.",
    )
    control_token: TokenSettings = field(default_factory=TokenSettings)
    """The token that the control API requires. Default none: the API is not opened."""
