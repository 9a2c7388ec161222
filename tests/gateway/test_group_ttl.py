"""Groups of pushers outside Kubernetes, which say how long a group may live without a further push."""

from __future__ import annotations

import pytest

from tests.gateway import gateway_client
from tests.support import waiting
from tidegate.aio import clocks
from tidegate.gateway import server

A = gateway_client.key(job="a")


async def _push(client: gateway_client.Client, query: str = "?ttl=10m", **headers: str) -> gateway_client.Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.send("PUT", f"/metrics/job/a{query}", b"x 1\n", headers=named)


async def _drains(client: gateway_client.Client) -> bool:
    record = await client.group(A)
    return record is not None and record.draining


async def _gone(client: gateway_client.Client) -> bool:
    return await client.group(A) is None


async def _draining(client: gateway_client.Client) -> None:
    await waiting.eventually_async(lambda: _drains(client), why="the group to drain", timeout=5, interval=0.01)


async def _deleted(client: gateway_client.Client) -> None:
    await waiting.eventually_async(lambda: _gone(client), why="the end of the group", timeout=5, interval=0.01)


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        pytest.param("?ttl=10m", {}, id="query"),
        pytest.param("", {"Tidegate_TTL": "10m"}, id="header"),
        pytest.param("?ttl=10m", {"Tidegate_TTL": "10m"}, id="both the same"),
        pytest.param("?a=b&ttl=600s", {}, id="among others"),
    ],
)
async def test_a_group_drains_when_its_time_is_over(
    client: gateway_client.Client, clock: clocks.MovableClock, query: str, headers: dict[str, str]
) -> None:
    assert (await _push(client, query, **headers)).status == 200
    clock.advance(599)
    await client.exposition()
    assert not await _drains(client)
    clock.advance(1)
    await _draining(client)
    assert 'x{instance="",job="a"} 1' in await client.pushed()


async def test_a_group_goes_once_it_was_read_after_its_last_push(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await _push(client)
    clock.advance(600)
    await _draining(client)
    await client.scrape()
    await _deleted(client)
    assert await client.value('tidegate_groups_deleted_total{reason="drained"}') == 1


async def test_a_group_that_nobody_reads_goes_after_the_drain_timeout(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await _push(client)
    clock.advance(600)
    await _draining(client)
    clock.advance(299)
    await client.exposition()
    assert not await _gone(client)
    clock.advance(1)
    await _deleted(client)
    assert await client.value('tidegate_groups_deleted_total{reason="timeout"}') == 1


async def test_each_push_begins_the_time_anew(
    client: gateway_client.Client, clock: clocks.MovableClock, gateway: server.Gateway
) -> None:
    await _push(client)
    clock.advance(500)
    await _push(client)
    clock.advance(500)
    await gateway.drainer.sweep()
    assert not await _drains(client)
    clock.advance(100)
    await _draining(client)


async def test_a_push_that_says_none_has_none(
    client: gateway_client.Client, clock: clocks.MovableClock, gateway: server.Gateway
) -> None:
    await _push(client)
    await _push(client, "")
    clock.advance(10_000)
    await gateway.drainer.sweep()
    assert not await _drains(client)


async def test_a_push_takes_a_draining_group_back_to_life(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await _push(client)
    clock.advance(600)
    await _draining(client)
    await _push(client)
    assert not await _drains(client)
    clock.advance(600)
    await _draining(client)


async def test_a_group_with_an_owner_lives_as_long_as_the_owner(
    client: gateway_client.Client, clock: clocks.MovableClock, gateway: server.Gateway
) -> None:
    await _push(client)
    assert await client.act(gateway_client.claims(A, "u")) == [None]
    clock.advance(600)
    await gateway.drainer.sweep()
    assert not await _drains(client)
    assert await client.act(gateway_client.releases(A, "u")) == [None]
    await _draining(client)


async def test_an_owner_that_claims_a_draining_group_takes_it_back_to_life(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await _push(client)
    clock.advance(600)
    await _draining(client)
    assert await client.act(gateway_client.claims(A, "u")) == [None]
    assert not await _drains(client)


@pytest.mark.parametrize(
    ("query", "headers", "said"),
    [
        pytest.param("?ttl=10", {}, "'10' is not a duration", id="no unit"),
        pytest.param("?ttl=0s", {}, "is 0", id="zero"),
        pytest.param("?ttl=-1s", {}, "'-1s' is not a duration", id="negative"),
        pytest.param("?ttl=", {}, "'' is not a duration", id="empty"),
        pytest.param("?ttl=1m", {"Tidegate_TTL": "2m"}, "several TTLs: 1m, 2m", id="two"),
    ],
)
async def test_a_time_that_cannot_be_used_leaves_the_group_as_it_was(
    client: gateway_client.Client, query: str, headers: dict[str, str], said: str
) -> None:
    answer = await _push(client, query, **headers)
    assert answer.status == 400
    assert said in answer.text
    assert await client.group(A) is None
