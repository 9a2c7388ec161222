"""The gateway distinguishes the readers of a scraper by real connections, over TCP and over Unix sockets."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support import waiting
from tests.support.gateway import gateway_client
from tidegate import settings
from tidegate.gateway import server
from tidegate.gateway.scrape import scraper_identity
from tidegate.model import scrapers

BOTH_LOOPS = True


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "socket"


@pytest.fixture
def web_settings(web_settings: settings.WebSettings, socket_path: Path) -> settings.WebSettings:
    return dataclasses.replace(web_settings, listen_addresses=(*web_settings.listen_addresses, f"unix:{socket_path}"))


class Job:
    """A scrape job with one connection that it keeps."""

    def __init__(self, gateway: server.Gateway, session: aiohttp.ClientSession) -> None:
        self._gateway = gateway
        self._session = session

    async def scrape(self, *, name: str = "") -> None:
        """Scrape, and wait until the response counts as delivered."""
        headers = {scraper_identity.TIMEOUT_HEADER: "10", "User-Agent": "Prometheus/3"}
        before = self._delivered()
        url = f"http://{gateway_client.HOST}:{self._gateway.web_port}/metrics"
        async with self._session.get(url, headers=headers, params={"scraper": name} if name else {}) as response:
            await response.read()

        async def delivered() -> bool:
            return self._delivered() > before

        await waiting.eventually_async(delivered, why="the delivery", interval=0.01)

    def _delivered(self) -> float:
        return self._gateway.registry.get_sample_value("tidegate_scrapes_total", {"result": "delivered"}) or 0.0


@contextlib.asynccontextmanager
async def _jobs(gateway: server.Gateway, count: int, *, socket_path: Path | None = None) -> AsyncIterator[list[Job]]:
    async with contextlib.AsyncExitStack() as sessions:
        jobs = []
        for _ in range(count):
            connector = (
                aiohttp.TCPConnector(limit=1) if socket_path is None else aiohttp.UnixConnector(str(socket_path))
            )
            session = await sessions.enter_async_context(aiohttp.ClientSession(connector=connector))
            jobs.append(Job(gateway, session))
        yield jobs


def _readers(gateway: server.Gateway) -> list[scrapers.Reader]:
    return [reading.reader for reading in gateway.tracker.known()]


async def test_jobs_with_a_connection_each_are_readers_of_their_own(gateway: server.Gateway) -> None:
    async with _jobs(gateway, 2) as (first, second):
        for job in (first, second, first, second):
            await job.scrape()
        assert [reader.number for reader in _readers(gateway)] == [1, 2]


async def test_jobs_are_distinguished_over_a_unix_socket(gateway: server.Gateway, socket_path: Path) -> None:
    async with _jobs(gateway, 2, socket_path=socket_path) as jobs:
        for job in jobs:
            await job.scrape()
        assert [(reader.scraper.address, reader.number) for reader in _readers(gateway)] == [("unix", 1), ("unix", 2)]


async def test_next_scrape_on_the_connection_confirms_the_one_before(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    await client.put("job/a", "x 1\n")
    async with _jobs(gateway, 1) as (job,):
        await job.scrape()
        [reading] = gateway.tracker.known()
        assert (reading.delivered_revision, reading.ingested_revision) == (gateway.store.revision, 0)
        await job.scrape()
        assert reading.ingested_revision == gateway.store.revision


async def test_job_that_reconnects_is_the_same_reader_and_confirms_nothing_at_first(
    gateway: server.Gateway, client: gateway_client.Client
) -> None:
    await client.put("job/a", "x 1\n")
    for _ in range(2):
        async with _jobs(gateway, 1) as (job,):
            await job.scrape()
        await asyncio.sleep(0)
    [reading] = gateway.tracker.known()
    assert (reading.reader.number, reading.ingested_revision) == (1, 0)


async def test_names_distinguish_jobs_behind_a_pooling_proxy(gateway: server.Gateway) -> None:
    async with _jobs(gateway, 2) as connections:
        for number in range(4):
            for name in ("blue", "green"):
                await connections[(number + (name == "blue")) % 2].scrape(name=name)
        assert [(reader.scraper.name, reader.number) for reader in _readers(gateway)] == [("blue", 1), ("green", 1)]
