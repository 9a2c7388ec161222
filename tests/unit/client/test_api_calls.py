"""Requests to gateway and operator by URL, and the errors for unusable responses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import test_utils, web

from tidegate.client import api_calls, transports, urls
from tidegate.model import grouping

DELETED = {"status": "success", "data": {"dry_run": True, "deleted": 0, "groups": [{"job": "x"}]}}


class Server:
    """Responds as the test sets, and records the requests."""

    def __init__(self) -> None:
        self.requests: list[web.BaseRequest] = []
        self.respond: Callable[[], web.Response] = lambda: web.json_response(DELETED)
        self.server = test_utils.RawTestServer(self._handle)

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.requests.append(request)
        return self.respond()

    def url(self, *, user: str = "", path: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.server.port}{path}"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    async with made.server:
        yield made


async def _delete(url: str) -> api_calls.Deletion:
    async with aiohttp.ClientSession() as session:
        transport = transports.DirectTransport(urls.parse(url), flag="--gateway.url", session=session)
        return await api_calls.GatewayApi(transport).delete(['{job="x"}', '{a="b+c&d=é"}'], dry_run=True)


async def test_selectors_arrive_unchanged(server: Server) -> None:
    done = await _delete(server.url())
    assert done == api_calls.Deletion((grouping.grouping_key({"job": "x"}),), dry_run=True)
    [request] = server.requests
    assert (request.method, request.path) == ("DELETE", "/api/v1/groups")
    assert list(request.query.items()) == [("match[]", '{job="x"}'), ("match[]", '{a="b+c&d=é"}'), ("dry_run", "1")]


async def test_requests_carry_the_password_and_the_path_prefix(server: Server) -> None:
    await _delete(server.url(user="job:s%2Fx@", path="/a/"))
    [request] = server.requests
    assert request.path == "/a/api/v1/groups"
    assert request.headers["Authorization"] == aiohttp.encode_basic_auth("job", "s/x")


@pytest.mark.parametrize(
    ("respond", "message"),
    [
        (lambda: web.Response(status=401), "401: a password is required; set --gateway.url=https://user:password@"),
        (lambda: web.Response(status=404), "check that --gateway.url has the path of --web.route-prefix"),
        (lambda: web.Response(status=405), "and the version of tidegate there"),
        (lambda: web.Response(status=302, headers={"Location": "http://h/"}), "the server redirects to another URL"),
        (lambda: web.json_response({"error": "bad selector"}, status=400), "400: bad selector"),
        (lambda: web.Response(status=503, text="not yet"), "503: not yet"),
        (lambda: web.Response(text="<html>"), "did not respond as tidegate does"),
        (lambda: web.json_response([]), "did not respond as tidegate does"),
        (lambda: web.json_response({"data": {}}), "did not respond as tidegate does"),
    ],
)
async def test_unusable_response_raises_an_error_without_the_password(
    server: Server, respond: Callable[[], web.Response], message: str
) -> None:
    server.respond = respond
    with pytest.raises(transports.RequestError) as failed:
        await _delete(server.url(user="job:secret@"))
    assert message in str(failed.value)
    assert "secret" not in str(failed.value)


async def test_response_above_the_limit_is_rejected(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "MAX_RESPONSE_BYTES", 10)
    with pytest.raises(transports.RequestError, match="the response is larger than"):
        await _delete(server.url())
