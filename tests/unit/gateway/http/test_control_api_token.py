"""The control API requires its token and a loopback address; without a token it is disabled."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from tests.support.gateway import gateway_client
from tidegate import control_token, settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server

TOKEN = gateway_client.TOKEN.value
CALLS = [("GET", "/control/v1/groups"), ("POST", "/control/v1/actions"), ("GET", "/control/v1/nothing"), ("GET", "/")]


def _gateway(**more: object) -> server.Gateway:
    gateway_settings = settings.GatewaySettings(
        web=settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",)),
        control_address=f"{gateway_client.HOST}:0",
    )
    gateway_settings = dataclasses.replace(gateway_settings, **more)  # type: ignore[arg-type]
    registry = telemetry.new_registry()
    return server.Gateway(
        gateway_settings, clock=clocks.SystemClock(), registry=registry, flags={}, stop=asyncio.Event()
    )


async def _status(gateway: server.Gateway, method: str, path: str, headers: Mapping[str, str]) -> int:
    url = f"http://{gateway_client.HOST}:{gateway.control_port}{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers, data=b"{") as response:
        if response.status == 401:
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert TOKEN not in await response.text()
        return response.status


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "authorization",
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
async def test_request_without_the_token_is_rejected_and_counted(
    gateway: server.Gateway, client: gateway_client.Client, method: str, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    assert await _status(gateway, method, path, headers) == 401
    assert await client.value("tidegate_control_denied_total") == 1


async def test_request_with_the_token_reaches_its_handler(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert [await _status(gateway, *call, headers) for call in CALLS] == [200, 400, 404, 404]
    assert await client.value("tidegate_control_denied_total") == 0


async def test_control_api_is_disabled_without_a_token(caplog: pytest.LogCaptureFixture) -> None:
    gateway = _gateway()
    with caplog.at_level(logging.INFO):
        await gateway.start()
    await gateway.stop()
    assert gateway.control_port == 0
    assert "control API disabled, so no operator can connect; set --control.token-file to enable it" in caplog.messages


async def test_missing_token_file_is_created_before_the_control_api_listens(tmp_path: Path) -> None:
    file = tmp_path / "run" / "token"
    gateway = _gateway(control_token=settings.TokenSettings(file=str(file)))
    await gateway.start()
    headers = {"Authorization": f"Bearer {file.read_text().strip()}"}
    assert await _status(gateway, *CALLS[0], headers) == 200
    await gateway.stop()


async def test_gateway_requires_the_same_token_after_a_restart(tmp_path: Path) -> None:
    token_settings = settings.TokenSettings(file=str(tmp_path / "token"))
    first, second = _gateway(control_token=token_settings), _gateway(control_token=token_settings)
    await first.start()
    headers = {"Authorization": f"Bearer {control_token.Token(token_settings).value()}"}
    await first.stop()
    await second.start()
    assert await _status(second, *CALLS[0], headers) == 200
    await second.stop()


async def test_gateway_does_not_start_with_a_world_readable_token_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o644)
    with pytest.raises(control_token.TokenFileError, match="is accessible to every user"):
        await _gateway(control_token=settings.TokenSettings(file=str(tmp_path / "token"))).start()


@pytest.mark.parametrize("address", [":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[2001:db8::1]:0"])
@pytest.mark.parametrize("token", [settings.TokenSettings(), gateway_client.TOKEN], ids=["no token", "a token"])
async def test_address_other_than_loopback_is_rejected(address: str, token: settings.TokenSettings) -> None:
    gateway = _gateway(control_address=address, control_token=token)
    with pytest.raises(settings.BadSettingsError, match="is not a loopback address"):
        await gateway.start()
    assert (gateway.web_port, gateway.control_port) == (0, 0)


@pytest.mark.parametrize("address", ["localhost:0", "127.0.0.2:0"])
async def test_any_loopback_address_is_accepted(address: str) -> None:
    gateway = _gateway(control_address=address, control_token=gateway_client.TOKEN)
    await gateway.start()
    await gateway.stop()
    assert gateway.control_port > 0
