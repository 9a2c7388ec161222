"""A gateway with a persistence file continues after a restart where it stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support import waiting
from tests.support.gateway import gateway_client, openapi_document, raw_scraper
from tidegate import settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.gateway.openapi import documents
from tidegate.model import proofs
from tidegate.store import group_store

A = gateway_client.key(job="a")


class Restartable:
    """A gateway with a persistence file, and a client for it. A restart creates a new instance, as in a new process."""

    def __init__(self, file: Path, session: aiohttp.ClientSession) -> None:
        self.clock = clocks.MovableClock()
        self._file = file
        self._session = session
        self.gateway = self.another()

    def another(self) -> server.Gateway:
        gateway_settings = settings.GatewaySettings(
            web=settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",)),
            control_address=f"{gateway_client.HOST}:0",
            control_token=gateway_client.TOKEN,
            stop_seconds=2.0,
            drain=settings.DrainSettings(confirm=proofs.Grade.DELIVERED),
            persistence=settings.PersistenceSettings(file=str(self._file)),
        )
        registry = telemetry.new_registry()
        return server.Gateway(gateway_settings, clock=self.clock, registry=registry, flags={}, stop=asyncio.Event())

    @property
    def client(self) -> gateway_client.Client:
        return gateway_client.Client(self.gateway, self._session)

    async def restart(self) -> None:
        await self.gateway.stop()
        self.gateway = self.another()
        await self.gateway.start()

    async def remaining(self) -> list[str]:
        """Return the jobs of the groups that remain after the gateway has deleted those that are due."""
        await self.gateway.drainer.sweep()
        return [dict(key)["job"] for key in self.gateway.store.grouping_keys()]

    async def retire(self) -> None:
        await self.client.act(gateway_client.claims(A, "u"))
        group = await self.client.group(A)
        assert group is not None
        assert await self.client.act(gateway_client.retires(group, "u", drain_timeout=60.0)) == [None]


@pytest.fixture
async def restartable(tmp_path: Path) -> AsyncIterator[Restartable]:
    async with aiohttp.ClientSession() as session:
        restartable = Restartable(tmp_path / "groups", session)
        await restartable.gateway.start()
        yield restartable
        await restartable.gateway.stop()


async def test_draining_group_waits_after_a_restart_for_a_scraper_that_has_not_read_it(
    restartable: Restartable,
) -> None:
    for agent in ("one", "two"):
        await restartable.client.scrape(agent=agent)
    await restartable.client.put("job/a", "final 1\n")
    await restartable.client.scrape(agent="one")
    await restartable.retire()
    assert await restartable.remaining() == ["a"]

    restartable.clock.advance(50.0)
    await restartable.restart()
    await restartable.client.scrape(agent="one")

    assert await restartable.remaining() == ["a"]
    await restartable.client.scrape(agent="two")
    assert await restartable.remaining() == []


async def test_scrapes_before_a_restart_count_after_it(restartable: Restartable) -> None:
    await restartable.client.put("job/a", "final 1\n")
    await restartable.client.scrape()
    await restartable.restart()
    await restartable.retire()
    assert await restartable.remaining() == []


async def test_downtime_of_the_gateway_does_not_make_a_scraper_lapse(restartable: Restartable) -> None:
    await restartable.client.scrape(agent="one")
    restartable.clock.advance(1.0)
    await restartable.client.scrape(agent="one")
    await restartable.client.put("job/a", "final 1\n")
    await restartable.gateway.stop()
    restartable.clock.advance(3_600.0)
    restartable.gateway = restartable.another()
    await restartable.gateway.start()
    await restartable.retire()

    await restartable.client.scrape(agent="two")

    assert await restartable.remaining() == ["a"]
    await restartable.client.scrape(agent="one")
    assert await restartable.remaining() == []


async def test_drain_timeout_continues_across_a_restart(restartable: Restartable) -> None:
    await restartable.client.put("job/a", "final 1\n")
    await restartable.retire()
    restartable.clock.advance(59.0)
    await restartable.restart()
    assert await restartable.remaining() == ["a"]
    restartable.clock.advance(1.0)
    assert await restartable.remaining() == []


async def test_scraper_with_an_invalid_user_agent_does_not_prevent_pushes(restartable: Restartable) -> None:
    async with raw_scraper.connect(restartable.gateway.web_port) as reader:
        await reader.ask("User-Agent: \udcff\udcfe")
        await reader.read_all()
    assert (await restartable.client.put("job/a", "x 1\n")).status == 200
    await restartable.restart()
    assert await restartable.remaining() == ["a"]
    assert {reading.reader.scraper.user_agent for reading in restartable.gateway.store.restored_readers().progress} == {
        "??"
    }


async def test_restart_starts_a_new_epoch(restartable: Restartable) -> None:
    await restartable.client.put("job/a", "final 1\n")
    before = restartable.gateway.store.epoch
    await restartable.restart()
    group = await restartable.client.group(A)
    assert group is not None
    assert restartable.gateway.store.epoch != before


async def test_addresses_of_pushers_survive_a_restart(restartable: Restartable) -> None:
    for address in ("127.0.0.2", "127.0.0.3", "127.0.0.2"):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0))) as pod:
            assert (await gateway_client.Client(restartable.gateway, pod).put("job/a", "x 1\n")).status == 200
    await restartable.restart()
    group = await restartable.client.group(A)
    assert group is not None
    assert group.pushers == ("127.0.0.2", "127.0.0.3")


async def test_gateway_is_healthy_but_not_ready_until_its_groups_are_restored(
    restartable: Restartable, monkeypatch: pytest.MonkeyPatch
) -> None:
    await restartable.client.put("job/a", "x 1\n")
    await restartable.gateway.stop()
    may_continue, restore = asyncio.Event(), group_store.GroupStore.restore

    async def delayed_restore(store: group_store.GroupStore) -> None:
        await may_continue.wait()
        await restore(store)

    monkeypatch.setattr(group_store.GroupStore, "restore", delayed_restore)
    restartable.gateway = restartable.another()
    starting = asyncio.ensure_future(restartable.gateway.start())

    async def is_listening() -> bool:
        return restartable.gateway.web_port != 0

    await waiting.eventually_async(is_listening, why="the address")
    client = restartable.client
    assert (await client.send("GET", "/-/healthy")).status == 200
    ready = await client.send("GET", "/-/ready")
    assert (ready.status, ready.text) == (503, "restoring")
    document = openapi_document.Document(documents.document(settings.GatewaySettings()))
    for path, verbs in document.paths():
        for verb in verbs if not path.startswith("/-/") else ():
            response = await openapi_document.checked(client, document, verb, openapi_document.spelled(path))
            assert (response.status, response.headers["Retry-After"]) == (503, "1"), (verb, path)

    may_continue.set()
    await starting
    assert (await client.send("GET", "/-/ready")).status == 200
    assert await client.pushed() == ['x{instance="",job="a"} 1']


async def test_second_gateway_on_the_same_file_does_not_start(restartable: Restartable) -> None:
    with pytest.raises(OSError, match="another process has"):
        await restartable.another().start()


async def test_damaged_file_is_reported_by_a_metric(restartable: Restartable, tmp_path: Path) -> None:
    assert await restartable.client.value("tidegate_persistence_file_set_aside") == 0
    await restartable.gateway.stop()
    _damage(tmp_path / "groups")
    restartable.gateway = restartable.another()
    await restartable.gateway.start()
    assert await restartable.client.value("tidegate_persistence_file_set_aside") == 1
    assert await restartable.client.value("tidegate_persistence_writable") == 1


def _damage(path: Path) -> None:
    path.write_bytes(b"rubbish" * 1_000)
