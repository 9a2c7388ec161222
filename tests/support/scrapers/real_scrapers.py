"""The real scrapers that tests compare: each scrapes several paths of one target, one scrape job a path."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.prometheus import prometheus_server
from tests.support.scrapers import datadog_check, telegraf_agent, victoria_metrics

RealScraper = (
    prometheus_server.Prometheus | victoria_metrics.Vmagent | telegraf_agent.Telegraf | datadog_check.DatadogCheck
)


class Kind(enum.StrEnum):
    """A scraper and its version; the value is its program, where it is built from Go modules."""

    PROMETHEUS_3 = "prometheus"
    PROMETHEUS_2 = "prometheus-2.42"
    VMAGENT = "vmagent"
    TELEGRAF = "telegraf"
    DATADOG = "datadog"


def scraper(kind: Kind, folder: Path, *, port: int, paths: Sequence[str], metrics: Sequence[str]) -> RealScraper:
    """A scraper of this kind with an interval and a timeout of one second; it is not started.

    :param metrics: the metrics that Datadog's check submits; the others store all.
    :raises binaries.MissingToolError: it is not available on this machine.
    """
    match kind:
        case Kind.PROMETHEUS_3 | Kind.PROMETHEUS_2:
            return prometheus_server.Prometheus(folder, targets=targets(port, *paths), program=kind)
        case Kind.VMAGENT:
            return victoria_metrics.Vmagent(folder, targets=targets(port, *paths))
        case Kind.TELEGRAF:
            return telegraf_agent.Telegraf(folder, urls=_urls(port, paths))
        case Kind.DATADOG:
            return datadog_check.DatadogCheck(folder, urls=_urls(port, paths), metrics=metrics)


def agent_with_headers(
    kind: Kind, folder: Path, *, url: str, metrics: Sequence[str], headers: Mapping[str, str]
) -> telegraf_agent.Telegraf | datadog_check.DatadogCheck:
    """A Telegraf or Datadog's check that adds these headers to its requests; it is not started."""
    if kind is Kind.TELEGRAF:
        return telegraf_agent.Telegraf(folder, urls=[url], settings={"http_headers": headers})
    return datadog_check.DatadogCheck(folder, urls=[url], metrics=metrics, settings={"extra_headers": headers})


def targets(port: int, *paths: str) -> Sequence[prometheus_server.Target]:
    """The scrape jobs of these paths; each is named like its path."""
    return [prometheus_server.Target(port=port, path=path, job=path.strip("/")) for path in paths]


def _urls(port: int, paths: Sequence[str]) -> Sequence[str]:
    return [f"http://{prometheus_server.IPV4}:{port}{path}" for path in paths]
