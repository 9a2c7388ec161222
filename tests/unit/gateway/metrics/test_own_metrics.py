"""Metrics of the gateway about its groups and scrapers, for alerts and the dashboard."""

from __future__ import annotations

from tests.support import waiting
from tests.support.gateway import gateway_client
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.model import scrapers

A = gateway_client.key(job="a")
_UNOWNED = 'tidegate_groups_without_owner{{idle_over="{}"}}'


async def _counted(client: gateway_client.Client, clock: clocks.MovableClock, *counts: int) -> None:
    """Wait for the next count of unowned groups: all, and those idle for an hour, a day and a week."""
    clock.advance(60.0)

    async def look() -> bool:
        return tuple([await client.value(_UNOWNED.format(idle)) for idle in ("0s", "1h", "1d", "7d")]) == counts

    await waiting.eventually_async(look, why=f"{counts} groups without an owner", interval=0.01)


async def test_unowned_groups_are_counted_by_the_time_since_their_last_push(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.put("job/a", "x 1\n")
    clock.advance(86_400.0)
    await client.put("job/b", "x 1\n")
    await _counted(client, clock, 2, 1, 1, 0)
    await client.put("job/a", "x 1\n")
    await _counted(client, clock, 2, 0, 0, 0)


async def test_groups_with_an_owner_or_a_ttl_do_not_count_as_unowned(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.put("job/a", "x 1\n")
    await client.send("PUT", "/metrics/job/b?ttl=30d", b"x 1\n")
    await _counted(client, clock, 1, 0, 0, 0)
    assert await client.act(gateway_client.claims(A, "1")) == [None]
    await _counted(client, clock, 0, 0, 0, 0)


async def test_drain_duration_is_counted_by_deletion_reason(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.send("PUT", "/metrics/job/a?ttl=10m", b"x 1\n")
    clock.advance(600.0)
    await client.sees("tidegate_groups_expired_total", 1)
    clock.advance(45.0)
    await client.scrape()
    await client.sees('tidegate_drain_duration_seconds_count{reason="delivered"}', 1)
    assert await client.value('tidegate_drain_duration_seconds_sum{reason="delivered"}') == 45
    assert await client.value('tidegate_drain_duration_seconds_count{reason="timeout"}') == 0


async def test_delete_request_does_not_count_as_a_drain(client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    await client.delete("job/a")
    assert await client.value('tidegate_groups_deleted_total{reason="request"}') == 1
    assert await client.value('tidegate_drain_duration_seconds_count{reason="delivered"}') == 0


async def test_each_scraper_has_its_lag_interval_and_the_cost_of_its_last_scrape(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    for _ in range(scrapers.MEASURED_GAPS):
        await client.scrape()
        clock.advance(15.0)
    text = await client.scrape()
    clock.advance(20.0)
    labels = f'{{address="{gateway_client.HOST}",user_agent="Prometheus/3",scraper="",reader="1"}}'
    assert await client.value(f"tidegate_scraper_lag_seconds{labels}") == 20
    assert await client.value(f"tidegate_scraper_interval_seconds{labels}") == 15
    assert (await client.value(f"tidegate_scraper_last_duration_seconds{labels}") or 0) > 0
    size = await client.value(f"tidegate_scraper_last_size_bytes{labels}")
    assert size is not None
    assert 0 < size <= len(text)


async def test_scraper_has_no_interval_until_it_is_measured(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.scrape()
    clock.advance(15.0)
    await client.scrape()
    assert "tidegate_scraper_interval_seconds{" not in await client.exposition()


async def test_lapsed_scraper_has_no_metrics(client: gateway_client.Client, clock: clocks.MovableClock) -> None:
    await client.scrape()
    clock.advance(3_600.0)
    assert "tidegate_scraper_lag_seconds{" not in await client.exposition()


async def test_at_most_32_scrapers_have_metrics(client: gateway_client.Client, gateway: server.Gateway) -> None:
    for number in range(33):
        await client.scrape(agent=f"Agent/{number}", counted=False)
    lags = [line for line in (await client.exposition()).splitlines() if line.startswith("tidegate_scraper_lag_")]
    assert len(lags) == 32
    assert 'user_agent="Agent/0"' in lags[0]
    assert len(gateway.tracker.active(now=0.0)) == 33


async def test_store_size_and_its_limits_are_exposed(client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\ny 2\n")
    assert await client.value('tidegate_groups{state="live"}') == 1
    assert await client.value("tidegate_limit_groups") == 100_000
    assert (await client.value("tidegate_series") or 0) >= 2
    assert await client.value("tidegate_limit_series") == 2_000_000
    assert (await client.value("tidegate_limit_memory_bytes") or 0) > 0
