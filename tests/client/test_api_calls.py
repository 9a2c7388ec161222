"""What gateway and operator are asked by their URLs, and what is said of answers that are none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import test_utils, web

from tidegate.client import api_calls, transports, urls
from tidegate.model import grouping

DELETED = {"status": "success", "data": {"dry_run": True, "deleted": 0, "groups": [{"job": "x"}]}}


class Server:
    """Answers what the test says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.BaseRequest] = []
        self.answer: Callable[[], web.Response] = lambda: web.json_response(DELETED)
        self.server = test_utils.RawTestServer(self._handle)

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.asked.append(request)
        return self.answer()

    def url(self, *, user: str = "", path: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.server.port}{path}"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    async with made.server:
        yield made


async def _delete(url: str) -> api_calls.Deletion:
    async with aiohttp.ClientSession() as session:
        door = transports.DirectDoor(urls.parse(url), flag="--gateway.url", session=session)
        return await api_calls.GatewayApi(door).delete(['{job="x"}', '{a="b+c&d=é"}'], dry_run=True)


async def test_selectors_arrive_as_they_are(server: Server) -> None:
    done = await _delete(server.url())
    assert done == api_calls.Deletion((grouping.grouping_key({"job": "x"}),), dry_run=True)
    [request] = server.asked
    assert (request.method, request.path) == ("DELETE", "/api/v1/groups")
    assert list(request.query.items()) == [("match[]", '{job="x"}'), ("match[]", '{a="b+c&d=é"}'), ("dry_run", "1")]


async def test_a_password_and_a_prefix_are_used(server: Server) -> None:
    await _delete(server.url(user="job:s%2Fx@", path="/a/"))
    [request] = server.asked
    assert request.path == "/a/api/v1/groups"
    assert request.headers["Authorization"] == aiohttp.encode_basic_auth("job", "s/x")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: web.Response(status=401), "401: it asks for a password: --gateway.url=https://user:password@"),
        (lambda: web.Response(status=404), "has --gateway.url the path of --web.route-prefix"),
        (lambda: web.Response(status=405), "is that a tidegate of this version?"),
        (lambda: web.Response(status=302, headers={"Location": "http://h/"}), "it leads elsewhere"),
        (lambda: web.json_response({"error": "bad selector"}, status=400), "400: bad selector"),
        (lambda: web.Response(status=503, text="not yet"), "503: not yet"),
        (lambda: web.Response(text="<html>"), "does not answer as tidegate does"),
        (lambda: web.json_response([]), "does not answer as tidegate does"),
        (lambda: web.json_response({"data": {}}), "does not answer as tidegate does"),
    ],
)
async def test_what_is_no_answer_is_told_in_words_without_the_password(
    server: Server, answer: Callable[[], web.Response], said: str
) -> None:
    server.answer = answer
    with pytest.raises(transports.InquiryError) as failed:
        await _delete(server.url(user="job:secret@"))
    assert said in str(failed.value)
    assert "secret" not in str(failed.value)


async def test_a_large_answer_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "MOST_BYTES", 10)
    with pytest.raises(transports.InquiryError, match="answers with more than"):
        await _delete(server.url())
