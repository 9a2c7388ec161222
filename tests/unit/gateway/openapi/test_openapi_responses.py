"""The responses of a real gateway match its document in every field, with groups of every kind and with none."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from tests.support.gateway import all_group_kinds, gateway_client, openapi_document
from tidegate import settings
from tidegate.aio import clocks
from tidegate.exposition import encoders
from tidegate.gateway import server
from tidegate.gateway.scrape import scraper_identity


@pytest.fixture
def web_settings(web_settings: settings.WebSettings) -> settings.WebSettings:
    return dataclasses.replace(web_settings, enable_openmetrics=True)


@pytest.fixture
async def document(client: gateway_client.Client) -> openapi_document.Document:
    return await openapi_document.described(client)


async def _data(
    client: gateway_client.Client, document: openapi_document.Document, path: str, *, method: str = "GET", **query: str
) -> Any:
    """Return the data of a response, after checking it against the document."""
    target = f"/api/v1/{path}?{urllib.parse.urlencode(query)}" if query else f"/api/v1/{path}"
    response = await openapi_document.checked(client, document, method, target)
    assert response.status == 200
    return json.loads(response.body)["data"]


class TestWithGroupsOfEveryKind:
    """Push groups of every kind.

    They are live groups, groups with a TTL, failing and owned ones, each kind of draining, hostile labels and native
    histograms.
    """

    @pytest.fixture(autouse=True)
    async def _filled(self, client: gateway_client.Client, clock: clocks.MovableClock, gateway: server.Gateway) -> None:
        await all_group_kinds.fill(client, clock, gateway)

    async def test_group_lists_match(self, client: gateway_client.Client, document: openapi_document.Document) -> None:
        data = await _data(client, document, "groups")
        assert {(one["state"], one["ownership"], one["ttl_ends"] is None) for one in data["groups"]} == {
            ("live", "none", True),
            ("live", "none", False),
            ("live", "claimed", True),
            ("draining", "none", True),
            ("draining", "retired", True),
        }
        waits = {one["drain"]["waits_for"] for one in data["groups"] if one["drain"] is not None}
        assert {"scrapers", "operator"} <= waits
        assert max(one["owner_count"] for one in data["groups"]) == len(all_group_kinds.MANY_OWNERS)
        assert not all(one["last_push_successful"] for one in data["groups"])

    async def test_group_that_waits_only_for_its_deadline_matches(
        self, client: gateway_client.Client, document: openapi_document.Document, clock: clocks.MovableClock
    ) -> None:
        clock.advance(3_600)
        await all_group_kinds.retire(client, "late", "three")
        (one,) = (await _data(client, document, "groups", search="job=late"))["groups"]
        assert one["drain"]["waits_for"] == "deadline"

    async def test_deleted_group_of_a_listing_matches(
        self, client: gateway_client.Client, document: openapi_document.Document
    ) -> None:
        listing = (await _data(client, document, "groups", limit="1"))["listing"]
        await client.delete("job/empty")
        data = await _data(client, document, "groups", listing=listing)
        assert [one for one in data["groups"] if "gone" in one] == [{"labels": {"job": "empty"}, "gone": True}]

    async def test_listed_groups_have_the_same_explanation_as_single_groups(
        self, client: gateway_client.Client, document: openapi_document.Document
    ) -> None:
        for one in (await _data(client, document, "groups", why="1"))["groups"]:
            data = await _data(client, document, "group", labels=json.dumps(one["labels"]))
            assert one["why"] == data["why"]

    async def test_single_groups_with_metrics_match(
        self, client: gateway_client.Client, document: openapi_document.Document
    ) -> None:
        kinds = set()
        for group in (await _data(client, document, "groups"))["groups"]:
            data = await _data(client, document, "group", labels=json.dumps(group["labels"]))
            kinds |= {_kind(metric) for family in data["families"] for metric in family["metrics"]}
        assert kinds == {"value", "summary", "classic", "native"}

    async def test_scrapers_match(self, client: gateway_client.Client, document: openapi_document.Document) -> None:
        data = await _data(client, document, "scrapers")
        assert {one["interval"] is None for one in data["scrapers"]} == {True, False}

    async def test_deletions_match(self, client: gateway_client.Client, document: openapi_document.Document) -> None:
        data = await _data(client, document, "deletions")
        assert data["deletions"][-1]["owners"]

    async def test_metrics_match(self, client: gateway_client.Client, document: openapi_document.Document) -> None:
        data = await _data(client, document, "metrics")
        assert len(data) == (await _data(client, document, "groups"))["total"]

    async def test_status_matches(self, client: gateway_client.Client, document: openapi_document.Document) -> None:
        assert (await _data(client, document, "status"))["flags"]

    async def test_deletions_by_selector_match(
        self, client: gateway_client.Client, document: openapi_document.Document
    ) -> None:
        dry = await _data(client, document, "groups", method="DELETE", dry_run="1", **{"match[]": '{job!=""}'})
        done = await _data(client, document, "groups", method="DELETE", **{"match[]": '{job!=""}'})
        assert dry["groups"] == done["groups"] != []

    @pytest.mark.parametrize(
        "deletion",
        [
            pytest.param({"match": ['{job!=""}'], "dry_run": True}, id="a preview"),
            pytest.param({"match": ['{job!=""}'], "most": 99}, id="by selector"),
            pytest.param({"labels": {"job": "owned"}}, id="one"),
        ],
    )
    async def test_deletions_by_the_page_match(
        self, client: gateway_client.Client, document: openapi_document.Document, deletion: dict[str, Any]
    ) -> None:
        document.fits({"$ref": "#/components/schemas/PageDeletion"}, deletion)
        body = json.dumps(deletion).encode()
        headers = {"Content-Type": "application/json"}
        response = await openapi_document.checked(client, document, "POST", "/page/delete", body, headers=headers)
        assert response.status == 200

    @pytest.mark.parametrize("format", encoders.Format)
    @pytest.mark.parametrize("coding", ["identity", "gzip"])
    async def test_scrapes_match(
        self, client: gateway_client.Client, document: openapi_document.Document, format: encoders.Format, coding: str
    ) -> None:
        headers = {"Accept": format.value, "Accept-Encoding": coding, scraper_identity.TIMEOUT_HEADER: "10"}
        response = await openapi_document.checked(client, document, "GET", "/metrics", headers=headers)
        assert response.headers["Content-Type"].startswith(format.value)

    async def test_events_match(self, client: gateway_client.Client, document: openapi_document.Document) -> None:
        async with aiohttp.ClientSession() as session, session.get(f"{client.url}/api/v1/events") as stream:
            async with asyncio.timeout(60):
                event, data = [await stream.content.readline() for _ in range(2)]
            document.check(
                "GET", "/api/v1/events", openapi_document.Response(stream.status, event + data, stream.headers)
            )
        assert event == b"event: news\n"
        document.fits({"$ref": "#/components/schemas/News"}, json.loads(data.removeprefix(b"data: ")))


def _kind(metric: Mapping[str, Any]) -> str:
    if "value" in metric:
        return "value"
    if "quantiles" in metric:
        return "summary"
    return "native" if isinstance(metric["buckets"], list) else "classic"


@pytest.mark.parametrize("path", ["groups", "scrapers", "deletions", "metrics", "status"])
async def test_responses_of_an_empty_store_match(
    client: gateway_client.Client, document: openapi_document.Document, path: str
) -> None:
    await _data(client, document, path)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
async def test_pushes_match(client: gateway_client.Client, document: openapi_document.Document, method: str) -> None:
    body = b"" if method == "DELETE" else b"m 1\n"
    for path in ("job/a", "job/a/b/c/d@base64/=", "job@base64/YQ", "job@base64/YQ/b/c"):
        response = await openapi_document.checked(client, document, method, f"/metrics/{path}", body)
        assert response.status in (200, 202)
