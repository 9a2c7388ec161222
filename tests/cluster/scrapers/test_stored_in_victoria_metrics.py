"""With ``--drain.confirm=stored``, a group is deleted once a VictoriaMetrics with its default settings returns it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.support import requirements
from tests.support.prometheus import prometheus_server
from tests.support.scrapers import scraped_gateway, victoria_metrics

_NAMES = ["g0", "g1", "g2"]


class Start(Protocol):
    """The type of the fixture `start`."""

    def __call__(
        self, settings: Mapping[str, Any], *, drain_timeout: float
    ) -> tuple[scraped_gateway.ScrapedGateway, victoria_metrics.VictoriaMetrics]:
        """Start a gateway, a vmagent with these settings of its scrape job, and the database that both use."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with contextlib.ExitStack() as running:

        def start(
            settings: Mapping[str, Any], *, drain_timeout: float
        ) -> tuple[scraped_gateway.ScrapedGateway, victoria_metrics.VictoriaMetrics]:
            database = requirements.require(lambda: victoria_metrics.VictoriaMetrics(tmp_path / "database"))
            running.callback(database.process.kill)
            database.start()
            gateway = scraped_gateway.ScrapedGateway(
                tmp_path / "gateway",
                arguments=("--drain.confirm=stored", f"--prometheus.url={database.url}"),
                drain_timeout=drain_timeout,
            )
            running.callback(gateway.process.stop)
            target = prometheus_server.Target(port=gateway.port, settings=settings)
            agent = victoria_metrics.Vmagent(tmp_path / "vmagent", targets=[target], database=database)
            running.callback(agent.process.kill)
            agent.start()
            gateway.wait_for_readers(1)
            return gateway, database

        yield start


def test_group_is_deleted_as_stored_once_victoria_metrics_returns_its_last_push(start: Start) -> None:
    # By default, VictoriaMetrics hides the samples of the last 30 s from most queries.
    gateway, database = start({}, drain_timeout=20.0)
    gateway.push(_NAMES)

    gateway.wait_until_empty()

    assert gateway.deletions() == dict.fromkeys(_NAMES, "stored")
    assert {series.labels["job"] for series in database.query(f"last_over_time({scraped_gateway.VALUE}[1h])")} == {
        *_NAMES
    }


def test_group_is_kept_until_its_timeout_if_vmagent_drops_it_for_its_series_limit(start: Start) -> None:
    gateway, database = start({"series_limit": 1}, drain_timeout=5.0)
    gateway.push(_NAMES)

    gateway.wait_until_empty()

    assert gateway.deletions() == dict.fromkeys(_NAMES, "timeout")
    assert [series.value for series in database.query("up")] == [1.0]
