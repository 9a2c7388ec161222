"""The client of the control API: where it sends the token, and what it does when the token is rejected."""

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
    """A control API that accepts one token, and records the Authorization headers."""

    def __init__(self) -> None:
        self.accepted = FIRST
        self.redirect = ""
        self.authorizations: list[str | None] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.authorizations.append(request.headers.get("Authorization"))
        if self.redirect:
            return web.Response(status=307, headers={"Location": self.redirect})
        if self.authorizations[-1] != f"Bearer {self.accepted}":
            return web.Response(status=401, text="not that one")
        return web.json_response(NO_GROUPS)

    def app(self) -> web.Application:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self.handle)
        return application


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def url(recorder: Recorder) -> AsyncIterator[str]:
    async with test_utils.TestServer(recorder.app()) as server:
        yield str(server.make_url("/"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    _write(path, FIRST)
    return path


@pytest.fixture
def gateway(url: str, session: aiohttp.ClientSession, file: Path) -> tidegate_gateway.TidegateGateway:
    return tidegate_gateway.TidegateGateway(url, token=settings.TokenSettings(file=str(file)), session=session)


def _remove(file: Path) -> None:
    file.unlink()


def _write(file: Path, token: str) -> None:
    file.write_text(token)
    file.chmod(0o600)


async def test_each_request_sends_the_token(gateway: tidegate_gateway.TidegateGateway, recorder: Recorder) -> None:
    await gateway.changes(after=None)
    await gateway.changes(after=None)
    assert recorder.authorizations == [f"Bearer {FIRST}"] * 2


async def test_client_waits_for_its_token_file(
    gateway: tidegate_gateway.TidegateGateway, recorder: Recorder, file: Path
) -> None:
    _remove(file)
    with pytest.raises(gateway_protocol.GatewayError, match="a gateway with the same flag creates it when it starts"):
        await gateway.changes(after=None)
    assert recorder.authorizations == []
    _write(file, FIRST)
    await gateway.changes(after=None)


async def test_rejected_token_is_read_again(
    gateway: tidegate_gateway.TidegateGateway, recorder: Recorder, file: Path
) -> None:
    await gateway.changes(after=None)
    recorder.accepted = SECOND
    _write(file, SECOND)
    with pytest.raises(gateway_protocol.GatewayError, match="401 not that one") as raised:
        await gateway.changes(after=None)
    assert FIRST not in str(raised.value)
    await gateway.changes(after=None)
    assert recorder.authorizations == [f"Bearer {FIRST}", f"Bearer {FIRST}", f"Bearer {SECOND}"]


async def test_redirect_is_not_followed(gateway: tidegate_gateway.TidegateGateway, recorder: Recorder) -> None:
    elsewhere = Recorder()
    async with test_utils.TestServer(elsewhere.app()) as server:
        recorder.redirect = str(server.make_url("/control/v1/groups"))
        with pytest.raises(gateway_protocol.GatewayError, match="307"):
            await gateway.changes(after=None)
    assert elsewhere.authorizations == []


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
async def test_url_outside_loopback_is_rejected(url: str, session: aiohttp.ClientSession) -> None:
    with pytest.raises(settings.BadSettingsError, match=r"--gateway\.url must be") as raised:
        tidegate_gateway.TidegateGateway(url, token=settings.TokenSettings(value=FIRST), session=session)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9092", "http://localhost:9092/", "http://[::1]:9092", "127.0.0.1:9092"]
)
async def test_every_name_of_loopback_is_accepted(url: str, session: aiohttp.ClientSession) -> None:
    tidegate_gateway.TidegateGateway(url, token=settings.TokenSettings(value=FIRST), session=session)


async def test_missing_token_setting_is_rejected_with_advice(session: aiohttp.ClientSession) -> None:
    with pytest.raises(
        settings.BadSettingsError, match=r"needs --control\.token-file; set it to the same file as the gateway"
    ):
        tidegate_gateway.TidegateGateway("http://127.0.0.1:9092", token=settings.TokenSettings(), session=session)
