"""``GET /api/v1/groups``, ``group``, ``scrapers`` and ``deletions`` of the web page, without browser."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import pytest

from tests.support.gateway import gateway_client
from tidegate.aio import clocks
from tidegate.gateway.api import listings

BACKUP, IMPORT = gateway_client.key(job="backup", instance="db1"), gateway_client.key(job="import")


async def _get(client: gateway_client.Client, path: str, *, status: int = 200, **query: Any) -> Any:
    query_string = urllib.parse.urlencode(query)
    response = await client.send("GET", f"/api/v1/{path}?{query_string}")
    body = json.loads(response.text)
    assert response.status == status, body
    assert response.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in response.headers
    return body["data"] if status == 200 else body["error"]


async def _jobs(client: gateway_client.Client, **query: Any) -> list[str]:
    return [group["labels"]["job"] for group in (await _get(client, "groups", **query))["groups"]]


async def _retired(client: gateway_client.Client) -> None:
    await client.put("job/backup/instance/db1", "x 1\n")
    await client.act(gateway_client.claims(BACKUP, "one"))
    record = await client.group(BACKUP)
    assert record is not None
    await client.act(gateway_client.retires(record, "one"))


async def test_listed_group_has_its_times_owners_and_size(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.put("job/import", "x 1\ny 2\n")
    await client.act(gateway_client.claims(IMPORT, "one"))
    data = await _get(client, "groups")
    (group,) = data["groups"]
    assert sum(group.pop("pushes")) == 1
    assert group == {
        "labels": {"job": "import"},
        "state": "live",
        "ownership": "claimed",
        "owners": [{"kind": "Job", "namespace": "default", "name": "job-one", "rule": "name"}],
        "owner_count": 1,
        "ttl_ends": None,
        "drain": None,
        "push_time": clock.wall(),
        "push_failure_time": 0.0,
        "last_push_successful": True,
        "families": 2,
        "series": 2,
    }
    assert (data["total"], data["now"], data["states"]) == (1, clock.wall(), {"live": 1, "draining": 0})
    assert (data["kinds"], data["namespaces"]) == ({"Job": 1}, {"default": 1})


async def test_draining_group_has_the_scrapers_it_waits_for_and_its_deadline(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.scrape(agent="Prometheus/3")
    await _retired(client)
    (group,) = (await _get(client, "groups"))["groups"]
    assert group["ownership"] == "retired"
    assert group["drain"] == {
        "since": clock.wall(),
        "until": clock.wall() + 300,
        "is_expired_ttl": False,
        "waits_for": "scrapers",
        "scrapers": [{"address": gateway_client.HOST, "user_agent": "Prometheus/3", "scraper": "", "reader": 1}],
        "databases": [],
    }


async def test_list_explains_each_group_if_requested(client: gateway_client.Client) -> None:
    await client.scrape(agent="Prometheus/3")
    await _retired(client)
    alone = await _get(client, "group", labels=json.dumps(dict(BACKUP)))
    assert alone["why"][1].startswith("It waits for Prometheus/3 at 127.0.0.1 to scrape its last push")
    listed = await _get(client, "groups", why=1)
    (group,) = listed["groups"]
    assert group["why"] == alone["why"]
    (again,) = (await _get(client, "groups", listing=listed["listing"], why=1))["groups"]
    assert again["why"] == alone["why"]
    assert "why" not in (await _get(client, "groups"))["groups"][0]


@pytest.mark.parametrize(
    ("query", "jobs"),
    [
        pytest.param({"search": "BACK"}, ["backup"], id="part of a label in any case"),
        pytest.param({"search": "instance=db1"}, ["backup"], id="a label"),
        pytest.param({"search": "import db1"}, [], id="words of two groups"),
        pytest.param({"search": "job-one"}, ["backup"], id="an owner"),
        pytest.param({"match[]": '{job=~"i.*"}'}, ["import"], id="a selector"),
        pytest.param({"state": "draining"}, ["backup"], id="draining"),
        pytest.param({"state": "live"}, ["broken", "import"], id="live"),
        pytest.param({"state": "ttl"}, ["import"], id="with a ttl"),
        pytest.param({"state": "failing"}, ["broken"], id="failing"),
        pytest.param({"ownership": "none"}, ["broken", "import"], id="without owner"),
        pytest.param({"ownership": "retired"}, ["backup"], id="retired"),
        pytest.param({"ownership": "claimed"}, [], id="claimed"),
        pytest.param({"kind": "Job"}, ["backup"], id="a kind"),
        pytest.param({"kind": "CronJob"}, [], id="another kind"),
        pytest.param({"namespace": "default"}, ["backup"], id="a namespace"),
        pytest.param({"sort": "labels", "order": "desc"}, ["import", "broken", "backup"], id="backwards"),
        pytest.param({"sort": "pushed"}, ["broken", "backup", "import"], id="by push"),
        pytest.param({"sort": "series", "order": "desc"}, ["import", "backup", "broken"], id="by series"),
        pytest.param({"sort": "failed", "order": "desc", "limit": "1"}, ["broken"], id="by failure"),
        pytest.param({"sort": "owner", "order": "desc", "limit": "1"}, ["backup"], id="by owner"),
        pytest.param({"sort": "state", "limit": "1"}, ["backup"], id="by state"),
        pytest.param({"offset": "1", "limit": "1"}, ["broken"], id="a page"),
        pytest.param({"offset": "9"}, [], id="beyond the last"),
    ],
)
async def test_groups_are_filtered_and_sorted(
    client: gateway_client.Client, clock: clocks.MovableClock, query: dict[str, str], jobs: list[str]
) -> None:
    await _retired(client)
    clock.advance(1)
    await client.put("job/import?ttl=1h", "x 1\ny 2\nz 3\n")
    await client.put("job/broken", "x 1 1000\n")
    assert await _jobs(client, **query) == jobs


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        pytest.param("groups", {"stat": "live"}, "unknown parameter 'stat'", id="a misspelled name"),
        pytest.param(
            "groups", {"state": "dead"}, "state must be one of live, draining, ttl, failing, not 'dead'", id="a state"
        ),
        pytest.param("groups", {"order": "up"}, "order must be asc or desc", id="an order"),
        pytest.param("groups", {"limit": "-1"}, "limit must be an integer of 0 or more", id="a limit"),
        pytest.param("groups", {"match[]": "{job"}, "at column", id="a selector"),
        pytest.param("groups", {"search": "a " * 21}, "send at most 20", id="words"),
        pytest.param("groups", {"listing": "x", "state": "live"}, "omit state", id="a list and a search"),
        pytest.param("group", {"labels": "{"}, "not valid JSON", id="labels that are not JSON"),
        pytest.param("group", {"labels": "[]"}, "an object of strings", id="labels that are not an object"),
        pytest.param("group", {"labels": '{"job": 1}'}, "an object of strings", id="labels that are not strings"),
        pytest.param("scrapers", {"x": "1"}, "this path has none", id="of scrapers"),
    ],
)
async def test_invalid_parameter_is_rejected_with_its_reason(
    client: gateway_client.Client, path: str, query: dict[str, str], expected: str
) -> None:
    assert expected in await _get(client, path, status=400, **query)


async def test_any_page_of_a_listing_is_available_and_marks_deleted_groups(
    client: gateway_client.Client,
) -> None:
    for number in range(5):
        await client.put(f"job/{number}", "x 1\n")
    listing = (await _get(client, "groups", limit="1"))["listing"]
    await client.delete("job/3")
    data = await _get(client, "groups", listing=listing, offset="2", limit="2")
    assert (data["total"], data["offset"]) == (5, 2)
    assert [(group["labels"]["job"], "gone" in group) for group in data["groups"]] == [("2", False), ("3", True)]


async def test_same_query_returns_the_same_listing(client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    first, second = [(await _get(client, "groups", search="a"))["listing"] for _ in range(2)]
    assert first == second
    assert (await _get(client, "groups", search="b"))["listing"] != first


async def test_only_the_latest_listings_are_cached(
    client: gateway_client.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listings, "MAX_CACHED", 1)
    first = (await _get(client, "groups", search="a"))["listing"]
    await _get(client, "groups", search="b")
    assert "no longer available" in await _get(client, "groups", status=410, listing=first)
