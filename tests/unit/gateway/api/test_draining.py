"""The life of a group from its first push to its deletion: actions of the operator, and scrapes."""

from __future__ import annotations

from tests.support.gateway import drain_steps, gateway_client
from tidegate.aio import clocks
from tidegate.model import lifecycle, scrapers

A = drain_steps.A


async def test_draining_group_is_deleted_after_its_scraper_has_read_it(
    drain: drain_steps.Drain, client: gateway_client.Client
) -> None:
    group = await drain.retired()
    assert group.draining
    assert 'x{instance="",job="a"} 1\n' in await client.scrape()
    await drain.deleted()
    assert await client.pushed() == []
    assert await drain.deletions(lifecycle.DeletionReason.DELIVERED) == 1
    assert await drain.deletions(lifecycle.DeletionReason.TIMEOUT) == 0


async def test_group_that_was_read_before_it_started_draining_is_deleted_at_once(
    drain: drain_steps.Drain, client: gateway_client.Client
) -> None:
    await client.put("job/a", "x 1\n")
    await client.scrape()
    await client.act(gateway_client.claims(A, "u"))
    await client.act(gateway_client.retires(await drain.record(), "u"))
    await drain.deleted()


async def test_live_group_is_kept_after_it_is_read(drain: drain_steps.Drain, client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    await client.act(gateway_client.claims(A, "u"))
    await client.scrape()
    await drain.remains()


async def test_draining_group_is_kept_until_every_active_scraper_has_read_it(
    drain: drain_steps.Drain, client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.scrape(agent="one")
    await client.scrape(agent="two")
    await drain.retired()
    clock.advance(15)
    await client.scrape(agent="one")
    await drain.remains()
    await client.scrape(agent="two")
    await drain.deleted()


async def test_curl_does_not_count_as_a_scraper(drain: drain_steps.Drain, client: gateway_client.Client) -> None:
    await client.scrape()
    await drain.retired()
    await client.exposition()
    await drain.remains()
    await client.scrape()
    await drain.deleted()


async def test_draining_group_does_not_wait_for_a_lapsed_scraper(
    drain: drain_steps.Drain, client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    for _ in range(1 + scrapers.MEASURED_GAPS):
        clock.advance(10)
        await client.scrape(agent="one")
        await client.scrape(agent="two")
    await drain.retired(drain_timeout=600)
    clock.advance(10)
    await client.scrape(agent="one")
    clock.advance(289)
    await drain.remains()
    clock.advance(2)
    await drain.deleted()
    assert await drain.deletions(lifecycle.DeletionReason.DELIVERED) == 1


async def test_drain_timeout_deletes_a_group_if_no_scraper_is_active_and_is_counted_separately(
    drain: drain_steps.Drain, clock: clocks.MovableClock
) -> None:
    await drain.retired(drain_timeout=60)
    clock.advance(59)
    await drain.remains()
    clock.advance(2)
    await drain.deleted()
    assert await drain.deletions(lifecycle.DeletionReason.TIMEOUT) == 1
    assert await drain.deletions(lifecycle.DeletionReason.DELIVERED) == 0


async def test_drain_timeout_deletes_an_unread_group_although_a_scraper_is_active(
    drain: drain_steps.Drain, client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.scrape()
    await drain.retired(drain_timeout=60)
    clock.advance(61)
    await drain.deleted()
    assert await drain.deletions(lifecycle.DeletionReason.TIMEOUT) == 1
