"""The effect of each flag of the gateway, without the limits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import aiohttp

from tests.integration.cli import effects
from tests.support.gateway import gateway_client, raw_connections
from tests.support.store import persistent_stores
from tidegate import settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.model import limits
from tidegate.store import group_store

ADDRESSES = (f"--web.listen-address={gateway_client.HOST}:0", f"--control.listen-address={gateway_client.HOST}:0")
"""Always used, because the default ports may be in use."""

_OTHER_HOST = "127.0.0.2"
_CHECK_SECONDS = 0.05
"""Seconds between two checks of timeouts: short, so that the tests can use short timeouts."""

_TOKEN = "--control.token-file={folder}/token"
_WEB_CONFIG = "http_server_config:\n  headers:\n    X-Frame-Options: deny\n"


class Stage(NamedTuple):
    """A running gateway, and the means to observe it."""

    configuration: settings.GatewaySettings
    gateway: server.Gateway
    client: gateway_client.Client
    session: aiohttp.ClientSession
    clock: clocks.MovableClock
    folder: Path

    async def rejects(self, limit: limits.Limit) -> bool:
        """Whether a request was rejected because of this limit."""
        return bool(await self.client.value(f'tidegate_requests_refused_total{{limit="{limit.label}"}}'))


@contextlib.asynccontextmanager
async def opened(configuration: settings.GatewaySettings, folder: Path) -> AsyncIterator[Stage]:
    """A gateway with these settings."""
    (folder / "web.yml").write_text(_WEB_CONFIG)
    (folder / "servers.yml").write_text("servers: [{url: 'http://127.0.0.2:9'}]")
    clock = clocks.MovableClock()
    gateway = new_gateway(configuration, clock)
    with mock.patch.object(server, "_TIMEOUT_CHECK_SECONDS", _CHECK_SECONDS):
        await gateway.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Stage(configuration, gateway, gateway_client.Client(gateway, session), session, clock, folder)
    finally:
        await gateway.stop()


def new_gateway(configuration: settings.GatewaySettings, clock: clocks.Clock) -> server.Gateway:
    return server.Gateway(configuration, clock=clock, registry=telemetry.new_registry(), flags={}, stop=asyncio.Event())


def status(
    method: str, path: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None
) -> Callable[[Stage], Awaitable[int]]:
    """Observe the status code of the response to this request."""

    async def observe(stage: Stage) -> int:
        return (await stage.client.send(method, path, body, headers=headers)).status

    return observe


async def _status_by_socket(stage: Stage) -> int | None:
    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(stage.folder / "socket"))) as session,
            session.get("http://gateway/-/healthy") as answer,
        ):
            return answer.status
    except aiohttp.ClientConnectorError:
        return None


async def _frame_options(stage: Stage) -> str | None:
    return (await stage.client.send("GET", "/-/healthy")).headers.get("X-Frame-Options")


async def _status_of_page_deletion(stage: Stage) -> int:
    await stage.client.put("job/a", "m 1\n")
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
    return (await stage.client.send("POST", "/page/delete", b'{"labels":{"job":"a"}}', headers=headers)).status


async def _type_of_a_scrape(stage: Stage) -> str:
    headers = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    return (await stage.client.send("GET", "/metrics", headers=headers)).headers["Content-Type"].partition(";")[0]


async def _scrapers_after_a_scrape_without_a_header(stage: Stage) -> int:
    await stage.client.send("GET", "/metrics", headers={"User-Agent": "Datadog Agent/7"})
    return len(stage.gateway.tracker.known())


async def _response_to_a_push_in_flight(stage: Stage) -> bytes:
    """The status line of a push whose body arrives three seconds after the gateway started to stop."""
    async with raw_connections.connected(stage.gateway.web_port) as wire:
        await wire.send(raw_connections.PUSH_HEAD[:-2] + b"Expect: 100-continue\r\n\r\n")
        await wire.response_head()
        stopping = asyncio.create_task(stage.gateway.stop())
        await asyncio.wait({stopping}, timeout=3.0)
        with contextlib.suppress(ConnectionError):
            await wire.send(b"m 1\n")
        with contextlib.suppress(ConnectionError):
            answer = await wire.line()
            await stopping
            return answer
        return b""


async def _idle_ends_first(stage: Stage) -> bool:
    """Whether an idle connection is closed before one whose body never arrives."""
    async with (
        raw_connections.connected(stage.gateway.web_port) as idle,
        raw_connections.connected(stage.gateway.web_port) as slow,
    ):
        await idle.send(raw_connections.PUSH)
        await idle.response_head()
        await slow.send(raw_connections.PUSH_HEAD)
        ends = [asyncio.create_task(wire.rest()) for wire in (idle, slow)]
        ended, going = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)
        return ends[0] in ended


async def _groups_after_a_restart(stage: Stage) -> int:
    await stage.client.put("job/a", "m 1\n")
    await stage.gateway.stop()
    again = new_gateway(stage.configuration, stage.clock)
    await again.start()
    try:
        return len(again.store.grouping_keys())
    finally:
        await again.stop()


async def _synchronous(stage: Stage) -> int:
    """The synchronous mode of SQLite: 1 flushes at checkpoints, 2 in each transaction."""
    store = stage.gateway.store
    assert isinstance(store, group_store.GroupStore)
    (found,) = persistent_stores.journal(store)._database._connection.execute("PRAGMA synchronous").fetchone()
    return int(found)


async def _control_host(stage: Stage) -> str:
    """The address on which the control API requires its token."""
    for host in (gateway_client.HOST, _OTHER_HOST):
        with contextlib.suppress(aiohttp.ClientConnectorError):
            url = f"http://{host}:{stage.gateway.control_port}/control/v1/groups"
            async with stage.session.get(url) as answer:
                assert answer.status == 401
                return host
    return ""


async def _has_control_api(stage: Stage) -> bool:
    """Whether the control API accepts the token of the file."""
    if not stage.gateway.control_port:
        return False
    url = f"http://{gateway_client.HOST}:{stage.gateway.control_port}/control/v1/groups"
    token = (stage.folder / "token").read_text().strip()
    async with stage.session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
        return answer.status == 200


async def _started(stage: Stage) -> str:
    return f"listening on {gateway_client.HOST}" if stage.gateway.web_port else ""


EFFECTS: Mapping[str, effects.Effect[Stage]] = {
    "--web.listen-address": effects.Effect(
        "--web.listen-address=unix:{folder}/socket", _status_by_socket, unseen=None, seen=200
    ),
    # No socket is passed here; tests/integration/cli/test_listen_addresses.py passes one.
    "--web.systemd-socket": effects.Effect(
        "--web.systemd-socket", _started, unseen=f"listening on {gateway_client.HOST}", seen=effects.FAILED_TO_START
    ),
    "--web.config.file": effects.Effect("--web.config.file={folder}/web.yml", _frame_options, unseen=None, seen="deny"),
    "--web.telemetry-path": effects.Effect(
        "--web.telemetry-path=/scrape", status("GET", "/scrape"), unseen=404, seen=200
    ),
    "--web.external-url": effects.Effect(
        "--web.external-url=http://push.example/prefix", status("GET", "/prefix/-/healthy"), unseen=404, seen=200
    ),
    "--web.route-prefix": effects.Effect(
        "--web.route-prefix=/prefix", status("GET", "/prefix/-/healthy"), unseen=404, seen=200
    ),
    "--web.enable-lifecycle": effects.Effect("--web.enable-lifecycle", status("PUT", "/-/quit"), unseen=403, seen=200),
    "--web.page-read-only": effects.Effect("--web.page-read-only", _status_of_page_deletion, unseen=200, seen=403),
    "--web.enable-admin-api": effects.Effect(
        "--web.enable-admin-api", status("PUT", "/api/v1/admin/wipe"), unseen=404, seen=202
    ),
    "--web.enable-openmetrics": effects.Effect(
        "--web.enable-openmetrics", _type_of_a_scrape, unseen="text/plain", seen="application/openmetrics-text"
    ),
    "--scrape.user-agent": effects.Effect(
        "--scrape.user-agent=Datadog*", _scrapers_after_a_scrape_without_a_header, unseen=0, seen=1
    ),
    "--web.idle-timeout": effects.Effect(
        "--web.idle-timeout=100ms", _idle_ends_first, unseen=False, seen=True, beside=["--limit.body-timeout=500ms"]
    ),
    "--web.stop-timeout": effects.Effect(
        "--web.stop-timeout=0s", _response_to_a_push_in_flight, unseen=b"HTTP/1.1 200 OK\r\n", seen=b""
    ),
    "--push.enable-utf8-names": effects.Effect(
        "--push.enable-utf8-names", status("PUT", "/metrics/job/a", b'{"my.name"} 1\n'), unseen=400, seen=200
    ),
    "--push.disable-consistency-check": effects.Effect(
        "--push.disable-consistency-check", status("PUT", "/metrics/job/a", b"m 1\n"), unseen=200, seen=202
    ),
    "--persistence.file": effects.Effect(
        "--persistence.file={folder}/groups", _groups_after_a_restart, unseen=0, seen=1
    ),
    "--persistence.fsync": effects.Effect(
        "--persistence.fsync=always", _synchronous, unseen=1, seen=2, beside=["--persistence.file={folder}/groups"]
    ),
    "--control.listen-address": effects.Effect(
        f"--control.listen-address={_OTHER_HOST}:0",
        _control_host,
        unseen=gateway_client.HOST,
        seen=_OTHER_HOST,
        beside=[_TOKEN],
    ),
    "--control.token-file": effects.Effect(_TOKEN, _has_control_api, unseen=False, seen=True),
}
