"""Queries over HTTP: paths, credentials, and responses that cannot be used."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trustme
from aiohttp import hdrs, web

from tidegate.model import errors
from tidegate.prometheus import push_time_query, query_api, server_config

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
RESULT = {"metric": {"__name__": "push_time_seconds", "job": "a"}, "value": [1.0, "1733000000.25"]}


def _body(*series: object) -> dict[str, object]:
    return {"status": "success", "data": {"resultType": "vector", "result": list(series)}}


class Recorder:
    """A server that records requests and sends one response to all."""

    def __init__(self, response: Callable[[], web.StreamResponse]) -> None:
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self._response = response

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        form = await request.post()
        self.requests.append((request.path, str(form.get("query")), dict(request.headers)))
        return self._response()


@contextlib.asynccontextmanager
async def _serving(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _query(server: server_config.Server) -> list[push_time_query.Series]:
    async with query_api.QueryApi(server) as api:
        return list(await api.query("1 + 1"))


async def test_query_is_posted_below_the_path_of_the_url() -> None:
    recorder = Recorder(lambda: web.json_response(_body(RESULT)))
    async with _serving(recorder.handle) as url:
        [series] = await _query(server_config.Server(url=f"{url}/select/0/prometheus"))
    assert series == push_time_query.Series({"__name__": "push_time_seconds", "job": "a"}, 1733000000.25)
    assert recorder.requests[0][:2] == ("/select/0/prometheus/api/v1/query", "1 + 1")


async def test_headers_and_basic_auth_are_sent(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("pässword\n")
    credentials = server_config.Credentials(scheme="Basic", user="u", secret_file=tmp_path / "password")
    recorder = Recorder(lambda: web.json_response(_body()))
    async with _serving(recorder.handle) as url:
        await _query(server_config.Server(url=url, credentials=credentials, headers={"X-Scope-OrgID": "team"}))
    headers = recorder.requests[0][2]
    assert headers["X-Scope-OrgID"] == "team"
    assert base64.b64decode(headers[hdrs.AUTHORIZATION].removeprefix("Basic ")).decode() == "u:pässword"


async def test_token_is_read_again_for_each_query(tmp_path: Path) -> None:
    token = tmp_path / "token"
    credentials = server_config.Credentials(scheme="Bearer", secret_file=token)
    recorder = Recorder(lambda: web.json_response(_body()))
    async with (
        _serving(recorder.handle) as url,
        query_api.QueryApi(server_config.Server(url=url, credentials=credentials)) as api,
    ):
        for content in ("first", "second"):
            token.write_text(content)
            await api.query("1")
    assert [headers[hdrs.AUTHORIZATION] for _, _, headers in recorder.requests] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        (400, json.dumps({"status": "error", "error": "parse error"}), "status 400: parse error"),
        (401, "no", "status 401"),
        (200, "<html>", "status 200: the response is not that of a Prometheus query"),
        (200, json.dumps({"status": "success", "data": {"result": [{}]}}), "status 200"),
        (200, json.dumps(_body({**RESULT, "value": [1.0, 10**400]})), "status 200"),
        (200, "[" * 100_000, "status 200"),
        (503, "", "status 503"),
        (500, json.dumps({"error": "a\nb" * 200}), "status 500: "),
    ],
)
async def test_unusable_response_is_an_error_with_a_reason(status: int, text: str, reason: str) -> None:
    recorder = Recorder(lambda: web.Response(status=status, text=text))
    async with _serving(recorder.handle) as url:
        with pytest.raises(errors.QueryError) as raised:
            await _query(server_config.Server(url=url))
    assert str(raised.value).startswith(reason)
    assert len(str(raised.value)) < 250
    assert str(raised.value).isprintable()


async def test_redirect_is_not_followed() -> None:
    elsewhere = Recorder(lambda: web.json_response(_body()))
    async with _serving(elsewhere.handle) as other:
        recorder = Recorder(lambda: web.Response(status=302, headers={"Location": other}))
        async with _serving(recorder.handle) as url:
            with pytest.raises(errors.QueryError, match="status 302"):
                await _query(server_config.Server(url=url))
    assert elsewhere.requests == []


async def test_response_that_is_too_large_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_api, "MAX_RESPONSE_BYTES", 2**20)
    recorder = Recorder(lambda: web.Response(body=b" " * (2**20 + 1)))
    async with _serving(recorder.handle) as url:
        with pytest.raises(errors.LargeResultError, match="larger than 1 MiB"):
            await _query(server_config.Server(url=url))


async def test_server_that_cannot_be_reached_is_an_error() -> None:
    async with _serving(Recorder(web.Response).handle) as url:
        pass
    with pytest.raises(errors.QueryError):
        await _query(server_config.Server(url=url))


async def test_server_that_does_not_respond_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_api, "QUERY_TIMEOUT", 0.05)
    ended = asyncio.Event()

    async def handle(_: web.BaseRequest) -> web.StreamResponse:
        await ended.wait()
        return web.Response()

    async with _serving(handle) as url:
        with pytest.raises(errors.QueryError, match=r"no response within 0\.05 s"):
            await _query(server_config.Server(url=url))
        ended.set()


@pytest.mark.parametrize("content", [b"a\nb", b"\xff"], ids=["two lines", "not UTF-8"])
async def test_token_that_cannot_be_sent_is_an_error_that_does_not_quote_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    credentials = server_config.Credentials(scheme="Bearer", secret_file=tmp_path / "token")
    async with _serving(Recorder(web.Response).handle) as url:
        with pytest.raises(errors.QueryError, match=r"^a header, a password or a token cannot be sent$"):
            await _query(server_config.Server(url=url, credentials=credentials))


async def test_certificate_of_the_server_is_verified_with_the_configured_authority(tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("prometheus.example").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    recorder = Recorder(lambda: web.json_response(_body(RESULT)))
    trusted = server_config.TlsSettings(ca_file=tmp_path / "ca.pem", server_name="prometheus.example")
    async with _serving(recorder.handle, tls=context) as url:
        assert len(await _query(server_config.Server(url=url, tls=trusted))) == 1
        assert len(await _query(server_config.Server(url=url, tls=server_config.TlsSettings(is_unverified=True)))) == 1
        for other in (server_config.TlsSettings(), server_config.TlsSettings(ca_file=tmp_path / "ca.pem")):
            with pytest.raises(errors.QueryError):
                await _query(server_config.Server(url=url, tls=other))


async def test_certificate_files_are_read_again_after_a_failure(tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = server_config.TlsSettings(ca_file=tmp_path / "ca.pem")
    recorder = Recorder(lambda: web.json_response(_body(RESULT)))
    async with (
        _serving(recorder.handle, tls=context) as url,
        query_api.QueryApi(server_config.Server(url=url, tls=tls)) as api,
    ):
        with pytest.raises(errors.QueryError):
            await api.query("1")
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        assert len(await api.query("1")) == 1


async def test_missing_password_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    credentials = server_config.Credentials(scheme="Bearer", secret_file=tmp_path / "token")
    with pytest.raises(errors.QueryError, match="token"):
        await _query(server_config.Server(url="http://127.0.0.1:9", credentials=credentials))
