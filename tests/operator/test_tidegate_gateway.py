"""The operator's client of the control API: where it sends the token, and what it does when that is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import test_utils, web

from tidegate import settings
from tidegate.operator.gateways import gateway_protocol, tidegate_gateway

FIRST, SECOND = "first-token-of-the-two-in-this-test", "second-token-of-the-two-in-this-test"
NO_GROUPS = {"epoch": "e", "revision": 1, "began": 1, "groups": [], "deleted": [], "more": False}


class Recorder:
    """A control API that knows one token, and keeps what it was shown."""

    def __init__(self) -> None:
        self.wanted = FIRST
        self.redirect = ""
        self.shown: list[str | None] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.shown.append(request.headers.get("Authorization"))
        if self.redirect:
            return web.Response(status=307, headers={"Location": self.redirect})
        if self.shown[-1] != f"Bearer {self.wanted}":
            return web.Response(status=401, text="not that one")
        return web.json_response(NO_GROUPS)

    def app(self) -> web.Application:
        made = web.Application()
        made.router.add_route("*", "/{path:.*}", self.answer)
        return made


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def url(recorder: Recorder) -> AsyncIterator[str]:
    async with test_utils.TestServer(recorder.app()) as server:
        yield str(server.make_url("/"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "token"
    _write(made, FIRST)
    return made


@pytest.fixture
def gateway(url: str, session: aiohttp.ClientSession, file: Path) -> tidegate_gateway.TidegateGateway:
    return tidegate_gateway.TidegateGateway(url, token=settings.TokenSettings(file=str(file)), session=session)


def _remove(file: Path) -> None:
    file.unlink()


def _write(file: Path, token: str) -> None:
    file.write_text(token)
    file.chmod(0o600)


async def test_each_call_shows_the_token(gateway: tidegate_gateway.TidegateGateway, recorder: Recorder) -> None:
    await gateway.changes(after=None)
    await gateway.changes(after=None)
    assert recorder.shown == [f"Bearer {FIRST}"] * 2


async def test_a_file_that_comes_later_is_waited_for(
    gateway: tidegate_gateway.TidegateGateway, recorder: Recorder, file: Path
) -> None:
    _remove(file)
    with pytest.raises(gateway_protocol.GatewayError, match="a gateway with the same flag creates it when it starts"):
        await gateway.changes(after=None)
    assert recorder.shown == []
    _write(file, FIRST)
    await gateway.changes(after=None)


async def test_a_token_that_is_refused_is_read_anew(
    gateway: tidegate_gateway.TidegateGateway, recorder: Recorder, file: Path
) -> None:
    await gateway.changes(after=None)
    recorder.wanted = SECOND
    _write(file, SECOND)
    with pytest.raises(gateway_protocol.GatewayError, match="401 not that one") as refused:
        await gateway.changes(after=None)
    assert FIRST not in str(refused.value)
    await gateway.changes(after=None)
    assert recorder.shown == [f"Bearer {FIRST}", f"Bearer {FIRST}", f"Bearer {SECOND}"]


async def test_a_redirect_is_not_followed(gateway: tidegate_gateway.TidegateGateway, recorder: Recorder) -> None:
    elsewhere = Recorder()
    async with test_utils.TestServer(elsewhere.app()) as server:
        recorder.redirect = str(server.make_url("/control/v1/groups"))
        with pytest.raises(gateway_protocol.GatewayError, match="307"):
            await gateway.changes(after=None)
    assert elsewhere.shown == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:9092",
        "http://192.0.2.1:9092",
        "http://0.0.0.0:9092",
        "http://tidegate.tidegate:9092",
        "http://127.0.0.1.nip.test:9092",
        "http://alice:secret@127.0.0.1:9092",
        "http://127.0.0.1@192.0.2.1:9092",
        "http://[::1",
        "192.0.2.1:9092",
        "http://",
        "",
    ],
)
async def test_the_token_is_sent_nowhere_but_to_loopback(url: str, session: aiohttp.ClientSession) -> None:
    with pytest.raises(settings.BadSettingsError, match=r"--gateway\.url must be") as refused:
        tidegate_gateway.TidegateGateway(url, token=settings.TokenSettings(value=FIRST), session=session)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9092", "http://localhost:9092/", "http://[::1]:9092", "127.0.0.1:9092"]
)
async def test_loopback_has_several_names(url: str, session: aiohttp.ClientSession) -> None:
    tidegate_gateway.TidegateGateway(url, token=settings.TokenSettings(value=FIRST), session=session)


async def test_without_a_token_it_says_what_to_do(session: aiohttp.ClientSession) -> None:
    with pytest.raises(
        settings.BadSettingsError, match=r"needs --control\.token-file; set it to the same file as the gateway"
    ):
        tidegate_gateway.TidegateGateway("http://127.0.0.1:9092", token=settings.TokenSettings(), session=session)
