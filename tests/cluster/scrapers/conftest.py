"""A gateway without an operator, and real scrapers with the databases that they write to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from tests.support import requirements
from tests.support.prometheus import prometheus_server
from tests.support.scrapers import drained_groups, real_scrapers, scraped_gateway, victoria_metrics


class Scraping(NamedTuple):
    """A running scraper and the database that it writes to."""

    scraper: prometheus_server.Prometheus | victoria_metrics.Vmagent
    database: drained_groups.Database


class StartScraper(Protocol):
    """The type of the fixture `start_scraper`."""

    def __call__(
        self, kind: real_scrapers.Kind, targets: Sequence[prometheus_server.Target], *, interval: str = "1s"
    ) -> Scraping:
        """Start a scraper of this kind that scrapes these targets."""


@pytest.fixture
def gateway_arguments() -> Sequence[str]:
    """Further flags of the gateway; a test replaces them with a parameter of this name."""
    return ()


@pytest.fixture
def gateway(tmp_path: Path, gateway_arguments: Sequence[str]) -> Iterator[scraped_gateway.ScrapedGateway]:
    """A gateway with the default proof, and a drain timeout that no test reaches."""
    running = scraped_gateway.ScrapedGateway(tmp_path, arguments=gateway_arguments, drain_timeout=600.0)
    try:
        yield running
    finally:
        running.process.stop()


@pytest.fixture
def groups(gateway: scraped_gateway.ScrapedGateway) -> drained_groups.DrainedGroups:
    return drained_groups.DrainedGroups(gateway)


@pytest.fixture
def start_scraper(tmp_path: Path) -> Iterator[StartScraper]:
    """A function that starts a scraper, any number of times; all of them stop after the test."""
    with contextlib.ExitStack() as running:
        numbers = iter(range(100))

        def start(
            kind: real_scrapers.Kind, targets: Sequence[prometheus_server.Target], *, interval: str = "1s"
        ) -> Scraping:
            folder = tmp_path / f"{kind}-{next(numbers)}"
            if kind is real_scrapers.Kind.VMAGENT:
                database = requirements.require(lambda: victoria_metrics.VictoriaMetrics(folder))
                running.callback(database.process.kill)
                database.start()
                agent = victoria_metrics.Vmagent(folder, targets=targets, database=database, interval=interval)
                running.callback(agent.process.kill)
                agent.start()
                return Scraping(agent, database)
            server = requirements.require(
                lambda: prometheus_server.Prometheus(folder, targets=targets, interval=interval, program=kind)
            )
            running.callback(server.kill)
            server.start()
            return Scraping(server, server)

        yield start
