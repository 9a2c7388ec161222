"""A scrape counts as delivered only if the scraper has received the whole response in time."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable

import pytest

from tests.support.gateway import gateway_client, raw_scraper
from tidegate import settings
from tidegate.gateway import server

LARGE = 8 * 1024 * 1024
"""Size of an exposition in bytes that exceeds the buffers of a socket, so that the gateway notices a stalled reader."""

BROKEN = 'tidegate_scrapes_total{result="broken"}'
LATE = 'tidegate_scrapes_total{result="late"}'


BOTH_LOOPS = True
"""The loops differ in how they hold and close sockets."""


@pytest.fixture
def web_settings(web_settings: settings.WebSettings) -> settings.WebSettings:
    """Wait as long as in production, so that resets arrive."""
    return dataclasses.replace(web_settings, scrape_settle_seconds=settings.WebSettings().scrape_settle_seconds)


async def _push_large(client: gateway_client.Client) -> None:
    """Make the exposition large, with pushes that are each below the limit."""
    value = "v" * 8_000
    lines = [f'm{{n="{number}",v="{value}"}} 1\n' for number in range(LARGE // 8_000)]
    for number, part in enumerate(_parts(lines, size=45)):
        assert (await client.put(f"job/large/part/{number}", "".join(part))).status == 200


def _parts(lines: list[str], *, size: int) -> Iterable[list[str]]:
    return (lines[start : start + size] for start in range(0, len(lines), size))


def _has_read(gateway: server.Gateway) -> bool:
    """Whether every scraper has read all pushes."""
    return gateway.conditions.at(0.0).proof.read_revision == gateway.store.revision


async def test_complete_scrape_is_delivered(client: gateway_client.Client, gateway: server.Gateway) -> None:
    await client.put("job/a", "x 1\n")
    async with raw_scraper.connect(gateway.web_port) as reader:
        await reader.ask()
        assert b'x{instance="",job="a"} 1\n' in await reader.read_all()
        await client.sees(gateway_client.DELIVERED, 1)
    assert _has_read(gateway)


async def test_complete_large_scrape_is_delivered(client: gateway_client.Client, gateway: server.Gateway) -> None:
    await _push_large(client)
    async with raw_scraper.connect(gateway.web_port) as reader:
        await reader.ask()
        assert len(await reader.read_all()) > LARGE
        await client.sees(gateway_client.DELIVERED, 1)
    assert _has_read(gateway)


async def test_scrape_that_stops_within_a_large_response_is_not_delivered(
    client: gateway_client.Client, gateway: server.Gateway
) -> None:
    await _push_large(client)
    async with raw_scraper.connect(gateway.web_port) as reader:
        await reader.ask()
        await reader.read(LARGE // 2)
        reader.close()
        await client.sees(BROKEN, 1)
    assert not _has_read(gateway)


async def test_scrape_that_leaves_bytes_of_a_small_response_unread_is_not_delivered(
    client: gateway_client.Client, gateway: server.Gateway
) -> None:
    await client.put("job/a", "x 1\n")
    async with raw_scraper.connect(gateway.web_port) as reader:
        await reader.ask()
        await reader.read(20)
        reader.close()
        await client.sees(BROKEN, 1)
    assert not _has_read(gateway)


async def test_scrape_that_stalls_past_its_timeout_is_late_and_its_connection_is_closed(
    client: gateway_client.Client, gateway: server.Gateway
) -> None:
    await _push_large(client)
    async with raw_scraper.connect(gateway.web_port) as reader:
        await reader.ask(timeout="0.3")
        await client.sees(LATE, 1)
        assert await asyncio.wait_for(reader.ended(), timeout=60)
    assert not _has_read(gateway)


async def test_response_that_arrives_after_the_timeout_is_not_delivered(
    client: gateway_client.Client, gateway: server.Gateway
) -> None:
    await client.put("job/a", "x 1\n")
    async with raw_scraper.connect(gateway.web_port) as reader:
        await reader.ask(timeout="0.0000001")
        await client.sees(LATE, 1)
    assert not _has_read(gateway)


async def test_scrape_with_connection_close_is_delivered(
    client: gateway_client.Client, gateway: server.Gateway
) -> None:
    await client.put("job/a", "x 1\n")
    async with raw_scraper.connect(gateway.web_port) as reader:
        await reader.ask("Connection: close")
        await reader.read_all()
        reader.close()
        await client.sees(gateway_client.DELIVERED, 1)
    assert _has_read(gateway)


async def test_slow_large_scrape_with_connection_close_is_delivered(
    client: gateway_client.Client, gateway: server.Gateway
) -> None:
    await _push_large(client)
    async with raw_scraper.connect(gateway.web_port) as reader:
        await reader.ask("Connection: close")
        await reader.read_head()
        # The gateway closes its end long before the last bytes are read.
        body = b""
        while len(body) < LARGE:
            body += await reader.read(min(65536, LARGE - len(body)))
            await asyncio.sleep(0)
        assert await reader.ended()
        await client.sees(gateway_client.DELIVERED, 1)
    assert _has_read(gateway)


async def test_request_without_the_timeout_header_does_not_count_as_a_scrape(
    client: gateway_client.Client, gateway: server.Gateway
) -> None:
    await client.put("job/a", "x 1\n")
    assert "x{" in await client.exposition()
    assert gateway.tracker.active(now=0.0) == []
    assert await client.value(gateway_client.DELIVERED) == 0


async def test_head_does_not_count_as_a_scrape(client: gateway_client.Client, gateway: server.Gateway) -> None:
    async with raw_scraper.connect(gateway.web_port) as reader:
        await reader.ask("Connection: close", method="HEAD")
        assert (await reader.read_head()).startswith(b"HTTP/1.1 200")
        assert await reader.ended()
    assert gateway.tracker.active(now=0.0) == []
    assert await client.value(gateway_client.DELIVERED) == 0


async def test_second_scrape_on_the_same_connection_is_delivered(
    client: gateway_client.Client, gateway: server.Gateway
) -> None:
    async with raw_scraper.connect(gateway.web_port) as reader:
        for number in (1, 2):
            await client.put("job/a", f"x {number}\n")
            await reader.ask()
            await reader.read_all()
            await client.sees(gateway_client.DELIVERED, number)
            assert _has_read(gateway)
