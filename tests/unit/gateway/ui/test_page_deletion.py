"""Deletions by the web page: by labels or by selector, up to the confirmed number, and only by the page itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.gateway import gateway_client
from tidegate import settings
from tidegate.model import grouping

JSON = {"Content-Type": "application/json"}


async def _page(client: gateway_client.Client) -> gateway_client.Response:
    return await client.send("GET", "/")


class TestDeletes:
    """``POST /page/delete``."""

    async def _delete(self, client: gateway_client.Client, deletion: Any, **headers: str) -> tuple[int, Any]:
        body = deletion if isinstance(deletion, bytes) else json.dumps(deletion).encode()
        all_headers = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
        response = await client.send("POST", "/page/delete", body, headers=all_headers)
        body = json.loads(response.text)
        return response.status, body.get("data", body.get("error"))

    @pytest.fixture(autouse=True)
    async def _pushed(self, client: gateway_client.Client) -> None:
        for path in ("job/a/team/x", "job/b/team/x", "job/c/team/y"):
            await client.put(path, "x 1\n")

    async def _remaining(self, client: gateway_client.Client) -> set[str | None]:
        return {grouping.label(group.key, "job") for group in (await client.changes()).groups}

    async def test_one_group_is_deleted_by_its_labels(self, client: gateway_client.Client) -> None:
        assert await self._delete(client, {"labels": {"job": "a", "team": "x"}}) == (200, {"deleted": 1})
        assert await self._remaining(client) == {"b", "c"}

    async def test_dry_run_deletes_nothing(self, client: gateway_client.Client) -> None:
        status, body = await self._delete(client, {"match": ['{team="x"}'], "dry_run": True})
        assert (status, body["selected"], len(body["groups"])) == (200, 2, 2)
        assert await self._remaining(client) == {"a", "b", "c"}

    async def test_selected_groups_are_deleted_up_to_the_confirmed_number(self, client: gateway_client.Client) -> None:
        assert await self._delete(client, {"match": ['{team="x"}'], "most": 2}) == (200, {"deleted": 2})
        assert await self._remaining(client) == {"c"}

    async def test_more_groups_than_confirmed_are_not_deleted(self, client: gateway_client.Client) -> None:
        status, body = await self._delete(client, {"match": ['{team="x"}'], "most": 1})
        assert (status, body) == (
            409,
            "the selectors now match 2 groups, not 1; no group was deleted: check the selection again",
        )
        assert await self._remaining(client) == {"a", "b", "c"}

    @pytest.mark.parametrize(
        ("deletion", "expected"),
        [
            pytest.param(b"{", "not valid JSON", id="invalid JSON"),
            pytest.param([], "an object with either labels or match", id="a list"),
            pytest.param({}, "an object with either labels or match", id="nothing"),
            pytest.param({"labels": {"job": "a"}, "match": ["{}"]}, "an object with either labels or match", id="both"),
            pytest.param({"match": ['{job="a"}']}, "send dry_run, or most", id="neither a preview nor a number"),
            pytest.param({"match": ['{job="a"}'], "most": True}, "send dry_run, or most", id="not a number"),
            pytest.param({"match": ['{job="a"}'], "dryrun": True}, "unknown field 'dryrun'", id="misspelled"),
            pytest.param({"match": ["{}"], "most": 9}, "selects all", id="all"),
            pytest.param({"match": "x", "most": 9}, "a list of selectors", id="not a list"),
        ],
    )
    async def test_invalid_request_deletes_nothing(
        self, client: gateway_client.Client, deletion: Any, expected: str
    ) -> None:
        status, body = await self._delete(client, deletion)
        assert status == 400
        assert expected in body
        assert await self._remaining(client) == {"a", "b", "c"}

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            pytest.param({"Content_Type": "text/plain"}, "Content-Type", id="a type that any site may send"),
            pytest.param({"Content_Type": "application/x-www-form-urlencoded"}, "Content-Type", id="a form"),
            pytest.param({"Sec_Fetch_Site": "cross-site"}, "cross-site", id="another site"),
            pytest.param({"Sec_Fetch_Site": "same-site"}, "same-site", id="another host of the site"),
            pytest.param({"Origin": "http://evil.example"}, "Origin", id="another origin"),
            pytest.param({"Origin": "null"}, "Origin", id="no origin at all"),
        ],
    )
    async def test_request_of_another_site_deletes_nothing(
        self, client: gateway_client.Client, headers: dict[str, str], expected: str
    ) -> None:
        status, body = await self._delete(client, {"labels": {"job": "c", "team": "y"}}, **headers)
        assert status == 403
        assert expected in body
        assert await self._remaining(client) == {"a", "b", "c"}

    async def test_request_of_the_page_deletes_the_group(self, client: gateway_client.Client) -> None:
        status, _ = await self._delete(
            client, {"labels": {"job": "c", "team": "y"}}, Origin=client.url, Sec_Fetch_Site="same-origin"
        )
        assert status == 200

    async def test_preflight_of_another_origin_allows_nothing(self, client: gateway_client.Client) -> None:
        headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
        response = await client.send("OPTIONS", "/page/delete", headers=headers)
        assert not any(name.startswith("Access-Control") for name in response.headers)


class TestReadOnly:
    """With ``--web.page-read-only``."""

    @pytest.fixture
    def web_settings(self) -> settings.WebSettings:
        return settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",), page_read_only=True)

    async def test_page_is_read_only_and_its_deletions_are_rejected(self, client: gateway_client.Client) -> None:
        await client.put("job/a", "x 1\n")
        assert 'data-mode="read-only"' in (await _page(client)).text
        response = await client.send("POST", "/page/delete", b'{"labels":{"job":"a"}}', headers=JSON)
        assert response.status == 403
        assert "the page is read-only (--web.page-read-only)" in response.text

    async def test_other_clients_can_still_delete(self, client: gateway_client.Client) -> None:
        await client.put("job/a", "x 1\n")
        assert (await client.delete("job/a")).status == 202
        assert (await client.changes()).groups == ()
