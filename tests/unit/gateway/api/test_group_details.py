"""``GET /api/v1/group``, ``scrapers`` and ``deletions`` of the web page, without browser."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

from tests.support.gateway import gateway_client
from tidegate.aio import clocks
from tidegate.model import scrapers

BACKUP, IMPORT = gateway_client.key(job="backup", instance="db1"), gateway_client.key(job="import")


async def _get(client: gateway_client.Client, path: str, *, status: int = 200, **query: Any) -> Any:
    query_string = urllib.parse.urlencode(query)
    response = await client.send("GET", f"/api/v1/{path}?{query_string}")
    body = json.loads(response.text)
    assert response.status == status, body
    assert response.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in response.headers
    return body["data"] if status == 200 else body["error"]


async def _retired(client: gateway_client.Client) -> None:
    await client.put("job/backup/instance/db1", "x 1\n")
    await client.act(gateway_client.claims(BACKUP, "one"))
    record = await client.group(BACKUP)
    assert record is not None
    await client.act(gateway_client.retires(record, "one"))


async def test_single_group_has_its_metrics_pushers_and_explanation(client: gateway_client.Client) -> None:
    await client.put("job/import", "# HELP x What.\n# TYPE x gauge\nx 1\n")
    data = await _get(client, "group", labels='{"job":"import"}')
    assert data["why"] == [
        "The group has no owner and no TTL.",
        "It is kept until you delete it.",
    ]
    assert data["pushers"] == [gateway_client.HOST]
    (family,) = data["families"]
    assert (family["name"], family["type"], family["help"], family["metric_count"]) == ("x", "GAUGE", "What.", 1)
    assert family["metrics"] == [{"labels": {"instance": "", "job": "import"}, "value": "1"}]
    assert not data["is_cut"]


async def test_large_group_is_cut_to_its_first_metrics(
    client: gateway_client.Client,
) -> None:
    await client.put("job/large", "".join(f'x{{n="{number}"}} 1\n' for number in range(1_500)))
    data = await _get(client, "group", labels='{"job":"large"}')
    (family,) = data["families"]
    assert (len(family["metrics"]), family["metric_count"], data["is_cut"]) == (1_000, 1_500, True)


async def test_unknown_group_is_not_found(client: gateway_client.Client) -> None:
    assert 'group {job="gone"} does not exist' in await _get(client, "group", status=404, labels='{"job":"gone"}')


async def test_scraper_has_its_interval_progress_and_number_of_waiting_groups(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    for _ in range(scrapers.MEASURED_GAPS):
        await client.scrape()
        clock.advance(15)
    await client.scrape()
    await _retired(client)
    clock.advance(1)
    (one,) = (await _get(client, "scrapers"))["scrapers"]
    now = clock.wall()
    assert (one["address"], one["user_agent"], one["active"]) == (gateway_client.HOST, "Prometheus/3", True)
    assert (one["interval"], one["last_read"], one["silent_at"]) == (15.0, now - 1, now - 1 + 300)
    assert (one["awaited_by"], one["unread_changes"]) == (1, 3)


async def test_lapsed_scraper_is_listed_as_inactive(client: gateway_client.Client, clock: clocks.MovableClock) -> None:
    await client.scrape()
    clock.advance(3_600)
    await _retired(client)
    (one,) = (await _get(client, "scrapers"))["scrapers"]
    assert (one["active"], one["interval"], one["awaited_by"]) == (False, None, 0)


async def test_deletions_have_their_time_reason_and_owners(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await _retired(client)
    await client.put("job/import", "x 1\n")
    await client.delete("job/import")
    clock.advance(301)
    await client.sees('tidegate_groups_deleted_total{reason="timeout"}', 1)
    data = await _get(client, "deletions")
    assert data["total"] == 2
    assert [(deleted["labels"]["job"], deleted["reason"]) for deleted in data["deletions"]] == [
        ("backup", "timeout"),
        ("import", "request"),
    ]
    assert data["deletions"][0]["owners"][0]["name"] == "job-one"
    assert data["deletions"][0]["at"] == clock.wall()
