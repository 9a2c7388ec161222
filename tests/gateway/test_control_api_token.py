"""The control API is for whoever shows its token, on this machine alone; without a token it is not there."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from tests.gateway import gateway_client
from tidegate import control_token, settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server

TOKEN = gateway_client.TOKEN.value
CALLS = [("GET", "/control/v1/groups"), ("POST", "/control/v1/actions"), ("GET", "/control/v1/nothing"), ("GET", "/")]


def _gateway(**more: object) -> server.Gateway:
    chosen = settings.GatewaySettings(
        web=settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",)),
        control_address=f"{gateway_client.HOST}:0",
    )
    chosen = dataclasses.replace(chosen, **more)  # type: ignore[arg-type]
    registry = telemetry.new_registry()
    return server.Gateway(chosen, clock=clocks.SystemClock(), registry=registry, flags={}, stop=asyncio.Event())


async def _status(gateway: server.Gateway, method: str, path: str, headers: Mapping[str, str]) -> int:
    url = f"http://{gateway_client.HOST}:{gateway.control_port}{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers, data=b"{") as answer:
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert TOKEN not in await answer.text()
        return answer.status


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("Bearer", id="a scheme alone"),
        pytest.param("Bearer ", id="an empty one"),
        pytest.param(TOKEN, id="no scheme"),
        pytest.param(f"Bearer {TOKEN[:-1]}", id="one letter less"),
        pytest.param(f"Bearer {TOKEN}x", id="one letter more"),
        pytest.param(f"Bearer {TOKEN.upper()}", id="another case"),
        pytest.param(f"Bearer é{TOKEN}", id="beyond ASCII"),
        pytest.param(aiohttp.encode_basic_auth("operator", TOKEN), id="a password"),
    ],
)
async def test_a_call_without_the_token_is_refused_and_counted(
    gateway: server.Gateway, client: gateway_client.Client, method: str, path: str, shown: str | None
) -> None:
    headers = {} if shown is None else {"Authorization": shown}
    assert await _status(gateway, method, path, headers) == 401
    assert await client.value("tidegate_control_denied_total") == 1


async def test_with_the_token_each_path_answers_for_itself(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    shown = {"Authorization": f"Bearer {TOKEN}"}
    assert [await _status(gateway, *call, shown) for call in CALLS] == [200, 400, 404, 404]
    assert await client.value("tidegate_control_denied_total") == 0


async def test_without_a_token_there_is_no_control_api(caplog: pytest.LogCaptureFixture) -> None:
    gateway = _gateway()
    with caplog.at_level(logging.INFO):
        await gateway.start()
    await gateway.stop()
    assert gateway.control_port == 0
    assert "control API disabled, so no operator can connect; set --control.token-file to enable it" in caplog.messages


async def test_a_file_that_is_not_there_is_made_before_anybody_is_served(tmp_path: Path) -> None:
    file = tmp_path / "run" / "token"
    gateway = _gateway(control_token=settings.TokenSettings(file=str(file)))
    await gateway.start()
    shown = {"Authorization": f"Bearer {file.read_text().strip()}"}
    assert await _status(gateway, *CALLS[0], shown) == 200
    await gateway.stop()


async def test_a_gateway_that_starts_again_asks_for_the_same_token(tmp_path: Path) -> None:
    chosen = settings.TokenSettings(file=str(tmp_path / "token"))
    first, second = _gateway(control_token=chosen), _gateway(control_token=chosen)
    await first.start()
    shown = {"Authorization": f"Bearer {control_token.Token(chosen).value()}"}
    await first.stop()
    await second.start()
    assert await _status(second, *CALLS[0], shown) == 200
    await second.stop()


async def test_a_file_that_everybody_may_read_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o644)
    with pytest.raises(control_token.TokenFileError, match="is accessible to every user"):
        await _gateway(control_token=settings.TokenSettings(file=str(tmp_path / "token"))).start()


@pytest.mark.parametrize("address", [":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[2001:db8::1]:0"])
@pytest.mark.parametrize("token", [settings.TokenSettings(), gateway_client.TOKEN], ids=["no token", "a token"])
async def test_an_address_that_others_reach_is_refused(address: str, token: settings.TokenSettings) -> None:
    gateway = _gateway(control_address=address, control_token=token)
    with pytest.raises(settings.BadSettingsError, match="is not a loopback address"):
        await gateway.start()
    assert (gateway.web_port, gateway.control_port) == (0, 0)


@pytest.mark.parametrize("address", ["localhost:0", "127.0.0.2:0"])
async def test_any_address_of_loopback_will_do(address: str) -> None:
    gateway = _gateway(control_address=address, control_token=gateway_client.TOKEN)
    await gateway.start()
    await gateway.stop()
    assert gateway.control_port > 0
