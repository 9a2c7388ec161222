"""The web page over HTTP: its files, headers and events."""

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
from tidegate.gateway import server
from tidegate.gateway.api import event_stream

ROOT = repository.ROOT
STATIC = ROOT / "operator" / "tidegate" / "gateway" / "ui" / "static"


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


class TestEvents:
    """``GET /api/v1/events``."""

    @pytest.fixture
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        async with aiohttp.ClientSession() as session:
            yield session

    async def _news(self, stream: aiohttp.ClientResponse) -> Any:
        async with asyncio.timeout(60):
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
            async with asyncio.timeout(60):
                assert await stream.content.read() == b"\n"
                await stopping
