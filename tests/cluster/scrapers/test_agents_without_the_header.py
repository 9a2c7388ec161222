"""Agents that do not send the timeout header by themselves have every final value, by a flag or their configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cluster.scrapers import conftest
from tests.support import requirements, waiting
from tests.support.prometheus import prometheus_server
from tests.support.scrapers import drained_groups, real_scrapers, scraped_gateway
from tidegate.gateway.scrape import scraper_identity

Kind = real_scrapers.Kind
_GROUPS = [f"backup-{number}" for number in range(4)]


@pytest.mark.parametrize(
    ("gateway_arguments", "headers"),
    [
        pytest.param((), {scraper_identity.TIMEOUT_HEADER: "1"}, id="header"),
        pytest.param(("--scrape.user-agent=Datadog*", "--scrape.user-agent=Telegraf/*"), {}, id="flag"),
    ],
)
@pytest.mark.usefixtures("gateway_arguments")
@pytest.mark.parametrize("kind", [Kind.DATADOG, pytest.param(Kind.TELEGRAF, marks=pytest.mark.long)])
def test_agent_beside_a_prometheus_has_every_final_value(
    gateway: scraped_gateway.ScrapedGateway,
    groups: drained_groups.DrainedGroups,
    *,
    start_scraper: conftest.StartScraper,
    tmp_path: Path,
    kind: Kind,
    headers: Mapping[str, str],
) -> None:
    agent = requirements.require(
        lambda: real_scrapers.agent_with_headers(
            kind,
            tmp_path / kind,
            url=f"{gateway.url}/metrics",
            metrics=[scraped_gateway.VALUE],
            headers=headers,
        )
    )
    start_scraper(Kind.PROMETHEUS_3, [prometheus_server.Target(port=gateway.port)])
    try:
        agent.start()
        gateway.wait_for_readers(2)

        groups.push_between_scrapes(_GROUPS)

        assert set(groups.wait_until_deleted().values()) == {"ingested"}
        waiting.eventually(
            lambda: {name: agent.final_value(scraped_gateway.VALUE, job=name) for name in _GROUPS} == groups.pushed,
            why="the values that the agent has read to be written",
        )
    finally:
        agent.process.kill()
