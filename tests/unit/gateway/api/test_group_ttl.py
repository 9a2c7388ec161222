"""Groups of pushers outside Kubernetes, which can set a TTL."""

from __future__ import annotations

import pytest

from tests.support import waiting
from tests.support.gateway import gateway_client
from tidegate.aio import clocks
from tidegate.gateway import server

A = gateway_client.key(job="a")


async def _push(client: gateway_client.Client, query: str = "?ttl=10m", **headers: str) -> gateway_client.Response:
    ttl_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.send("PUT", f"/metrics/job/a{query}", b"x 1\n", headers=ttl_headers)


async def _is_draining(client: gateway_client.Client) -> bool:
    record = await client.group(A)
    return record is not None and record.draining


async def _is_deleted(client: gateway_client.Client) -> bool:
    return await client.group(A) is None


async def _until_draining(client: gateway_client.Client) -> None:
    await waiting.eventually_async(lambda: _is_draining(client), why="the group to drain", interval=0.01)


async def _until_deleted(client: gateway_client.Client) -> None:
    await waiting.eventually_async(lambda: _is_deleted(client), why="the deletion of the group", interval=0.01)


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        pytest.param("?ttl=10m", {}, id="query"),
        pytest.param("", {"Tidegate_TTL": "10m"}, id="header"),
        pytest.param("?ttl=10m", {"Tidegate_TTL": "10m"}, id="both the same"),
        pytest.param("?a=b&ttl=600s", {}, id="among others"),
    ],
)
async def test_group_starts_draining_when_its_ttl_expires(
    client: gateway_client.Client, clock: clocks.MovableClock, query: str, headers: dict[str, str]
) -> None:
    assert (await _push(client, query, **headers)).status == 200
    clock.advance(599)
    await client.exposition()
    assert not await _is_draining(client)
    clock.advance(1)
    await _until_draining(client)
    assert 'x{instance="",job="a"} 1' in await client.pushed()


async def test_expired_group_is_deleted_after_it_is_scraped(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await _push(client)
    clock.advance(600)
    await _until_draining(client)
    await client.scrape()
    await _until_deleted(client)
    assert await client.value('tidegate_groups_deleted_total{reason="delivered"}') == 1


async def test_expired_group_that_is_not_scraped_is_deleted_after_the_drain_timeout(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await _push(client)
    clock.advance(600)
    await _until_draining(client)
    clock.advance(299)
    await client.exposition()
    assert not await _is_deleted(client)
    clock.advance(1)
    await _until_deleted(client)
    assert await client.value('tidegate_groups_deleted_total{reason="timeout"}') == 1


async def test_each_push_restarts_the_ttl(
    client: gateway_client.Client, clock: clocks.MovableClock, gateway: server.Gateway
) -> None:
    await _push(client)
    clock.advance(500)
    await _push(client)
    clock.advance(500)
    await gateway.drainer.sweep()
    assert not await _is_draining(client)
    clock.advance(100)
    await _until_draining(client)


async def test_push_without_a_ttl_removes_the_ttl(
    client: gateway_client.Client, clock: clocks.MovableClock, gateway: server.Gateway
) -> None:
    await _push(client)
    await _push(client, "")
    clock.advance(10_000)
    await gateway.drainer.sweep()
    assert not await _is_draining(client)


async def test_push_makes_an_expired_group_live_again(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await _push(client)
    clock.advance(600)
    await _until_draining(client)
    await _push(client)
    assert not await _is_draining(client)
    clock.advance(600)
    await _until_draining(client)


async def test_ttl_does_not_apply_while_the_group_has_an_owner(
    client: gateway_client.Client, clock: clocks.MovableClock, gateway: server.Gateway
) -> None:
    await _push(client)
    assert await client.act(gateway_client.claims(A, "u")) == [None]
    clock.advance(600)
    await gateway.drainer.sweep()
    assert not await _is_draining(client)
    assert await client.act(gateway_client.releases(A, "u")) == [None]
    await _until_draining(client)


async def test_claim_makes_an_expired_group_live_again(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await _push(client)
    clock.advance(600)
    await _until_draining(client)
    assert await client.act(gateway_client.claims(A, "u")) == [None]
    assert not await _is_draining(client)


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        pytest.param("?ttl=10", {}, "'10' is not a duration", id="no unit"),
        pytest.param("?ttl=0s", {}, "is 0", id="zero"),
        pytest.param("?ttl=-1s", {}, "'-1s' is not a duration", id="negative"),
        pytest.param("?ttl=", {}, "'' is not a duration", id="empty"),
        pytest.param("?ttl=1m", {"Tidegate_TTL": "2m"}, "several TTLs: 1m, 2m", id="two"),
    ],
)
async def test_push_with_an_invalid_ttl_is_rejected(
    client: gateway_client.Client, query: str, headers: dict[str, str], expected: str
) -> None:
    response = await _push(client, query, **headers)
    assert response.status == 400
    assert expected in response.text
    assert await client.group(A) is None
