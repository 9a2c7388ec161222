"""A gateway with a file goes on after a restart where it ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.gateway import gateway_client, openapi_document, raw_scraper
from tests.support import waiting
from tidegate import settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.gateway.openapi import documents
from tidegate.store import group_store

A = gateway_client.key(job="a")


class Restartable:
    """A gateway on a file, and a client of it. Started again it is as another process."""

    def __init__(self, file: Path, session: aiohttp.ClientSession) -> None:
        self.clock = clocks.MovableClock()
        self._file = file
        self._session = session
        self.gateway = self.another()

    def another(self) -> server.Gateway:
        chosen = settings.GatewaySettings(
            web=settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",)),
            control_address=f"{gateway_client.HOST}:0",
            control_token=gateway_client.TOKEN,
            stop_seconds=2.0,
            persistence=settings.PersistenceSettings(file=str(self._file)),
        )
        registry = telemetry.new_registry()
        return server.Gateway(chosen, clock=self.clock, registry=registry, flags={}, stop=asyncio.Event())

    @property
    def client(self) -> gateway_client.Client:
        return gateway_client.Client(self.gateway, self._session)

    async def restart(self) -> None:
        await self.gateway.stop()
        self.gateway = self.another()
        await self.gateway.start()

    async def left(self) -> list[str]:
        """The groups that there are once the gateway has looked at what may go."""
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


async def test_a_scraper_that_has_yet_to_read_is_waited_for_after_a_restart(restartable: Restartable) -> None:
    for agent in ("one", "two"):
        await restartable.client.scrape(agent=agent)
    await restartable.client.put("job/a", "final 1\n")
    await restartable.client.scrape(agent="one")
    await restartable.retire()
    assert await restartable.left() == ["a"]

    restartable.clock.advance(50.0)
    await restartable.restart()
    await restartable.client.scrape(agent="one")

    assert await restartable.left() == ["a"]
    await restartable.client.scrape(agent="two")
    assert await restartable.left() == []


async def test_a_scraper_that_had_read_before_the_restart_has_read(restartable: Restartable) -> None:
    await restartable.client.put("job/a", "final 1\n")
    await restartable.client.scrape()
    await restartable.restart()
    await restartable.retire()
    assert await restartable.left() == []


async def test_a_scraper_was_not_silent_while_there_was_nobody_to_answer(restartable: Restartable) -> None:
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

    assert await restartable.left() == ["a"]
    await restartable.client.scrape(agent="one")
    assert await restartable.left() == []


async def test_a_drain_timeout_goes_on_through_a_restart(restartable: Restartable) -> None:
    await restartable.client.put("job/a", "final 1\n")
    await restartable.retire()
    restartable.clock.advance(59.0)
    await restartable.restart()
    assert await restartable.left() == ["a"]
    restartable.clock.advance(1.0)
    assert await restartable.left() == []


async def test_a_scraper_whose_name_is_no_text_keeps_nobody_from_pushing(restartable: Restartable) -> None:
    async with raw_scraper.connect(restartable.gateway.web_port) as reader:
        await reader.ask("User-Agent: \udcff\udcfe")
        await reader.read_all()
    assert (await restartable.client.put("job/a", "x 1\n")).status == 200
    await restartable.restart()
    assert await restartable.left() == ["a"]
    assert {reading.scraper.user_agent for reading in restartable.gateway.store.restored_scrapers().progress} == {"??"}


async def test_the_operator_is_told_to_list_anew(restartable: Restartable) -> None:
    await restartable.client.put("job/a", "final 1\n")
    before = restartable.gateway.store.epoch
    await restartable.restart()
    group = await restartable.client.group(A)
    assert group is not None
    assert restartable.gateway.store.epoch != before


async def test_the_addresses_that_a_group_was_pushed_from_are_told_after_a_restart(restartable: Restartable) -> None:
    for address in ("127.0.0.2", "127.0.0.3", "127.0.0.2"):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0))) as pod:
            assert (await gateway_client.Client(restartable.gateway, pod).put("job/a", "x 1\n")).status == 200
    await restartable.restart()
    group = await restartable.client.group(A)
    assert group is not None
    assert group.pushers == ("127.0.0.2", "127.0.0.3")


async def test_until_its_groups_are_restored_it_is_healthy_but_not_ready(
    restartable: Restartable, monkeypatch: pytest.MonkeyPatch
) -> None:
    await restartable.client.put("job/a", "x 1\n")
    await restartable.gateway.stop()
    go_on, restore = asyncio.Event(), group_store.GroupStore.restore

    async def held(store: group_store.GroupStore) -> None:
        await go_on.wait()
        await restore(store)

    monkeypatch.setattr(group_store.GroupStore, "restore", held)
    restartable.gateway = restartable.another()
    starting = asyncio.ensure_future(restartable.gateway.start())

    async def answers() -> bool:
        return restartable.gateway.web_port != 0

    await waiting.eventually_async(answers, why="the address")
    client = restartable.client
    assert (await client.send("GET", "/-/healthy")).status == 200
    ready = await client.send("GET", "/-/ready")
    assert (ready.status, ready.text) == (503, "restoring")
    document = openapi_document.Document(documents.document(settings.GatewaySettings()))
    for path, verbs in document.paths():
        for verb in verbs if not path.startswith("/-/") else ():
            answer = await openapi_document.checked(client, document, verb, openapi_document.spelled(path))
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1"), (verb, path)

    go_on.set()
    await starting
    assert (await client.send("GET", "/-/ready")).status == 200
    assert await client.pushed() == ['x{instance="",job="a"} 1']


async def test_a_second_gateway_on_the_same_file_does_not_start(restartable: Restartable) -> None:
    with pytest.raises(OSError, match="another process has"):
        await restartable.another().start()


async def test_a_damaged_file_is_told_by_a_metric(restartable: Restartable, tmp_path: Path) -> None:
    assert await restartable.client.value("tidegate_persistence_file_set_aside") == 0
    await restartable.gateway.stop()
    _damage(tmp_path / "groups")
    restartable.gateway = restartable.another()
    await restartable.gateway.start()
    assert await restartable.client.value("tidegate_persistence_file_set_aside") == 1
    assert await restartable.client.value("tidegate_persistence_writable") == 1


def _damage(path: Path) -> None:
    path.write_bytes(b"rubbish" * 1_000)
