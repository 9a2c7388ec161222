"""Addresses of pushers, as the operator gets them, over real connections."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
import pytest

from tests.support.gateway import gateway_client, raw_connections
from tests.support.processes import ports
from tests.support.store import persistent_stores
from tidegate import settings
from tidegate.gateway import server
from tidegate.migrate import pushgateway_import

BOTH_LOOPS = True
A = gateway_client.key(job="a")


@pytest.fixture
def web_settings(tmp_path: Path) -> settings.WebSettings:
    return settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0", f"unix:{tmp_path / 'web.sock'}"))


@contextlib.asynccontextmanager
async def _at(gateway: server.Gateway, address: str) -> AsyncIterator[gateway_client.Client]:
    """A client that connects from this address."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    async with aiohttp.ClientSession(connector=connector) as session:
        yield gateway_client.Client(gateway, session)


async def _pushers(client: gateway_client.Client) -> Sequence[str]:
    group = await client.group(A)
    assert group is not None
    return group.pushers


async def test_addresses_of_the_latest_pushes_are_listed_latest_first(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    for number in (1, 2, 3, 4, 5, 2):
        async with _at(gateway, f"127.0.0.{number}") as pod:
            assert (await pod.put("job/a", f"x {number}\n")).status == 200
    assert await _pushers(client) == ("127.0.0.2", "127.0.0.5", "127.0.0.4", "127.0.0.3")


async def test_alternating_pushers_of_the_same_series_are_both_listed(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    async with _at(gateway, "127.0.0.2") as one, _at(gateway, "127.0.0.3") as two:
        for number in range(5):
            for pod in (one, two):
                assert (await pod.post("job/a", f"x {number}\n")).status == 200
    assert await _pushers(client) == ("127.0.0.3", "127.0.0.2")


async def test_rejected_push_does_not_add_its_address(gateway: server.Gateway, client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    async with _at(gateway, "127.0.0.2") as other:
        assert (await other.put("job/a", "x 1\nx 2\n")).status == 400
        assert (await other.put("job/a", "no metrics\n")).status == 400
        assert (await other.send("GET", "/metrics")).status == 200
    assert await _pushers(client) == ("127.0.0.1",)


async def test_forwarded_headers_are_ignored(client: gateway_client.Client) -> None:
    headers = {"X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1", "X-Real-IP": "10.0.0.1"}
    await client.send("PUT", "/metrics/job/a", b"x 1\n", headers=headers)
    assert await _pushers(client) == ("127.0.0.1",)


async def test_push_with_a_large_body_adds_its_address(gateway: server.Gateway, client: gateway_client.Client) -> None:
    body = "".join(f'x{{n="{number}"}} 1\n' for number in range(10_000))
    async with _at(gateway, "127.0.0.2") as pod:
        assert (await pod.put("job/a", body)).status == 200
    assert await _pushers(client) == ("127.0.0.2",)


@pytest.mark.parametrize("name", ["", "10.0.0.1"], ids=["without a name", "with a name like an address"])
async def test_push_over_a_unix_socket_has_no_address(
    client: gateway_client.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as connected:
        if name:
            connected.bind(name)
        connected.connect(os.fspath(tmp_path / "web.sock"))
        connected.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=connected)
        writer.write(raw_connections.PUSH.replace(b"/job/x", b"/job/a"))
        assert b" 200 " in await asyncio.wait_for(reader.readline(), raw_connections.HANG_SECONDS)
        writer.close()
        await writer.wait_closed()
    assert await _pushers(client) == ()


async def test_imported_groups_have_no_pushers(client: gateway_client.Client, tmp_path: Path) -> None:
    await client.put("job/a", "x 1\n")
    assert await _pushers(client) == ("127.0.0.1",)
    outcome = await pushgateway_import.copy(client.url, tmp_path / "groups")
    assert outcome == pushgateway_import.Outcome(copied=1, skipped=0, failed=0)
    async with persistent_stores.opened(tmp_path / "groups") as store:
        (group,) = store.changes(epoch=None, since=0, limit=10).groups
    assert (group.key, group.pushers) == (A, ())


async def test_public_api_does_not_expose_the_addresses(client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    metrics = await client.send("GET", "/api/v1/metrics")
    assert '"job":"a"' in metrics.text.replace(" ", "")
    for word in ("127.0.0.1", "pushers"):
        assert word not in metrics.text
        assert word not in await client.exposition()


class TestOverIPv6:
    """The same over [::1]."""

    @pytest.fixture
    def web_settings(self) -> settings.WebSettings:
        if not ports.ipv6_loopback():
            pytest.skip("there is no [::1] here")
        return settings.WebSettings(listen_addresses=("[::1]:0",))

    async def test_ipv6_address_is_listed(self, gateway: server.Gateway, client: gateway_client.Client) -> None:
        client.url = f"http://[::1]:{gateway.web_port}"
        assert (await client.put("job/a", "x 1\n")).status == 200
        assert await _pushers(client) == ("::1",)
