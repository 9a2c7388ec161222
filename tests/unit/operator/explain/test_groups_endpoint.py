"""The groups endpoint of the operator, with a real gateway."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

import prometheus_client
import pytest
from aiohttp import test_utils, web

from tests.support import waiting
from tests.support.operator import object_builders, operator_harness
from tidegate.aio import clocks
from tidegate.model import grouping, ownership_status, reason_texts, reasons
from tidegate.operator import main
from tidegate.operator.cache import cluster_cache
from tidegate.operator.explain import groups_endpoint
from tidegate.operator.kube import server_clocks

Client: TypeAlias = test_utils.TestClient[Any, Any]


def _served(operator: main.Operator) -> Client:
    return test_utils.TestClient(test_utils.TestServer(operator.app(prometheus_client.CollectorRegistry())))


@pytest.fixture
async def client(scene: operator_harness.Scene) -> AsyncIterator[Client]:
    async with operator_harness.at_work(scene) as operator, _served(operator) as test_client:
        yield test_client


async def _get(client: Client, query: str = "", *, status: int = 200) -> Any:
    async with client.get(f"/api/v1/groups{query}") as response:
        assert response.status == status, await response.text()
        return await response.json()


async def _statuses(client: Client, query: str = "") -> ownership_status.GroupStatuses:
    return ownership_status.GroupStatuses.from_json(await _get(client, query))


async def _until(client: Client, holds: Callable[[ownership_status.GroupStatuses], bool], *, query: str = "") -> None:
    async def look() -> bool:
        return holds(await _statuses(client, query))

    await waiting.eventually_async(look, why="such a response", timeout=10.0)


def _jobs(statuses: ownership_status.GroupStatuses) -> list[str]:
    return sorted(grouping.label(group.key, "job") or "" for group in statuses.groups)


async def test_group_is_listed_with_its_owner_and_explanation(scene: operator_harness.Scene, client: Client) -> None:
    job = scene.running("x")
    scene.api_server.put(job)
    await scene.push("job/x")
    await _until(client, lambda statuses: any(owner.claims for group in statuses.groups for owner in group.owners))
    [group] = (await _statuses(client)).groups
    assert (group.key, group.state, group.verdict, group.rule) == (operator_harness.X, "live", "active", "name")
    assert group.owners == (
        ownership_status.OwnerStatus(job.owner, rule="name", active=True, decides=True, claims=True),
    )
    assert group.why[0] == _text(reasons.Code.OWNER_RUNNING, owner=job.owner)
    assert group.push_time == pytest.approx(time.time(), abs=60)
    assert group.pushers == ("127.0.0.1",)


async def test_draining_group_is_listed_with_the_reason_for_waiting(
    scene: operator_harness.Scene, client: Client
) -> None:
    scene.api_server.put(scene.finished("x"))
    await scene.push("job/x")
    await _until(client, lambda statuses: [group.state for group in statuses.groups] == ["draining"])
    [group] = (await _statuses(client)).groups
    assert group.why[1] == _text(reasons.Code.DRAINING_UNTIL_SCRAPED, drain_timeout=300.0)


async def test_endpoint_gets_503_before_the_first_plan(scene: operator_harness.Scene) -> None:
    scene.api_server.down = True
    async with operator_harness.at_work(scene) as operator, _served(operator) as client:
        response = await _get(client, status=503)
    assert response["error"]


async def test_explanation_mentions_the_dry_run(scene: operator_harness.Scene) -> None:
    scene.api_server.put(scene.finished("x"))
    await scene.push("job/x")
    worker = dataclasses.replace(operator_harness.QUICK, dry_run=True)
    async with operator_harness.at_work(scene, worker=worker) as operator, _served(operator) as client:
        await _until(client, lambda statuses: [group.verdict for group in statuses.groups] == ["over"])
        [group] = (await _statuses(client)).groups
    assert group.why[1] == _text(reasons.Code.DRAIN_HELD_BY_DRY_RUN)


async def test_explanation_mentions_the_tripped_breaker(scene: operator_harness.Scene) -> None:
    for name in ("x", "y"):
        scene.api_server.put(scene.finished(name))
        await scene.push(f"job/{name}")
    worker = dataclasses.replace(operator_harness.QUICK, max_drains=1, resync_seconds=3_600.0)
    async with operator_harness.at_work(scene, worker=worker) as operator, _served(operator) as client:
        held = _text(reasons.Code.DRAIN_HELD_BY_BREAKER)
        await _until(client, lambda statuses: [group.why[-1] for group in statuses.groups] == [held] * 2)


async def test_several_selectors_select_the_union(scene: operator_harness.Scene, client: Client) -> None:
    for name in ("x", "y", "z"):
        await scene.push(f"job/{name}")
    await _ready(client)
    await _until(
        client, lambda statuses: _jobs(statuses) == ["x", "z"], query='?match[]={job="x"}&match[]={job=~"z.*"}'
    )


async def test_response_is_limited_and_reports_whether_there_are_more_groups(
    scene: operator_harness.Scene, client: Client
) -> None:
    for name in ("x", "y", "z"):
        await scene.push(f"job/{name}")
    await _ready(client)
    await _until(client, lambda statuses: _jobs(statuses) == ["x", "y", "z"] and not statuses.more, query="?limit=3")
    statuses = await _statuses(client, "?limit=2")
    assert (len(statuses.groups), statuses.more) == (2, True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("?match[]={job=", "expected a value in quotes at column 6", id="invalid-selector"),
        pytest.param("?match[]={}", "so it selects all", id="selects-all"),
        pytest.param("?matches=x", "unknown parameter 'matches'", id="unknown-parameter"),
        pytest.param("?limit=0", "limit: '0' is not a number of groups such as 1000", id="invalid-limit"),
        pytest.param(f"?limit={'9' * 5000}", "is not a number of groups", id="a-long-limit"),
        pytest.param("?match[]=" + "x" * 4001, "the selectors have 4001 characters together", id="a-long-selector"),
    ],
)
async def test_invalid_query_is_rejected_with_its_reason(client: Client, query: str, expected: str) -> None:
    await _ready(client)
    assert expected in (await _get(client, query, status=400))["error"]


async def test_other_tasks_run_while_many_groups_are_listed() -> None:
    running = [object_builders.job(f"x{number}") for number in range(5_000)]
    cache = object_builders.cache(*running, holds=[object_builders.group(f"job={job.owner.name}") for job in running])
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with _without_operator(cache) as client:
        counting = asyncio.create_task(count_turns())
        statuses = await _statuses(client, "?limit=5000")
        counting.cancel()
    assert len(statuses.groups) == 5_000
    assert turns > 20


def _without_operator(cache: cluster_cache.ClusterCache) -> Client:
    """Serve the endpoint with this cache and without an operator."""
    endpoint = groups_endpoint.GroupsEndpoint(
        cache,
        rules=object_builders.RULES,
        server_clock=server_clocks.ServerClock(clocks.SystemClock()),
        grace=None,
        hold=lambda _: None,
        ready=lambda: True,
        listed_ago=lambda: 0.0,
    )
    app = web.Application()
    app.add_routes([web.get("/api/v1/groups", endpoint.get)])
    return test_utils.TestClient(test_utils.TestServer(app))


async def test_endpoint_is_read_only(client: Client) -> None:
    await _ready(client)
    for method in ("DELETE", "PUT", "POST"):
        async with client.request(method, "/api/v1/groups") as response:
            assert response.status == 405


async def _ready(client: Client) -> None:
    async def look() -> bool:
        async with client.get("/api/v1/groups") as response:
            return response.status == 200

    await waiting.eventually_async(look, why="the first plan", timeout=10.0)


def _text(code: reasons.Code, **fields: reasons.Value) -> str:
    return reason_texts.text(reasons.reason(code, **fields))
