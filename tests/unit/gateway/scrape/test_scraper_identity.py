"""Which clients count as scrapers, and those that only look like one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from tests.support.gateway import gateway_client
from tidegate import settings
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.gateway.scrape import scraper_identity
from tidegate.model import scrapers


@pytest.fixture
def web_settings(web_settings: settings.WebSettings) -> settings.WebSettings:
    return dataclasses.replace(web_settings, scraper_user_agents=("Datadog*", "my?agent"))


async def _known(
    client: gateway_client.Client, gateway: server.Gateway, headers: Mapping[str, str], *, method: str = "GET"
) -> list[scrapers.Scraper]:
    await client.send(method, "/metrics?scraper=blue", headers=headers)
    return [reading.reader.scraper for reading in gateway.tracker.known()]


@pytest.mark.parametrize("user_agent", ["Datadog Agent/7", "Datadog", "my-agent"])
async def test_client_with_a_user_agent_of_the_flag_is_a_scraper(
    client: gateway_client.Client, gateway: server.Gateway, user_agent: str
) -> None:
    found = await _known(client, gateway, {"User-Agent": user_agent})
    assert found == [scrapers.Scraper(gateway_client.HOST, user_agent, "blue")]


@pytest.mark.parametrize("user_agent", ["datadog", "A Datadog", "my--agent", ""])
async def test_client_with_another_user_agent_is_not_a_scraper(
    client: gateway_client.Client, gateway: server.Gateway, user_agent: str
) -> None:
    assert await _known(client, gateway, {"User-Agent": user_agent}) == []


async def test_head_request_is_not_a_scrape(client: gateway_client.Client, gateway: server.Gateway) -> None:
    headers = {"User-Agent": "Datadog", scraper_identity.TIMEOUT_HEADER: "10"}
    assert await _known(client, gateway, headers, method="HEAD") == []


async def test_regular_client_that_is_not_a_scraper_is_listed_with_the_flag_that_counts_it_in(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    for _ in range(5):
        await client.send("GET", "/metrics", headers={"User-Agent": "Telegraf/1.37"})
        clock.advance(10.0)
    listed = await client.send("GET", "/api/v1/scrapers")
    assert '"flag": "\'--scrape.user-agent=Telegraf*\'"' in listed.text
    assert await client.value("tidegate_unrecognised_scrapers") == 1
