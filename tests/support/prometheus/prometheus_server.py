"""A real Prometheus on loopback, and its query API."""

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.support import waiting
from tests.support.processes import managed_processes, ports
from tests.support.programs import binaries

IPV4 = "127.0.0.1"
IPV6 = "[::1]"

_HTTP_SECONDS = 10.0
_READY_SECONDS = 60.0
AWAY = (OSError, urllib.error.URLError)
"""Errors that a query raises while Prometheus is stopped."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A scrape target.

    A gateway distinguishes scrapers by address and User-Agent. Linux sends from 127.0.0.1 to every 127.x address, so
    two Prometheus servers on one machine are two scrapers only if one of them uses `IPV6`.
    """

    port: int
    host: str = IPV4
    path: str = "/metrics"
    job: str = "gateway"
    """The job_name in the scrape configuration."""
    honor_labels: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    protocols: Sequence[str] = ()
    """The accepted formats in order of preference, by their names in Prometheus; Prometheus' default if empty."""
    relabelings: Sequence[Mapping[str, str]] = ()
    """Changes of each series' labels, as in Prometheus' ``metric_relabel_configs``."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Further settings of the job, such as ``scrape_interval``, ``sample_limit`` or ``params``."""

    def config(self) -> dict[str, Any]:
        """The entry in `scrape_configs`."""
        return {
            "job_name": self.job,
            "honor_labels": self.honor_labels,
            "metrics_path": self.path,
            "static_configs": [{"targets": [f"{self.host}:{self.port}"], "labels": dict(self.labels)}],
            **({"metric_relabel_configs": list(self.relabelings)} if self.relabelings else {}),
            **self._formats(),
            **self.settings,
        }

    def _formats(self) -> dict[str, Any]:
        """Prometheus 2.42 does not know these settings."""
        if not self.protocols:
            return {}
        native = "PrometheusProto" in self.protocols
        return {"scrape_protocols": list(self.protocols), "scrape_native_histograms": native}


class Series(NamedTuple):
    """One series of a query result."""

    labels: dict[str, str]
    values: list[tuple[float, float]]
    """(Unix seconds, value); an instant query has only one."""

    @property
    def value(self) -> float:
        """The newest value."""
        return self.values[-1][1]


class QueryError(Exception):
    """Prometheus rejected the query."""


class Prometheus:
    """A Prometheus server; it keeps its port and data across restarts.

    :param program: its name in `go_sources`, which determines the version.
    :param port: a free port, by default any.
    """

    def __init__(
        self,
        folder: Path,
        *,
        targets: Sequence[Target],
        interval: str = "1s",
        timeout: str | None = None,
        name: str = "prometheus",
        program: str = "prometheus",
        port: int | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        port = port or ports.free_port()
        self.name = name
        self.url = f"http://{IPV4}:{port}"
        self._targets = tuple(targets)
        if any(target.host == IPV6 for target in targets) and not ports.ipv6_loopback():
            raise RuntimeError("this machine has no IPv6 loopback: a second Prometheus would look like the first one")
        self._config = folder / "prometheus.json"
        self._seconds = {"scrape_interval": interval, "scrape_timeout": timeout or interval}
        self._write_config()
        argv = (
            binaries.ensure([program])[program],
            f"--config.file={self._config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={IPV4}:{port}",
            # The first scrape follows one round of service discovery, by default 5 s.
            "--scrape.discovery-reload-interval=100ms",
            "--log.level=warn",
        )
        self.process = managed_processes.Process(name, argv=argv, log=folder / f"{name}.log")

    def start(self) -> None:
        """Start or restart it and wait until it is ready; its targets may not be up yet."""
        self.process.start()
        waiting.eventually(self._ready, why=f"{self.name} to be ready", timeout=_READY_SECONDS, retry_on=AWAY)

    def stop(self) -> None:
        """Stop it and wait until it has ended; its data remains."""
        self.process.stop()

    def kill(self) -> None:
        """Kill it; a scrape in progress is aborted."""
        self.process.kill()

    def pause(self) -> None:
        """Pause it: it does not scrape, and a scrape in progress hangs."""
        self.process.pause()

    def resume(self) -> None:
        """Continue it after `pause`."""
        self.process.resume()

    def reload(self, *targets: Target) -> None:
        """Scrape these targets from now on."""
        self._targets = targets
        self._write_config()
        before = self._reloads()
        self.process.signal(signal.SIGHUP)
        waiting.eventually(lambda: self._reloads() > before, why=f"{self.name} to reload its configuration")

    def wait_until_up(self, *, timeout: float = 60.0) -> None:
        """Wait until it has scraped every target since its start, and the last scrape succeeded."""
        waiting.eventually(
            lambda: len(self._targets_up()) == len(self._targets),
            why=f"{self.name} to scrape all of {[f'{target.host}:{target.port}' for target in self._targets]}",
            timeout=timeout,
        )

    def query(self, expr: str, *, at: float | None = None) -> list[Series]:
        """An instant query, now or at a Unix time."""
        data = self._get("query", {"query": expr} | ({"time": str(at)} if at is not None else {}))
        if data["resultType"] == "scalar":
            return [Series({}, [_point(data["result"])])]
        return [Series(found["metric"], [_point(found["value"])]) for found in data["result"]]

    def samples(self, selector: str, *, window: str) -> list[Series]:
        """Every sample of the last `window` with the time of its scrape, without staleness markers."""
        found = self._get("query", {"query": f"{selector}[{window}]"})["result"]
        return [Series(series["metric"], [_point(point) for point in series["values"]]) for series in found]

    def value(self, expr: str) -> float | None:
        """The only current value of `expr`, or None; more than one is an error."""
        return _only(self.query(expr), expr)

    def final_value(self, selector: str, *, window: str = "1h") -> float | None:
        """The newest value within `window` of the only series of `selector`, whether it is stale or not, or None."""
        return _only(self.query(f"last_over_time({selector}[{window}])"), selector)

    def is_stale(self, selector: str, *, window: str = "1h") -> bool:
        """Whether `selector` had series within `window` and has none now.

        Without a staleness marker, a series continues for five minutes after its last sample, so a short test can
        distinguish "no longer exposed" from "no longer scraped".
        """
        return not self.query(selector) and bool(self.query(f"last_over_time({selector}[{window}])"))

    def _targets_up(self) -> list[str]:
        found = self._get("targets", {"state": "active"})["activeTargets"]
        return [target["scrapeUrl"] for target in found if target["health"] == "up"]

    def _reloads(self) -> float:
        """The Unix time of the last successful load of the configuration."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=_HTTP_SECONDS) as answer:
            lines = answer.read().decode().splitlines()
        name = "prometheus_config_last_reload_success_timestamp_seconds "
        return next(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    def _write_config(self) -> None:
        jobs = [target.config() for target in self._targets]
        self._config.write_text(json.dumps({"global": self._seconds, "scrape_configs": jobs}))

    def _ready(self) -> bool:
        self.process.check()
        with urllib.request.urlopen(f"{self.url}/-/ready", timeout=_HTTP_SECONDS) as answer:
            return bool(answer.status == 200)

    def _get(self, call: str, parameters: Mapping[str, str]) -> Any:
        url = f"{self.url}/api/v1/{call}?{urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=_HTTP_SECONDS) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise QueryError(f"{parameters}: {error.code} {error.read().decode(errors='replace')}") from error


def _point(pair: Sequence[Any]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])


def _only(found: Sequence[Series], expr: str) -> float | None:
    if len(found) > 1:
        raise QueryError(f"{expr} has {len(found)} series: {[series.labels for series in found]}")
    return found[0].value if found else None
