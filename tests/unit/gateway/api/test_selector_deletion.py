"""Groups are deleted by selector, or only listed with ``dry_run``."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.parse
from typing import Any

import pytest

from tests.support.gateway import gateway_client
from tidegate.gateway import server
from tidegate.gateway.api import selector_deletion, selector_search
from tidegate.model import grouping, selectors

GROUPS = ("job/a/region/eu-1", "job/a/region/us-1", "job/b/region/eu-2")


async def _delete(client: gateway_client.Client, *matches: str, **more: str) -> tuple[int, Any]:
    query = urllib.parse.urlencode([*(("match[]", match) for match in matches), *more.items()])
    response = await client.send("DELETE", f"/api/v1/groups?{query}")
    return response.status, json.loads(response.text)


async def _groups(client: gateway_client.Client) -> set[str]:
    return {
        f"job/{dict(group.key)['job']}/region/{dict(group.key)['region']}" for group in (await client.changes()).groups
    }


@pytest.fixture(autouse=True)
async def _pushed(client: gateway_client.Client) -> None:
    for group in GROUPS:
        await client.put(group, "x 1\n")


async def test_selected_groups_are_deleted_and_listed(client: gateway_client.Client) -> None:
    status, body = await _delete(client, '{job="a",region=~"eu.*"}')
    assert (status, body["status"]) == (200, "success")
    assert body["data"] == {"dry_run": False, "deleted": 1, "groups": [{"job": "a", "region": "eu-1"}]}
    assert await _groups(client) == {"job/a/region/us-1", "job/b/region/eu-2"}


async def test_dry_run_lists_groups_and_deletes_none(client: gateway_client.Client) -> None:
    status, body = await _delete(client, '{region=~"eu.*"}', dry_run="1")
    assert status == 200
    assert (body["data"]["dry_run"], body["data"]["deleted"]) == (True, 0)
    assert len(body["data"]["groups"]) == 2
    assert await _groups(client) == set(GROUPS)


async def test_several_selectors_select_the_union(client: gateway_client.Client) -> None:
    await _delete(client, '{job="b"}', '{region="us-1"}')
    assert await _groups(client) == {"job/a/region/eu-1"}


async def test_selector_without_matches_deletes_nothing(client: gateway_client.Client) -> None:
    assert (await _delete(client, '{job="c"}'))[1]["data"]["groups"] == []
    assert await _groups(client) == set(GROUPS)


@pytest.mark.parametrize(
    ("matches", "more", "expected"),
    [
        pytest.param([], {}, "missing parameter match[]", id="none"),
        pytest.param(["{}"], {}, "selects all", id="all"),
        pytest.param(['{job="b"}', "{job}"], {}, "at column 5", id="an invalid one"),
        pytest.param(['{job="b"}'], {"dry_run": "maybe"}, "dry_run must be 1 or 0", id="an invalid dry run"),
        pytest.param(['{job="b"}'], {"dry_run": ""}, "dry_run must be 1 or 0", id="a dry run without a value"),
        pytest.param(['{job="b"}'], {"dryrun": "1"}, "unknown parameter 'dryrun'", id="a dry run misspelled"),
        pytest.param([f'{{job="{"b" * 4_000}"}}'], {}, "send at most 4000", id="too long"),
    ],
)
async def test_invalid_request_deletes_nothing(
    client: gateway_client.Client, matches: list[str], more: dict[str, str], expected: str
) -> None:
    status, body = await _delete(client, *matches, **more)
    assert (status, body["status"], body["errorType"]) == (400, "error", "bad_data")
    assert expected in body["error"]
    assert await _groups(client) == set(GROUPS)


async def test_deletions_by_selector_are_counted(client: gateway_client.Client) -> None:
    await _delete(client, '{job="a"}')
    assert '\ntidegate_groups_deleted_total{reason="request"} 2\n' in await client.exposition()


async def test_contradictory_dry_run_parameters_delete_nothing(client: gateway_client.Client) -> None:
    query = urllib.parse.urlencode({"match[]": '{job="a"}'})
    assert (await client.send("DELETE", f"/api/v1/groups?{query}&dry_run=0&dry_run=1")).status == 400
    assert await _groups(client) == set(GROUPS)


async def test_slow_selection_deletes_nothing(client: gateway_client.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selector_search, "TIMEOUT_SECONDS", 0.0)
    status, body = await _delete(client, '{job="a"}')
    assert (status, body["errorType"]) == (503, "timeout")
    assert await _groups(client) == set(GROUPS)


async def test_other_clients_are_served_while_a_slow_pattern_is_matched(
    client: gateway_client.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    matching, may_end = threading.Event(), threading.Event()

    class SlowSelector:
        def matches(self, _key: grouping.GroupingKey) -> bool:
            matching.set()
            return may_end.wait()

    monkeypatch.setattr(selectors, "parse_any", lambda _texts: SlowSelector())
    selecting = asyncio.create_task(_delete(client, '{job="a"}', dry_run="1"))
    await asyncio.to_thread(matching.wait)
    assert (await client.send("GET", "/-/healthy")).status == 200
    assert not selecting.done()
    may_end.set()
    assert (await selecting)[0] == 200


async def test_many_groups_are_deleted_and_all_listed(client: gateway_client.Client, gateway: server.Gateway) -> None:
    many = 2 * selector_deletion._GROUPS_PER_WRITE + 1
    for number in range(many):
        key = gateway_client.key(job="many", region=str(number))
        await gateway.store.push(key, {}, replace=True)
    data = (await _delete(client, '{job="many"}'))[1]["data"]
    assert [group["region"] for group in data["groups"]] == [str(number) for number in range(many)]
    assert data["deleted"] == many
    assert await _groups(client) == set(GROUPS)


async def test_web_pages_of_other_origins_cannot_delete(client: gateway_client.Client) -> None:
    headers = {"Origin": "http://elsewhere", "Access-Control-Request-Method": "DELETE"}
    response = await client.send("OPTIONS", "/api/v1/groups", headers=headers)
    assert (response.status, response.headers["Allow"]) == (200, "DELETE, GET, HEAD, OPTIONS")
    assert not [name for name in response.headers if name.lower().startswith("access-control")]
