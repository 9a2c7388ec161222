"""The web page over HTTP: its files, headers, deletions and events."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from setuptools import build_meta  # type: ignore[import-untyped]

from tests.support import repository
from tests.support.gateway import gateway_client
from tidegate import settings
from tidegate.gateway import server
from tidegate.gateway.api import event_stream
from tidegate.model import grouping

ROOT = repository.ROOT
STATIC = ROOT / "operator" / "tidegate" / "gateway" / "ui" / "static"
JSON = {"Content-Type": "application/json"}


async def _page(client: gateway_client.Client) -> gateway_client.Response:
    return await client.send("GET", "/")


def _files(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(page/[^"]+)"', page)


@pytest.mark.parametrize("path", ["/", "/status"])
async def test_page_is_at_the_paths_of_pushgateways_page(client: gateway_client.Client, path: str) -> None:
    response = await client.send("GET", path)
    assert (response.status, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<title>tidegate</title>" in response.text
    assert "{{" not in response.text


async def test_content_security_policy_allows_only_own_files(client: gateway_client.Client) -> None:
    page = await _page(client)
    policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert {policy[part] for part in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert re.search(r"<script(?! type=\"module\" src=\")|<style|\son\w+=|\sstyle=", page.text) is None


async def test_files_are_cached_forever_under_a_versioned_path(client: gateway_client.Client) -> None:
    files = _files((await _page(client)).text)
    assert len(files) == 4
    for file in files:
        response = await client.send("GET", f"/{file}")
        assert (response.status, response.headers["Cache-Control"]) == (200, "max-age=31536000, immutable")
        assert "Content-Security-Policy" in response.headers
    version = files[0].split("/")[1]
    assert (await client.send("GET", f"/page/{version}/index.html")).status == 404
    assert (await client.send("GET", f"/page/another/{files[0].split('/')[2]}")).status == 404


async def test_page_is_revalidated_and_unchanged_gets_304(
    client: gateway_client.Client,
) -> None:
    page = await _page(client)
    assert page.headers["Cache-Control"] == "no-cache"
    again = await client.send("GET", "/", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status, again.text) == (304, "")
    assert (await client.send("GET", "/", headers={"If-None-Match": '"other"'})).status == 200


def test_scripts_do_not_build_html_from_text() -> None:
    for file in STATIC.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", file.read_text()
        ), file


def test_files_are_short_and_load_nothing_from_other_hosts() -> None:
    for file in STATIC.iterdir():
        source = file.read_text()
        assert source.count("\n") < 400, file
        assert set(re.findall(r"https?://[^/\"' ]+", source)) <= {"http://www.w3.org"}, file
        assert max(map(len, source.splitlines())) <= 120, file


def test_wheel_includes_the_page_and_the_openapi_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "operator", copy / "operator", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    monkeypatch.chdir(copy)
    wheel = build_meta.build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / wheel) as packed:
        names = set(packed.namelist())
    assert {f"tidegate/gateway/ui/static/{file.name}" for file in STATIC.iterdir()} <= names
    assert "tidegate/gateway/openapi/openapi.json" in names


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


class TestEvents:
    """``GET /api/v1/events``."""

    @pytest.fixture
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        async with aiohttp.ClientSession() as session:
            yield session

    async def _news(self, stream: aiohttp.ClientResponse) -> Any:
        async with asyncio.timeout(10):
            while not (line := await stream.content.readline()).startswith(b"data: "):
                assert line, "the stream has ended"
        return json.loads(line.removeprefix(b"data: "))

    async def test_stream_sends_the_current_state_and_each_change(
        self, client: gateway_client.Client, session: aiohttp.ClientSession
    ) -> None:
        async with session.get(f"{client.url}/api/v1/events") as stream:
            assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            first = await self._news(stream)
            assert (first["states"], first["scrapers"]) == ({"live": 0, "draining": 0}, 0)
            await client.put("job/a", "x 1\n")
            second = await self._news(stream)
            assert second["states"]["live"] == 1
            assert second["revision"] > first["revision"]
            await client.scrape()
            assert (await self._news(stream))["scrapers"] == 1

    async def test_streams_are_counted_and_limited(
        self, client: gateway_client.Client, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(event_stream, "MAX_STREAMS", 1)
        async with session.get(f"{client.url}/api/v1/events") as stream:
            await self._news(stream)
            assert await client.value("tidegate_event_streams") == 1
            response = await client.send("GET", "/api/v1/events")
            assert (response.status, response.headers["Retry-After"]) == (503, "20")
        await client.put("job/a", "x 1\n")  # The gateway notices at the next event that the client has disconnected.
        await client.sees("tidegate_event_streams", 0)

    async def test_streams_end_when_the_gateway_stops(
        self, client: gateway_client.Client, session: aiohttp.ClientSession, gateway: server.Gateway
    ) -> None:
        async with session.get(f"{client.url}/api/v1/events") as stream:
            await self._news(stream)
            stopping = asyncio.create_task(gateway.stop())
            async with asyncio.timeout(5):
                assert await stream.content.read() == b"\n"
                await stopping
