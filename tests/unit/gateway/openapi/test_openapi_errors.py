"""Every error response has a status code and a body that the document declares."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import bcrypt
import pytest

from tests.support.gateway import gateway_client, gateway_fixtures, openapi_document, raw_connections
from tidegate import settings
from tidegate.gateway import server
from tidegate.gateway.api import event_stream, selector_search
from tidegate.gateway.openapi import documents
from tidegate.model import errors

JSON = {"Content-Type": "application/json"}
MATCH = "match[]=%7Bjob%3D~%22.%2B%22%7D"
OVERSIZED = b"#" * (gateway_fixtures.SMALL_BODY + 1)


@pytest.fixture
async def document(client: gateway_client.Client) -> openapi_document.Document:
    return await openapi_document.described(client)


INVALID = [
    pytest.param("PUT", "/metrics/job/a", b"x 1 y\n", {}, 400, id="an invalid body"),
    pytest.param("POST", "/metrics/job/a", b"x 1 1000\n", {}, 400, id="a timestamp"),
    pytest.param("PUT", "/metrics/job/a?ttl=soon", b"x 1\n", {}, 400, id="an invalid TTL"),
    pytest.param("PUT", "/metrics/job@base64/!", b"x 1\n", {}, 400, id="a job that is not base64"),
    pytest.param("DELETE", "/metrics/job/a/b", b"", {}, 400, id="a name without a value"),
    pytest.param("PUT", "/metrics/job/a", b"\x1f", {"Content-Encoding": "gzip"}, 400, id="invalid gzip"),
    pytest.param("PUT", "/metrics/job/a", OVERSIZED, {}, 413, id="a large body"),
    pytest.param("GET", "/api/v1/status", b"", {"X": "x" * 40_000}, 431, id="a large head"),
    pytest.param("GET", "/metrics", b"", {"Expect": "much"}, 417, id="an unknown expectation"),
    pytest.param("GET", "/api/v1/groups?state=dead", b"", {}, 400, id="an unknown state"),
    pytest.param("GET", "/api/v1/groups?listing=gone", b"", {}, 410, id="an expired listing"),
    pytest.param("DELETE", "/api/v1/groups", b"", {}, 400, id="no selector"),
    pytest.param("GET", "/api/v1/group", b"", {}, 400, id="no group"),
    pytest.param("GET", "/api/v1/group?labels=%7B%22job%22:%22x%22%7D", b"", {}, 404, id="an unknown group"),
    pytest.param("GET", "/api/v1/scrapers?x=1", b"", {}, 400, id="a parameter of scrapers"),
    pytest.param("GET", "/api/v1/deletions?limit=all", b"", {}, 400, id="an invalid limit"),
    pytest.param("POST", "/page/delete", b"{", JSON, 400, id="invalid JSON"),
    pytest.param("POST", "/page/delete", b"{}", {}, 403, id="another media type"),
    pytest.param(
        "POST", "/page/delete", b'{"match":["{job=\\"a\\"}"],"most":0}', JSON, 409, id="more groups than confirmed"
    ),
    pytest.param("POST", "/page/delete", OVERSIZED, JSON, 413, id="a large body of the page"),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status"), INVALID)
async def test_invalid_request_gets_a_declared_status_code(
    *,
    client: gateway_client.Client,
    document: openapi_document.Document,
    method: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    status: int,
) -> None:
    await client.put("job/a", "x 1\n")
    response = await openapi_document.checked(client, document, method, path, body, headers=headers)
    assert response.status == status


async def test_slow_selector_gets_503(
    client: gateway_client.Client, document: openapi_document.Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.put("job/a", "x 1\n")
    monkeypatch.setattr(selector_search, "TIMEOUT_SECONDS", 0.0)
    page = b'{"match":["{job=\\"a\\"}"],"dry_run":true}'
    for method, path, body in (
        ("GET", f"/api/v1/groups?{MATCH}", b""),
        ("DELETE", f"/api/v1/groups?{MATCH}", b""),
        ("POST", "/page/delete", page),
    ):
        response = await openapi_document.checked(client, document, method, path, body, headers=JSON)
        assert (response.status, json.loads(response.body)["errorType"]) == (503, "timeout")


async def test_stream_over_the_limit_gets_503(
    client: gateway_client.Client, document: openapi_document.Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "MAX_STREAMS", 1)
    async with aiohttp.ClientSession() as session, session.get(f"{client.url}/api/v1/events"):
        assert (await openapi_document.checked(client, document, "GET", "/api/v1/events")).status == 503


async def test_change_gets_507_if_the_file_cannot_be_written(
    client: gateway_client.Client,
    document: openapi_document.Document,
    gateway: server.Gateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object, **__: object) -> Any:
        raise errors.StorageError("the file cannot be written")

    await client.put("job/a", "x 1\n")
    for change in ("push", "repeat", "delete"):
        monkeypatch.setattr(type(gateway.store), change, fail)
    for method, path, body in (
        ("PUT", "/metrics/job/a", b"x 1\n"),
        ("POST", "/metrics/job/a", b"x 1\n"),
        ("DELETE", "/metrics/job/a", b""),
        ("DELETE", f"/api/v1/groups?{MATCH}", b""),
        ("POST", "/page/delete", b'{"labels":{"job":"a"}}'),
    ):
        assert (await openapi_document.checked(client, document, method, path, body, headers=JSON)).status == 507


async def test_every_declared_error_type_occurs(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    error_types = {"timeout", "read_only"}
    await client.put("job/a", "x 1\n")
    for row in INVALID:
        method, path, body, headers, status = row.values
        if status in (400, 403, 404, 409, 410) and not str(path).startswith("/metrics"):
            response = await openapi_document.ask(client, str(method), str(path), body, headers=headers)  # type: ignore[arg-type]
            error_types.add(json.loads(response.body).get("errorType"))
    assert error_types == set(document.json["components"]["schemas"]["Error"]["properties"]["errorType"]["enum"])


@pytest.mark.parametrize(
    ("method", "path", "status", "header"),
    [
        pytest.param("GET", "/nowhere", 404, None, id="an unknown path"),
        pytest.param("GET", "/api/v1/nowhere", 404, None, id="an unknown path of the API"),
        pytest.param("PUT", "/api/v1/status", 405, "Allow", id="a method that the path does not have"),
        pytest.param("GET", "/api//v1/status", 307, "Location", id="an empty component"),
    ],
)
async def test_undescribed_request_gets_the_status_code_of_the_introduction(
    *,
    client: gateway_client.Client,
    document: openapi_document.Document,
    method: str,
    path: str,
    status: int,
    header: str | None,
) -> None:
    assert str(status) in document.json["info"]["description"]
    response = await openapi_document.ask(client, method, path)
    assert response.status == status
    assert header is None or response.headers[header]
    assert status == 307 or response.headers["Content-Type"].startswith("text/plain")


class TestLimits:
    """Limits of time and of groups."""

    @pytest.fixture
    def limit_settings(self) -> settings.LimitSettings:
        return settings.LimitSettings(groups=1, body_timeout=0.01)

    async def test_group_over_the_limit_gets_429(
        self, client: gateway_client.Client, document: openapi_document.Document
    ) -> None:
        await client.put("job/a", "x 1\n")
        response = await openapi_document.checked(client, document, "PUT", "/metrics/job/b", b"x 1\n")
        assert response.status == 429

    async def test_missing_body_gets_408(self, gateway: server.Gateway, document: openapi_document.Document) -> None:
        async with raw_connections.connected(gateway.web_port) as wire:
            await wire.send(raw_connections.PUSH_HEAD)
            head, body = await wire.response_head(), await wire.line()
        status, *lines = head.decode().rstrip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        assert status.split()[1] == "408"
        document.check("PUT", "/metrics/job/x", openapi_document.Response(408, body, headers))


CONFIGURATIONS = {
    401: f'basic_auth_users: {{a: "{bcrypt.hashpw(b"b", bcrypt.gensalt(4)).decode()}"}}',
    429: "rate_limit: {burst: 1, interval: 10h}",
}


@pytest.mark.parametrize("status", CONFIGURATIONS)
class TestWebConfiguration:
    """With ``--web.config.file``."""

    @pytest.fixture
    def web_settings(self, web_settings: settings.WebSettings, tmp_path: Path, status: int) -> settings.WebSettings:
        config = tmp_path / "web.yml"
        config.write_text(CONFIGURATIONS[status])
        return dataclasses.replace(web_settings, config_file=str(config))

    async def test_rejected_client_gets_the_declared_response_on_every_path(
        self, client: gateway_client.Client, web_settings: settings.WebSettings, status: int
    ) -> None:
        document = openapi_document.Document(documents.document(settings.GatewaySettings(web=web_settings)))
        # The rate limit allows one request.
        await openapi_document.ask(client, "GET", "/-/healthy")
        for path, verbs in document.paths():
            for verb in verbs:
                response = await openapi_document.checked(client, document, verb, openapi_document.spelled(path))
                assert response.status == status, (verb, path)


class TestReadOnly:
    """With ``--web.page-read-only``: disabled operations are not described."""

    @pytest.fixture
    def web_settings(self, web_settings: settings.WebSettings) -> settings.WebSettings:
        return dataclasses.replace(web_settings, page_read_only=True)

    async def test_deletion_gets_the_error_type_read_only(
        self, client: gateway_client.Client, document: openapi_document.Document
    ) -> None:
        response = await openapi_document.ask(client, "POST", "/page/delete", b"{}", headers=JSON)
        assert json.loads(response.body)["errorType"] == "read_only"
        document.fits({"$ref": "#/components/schemas/Error"}, json.loads(response.body))
