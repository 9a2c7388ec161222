"""The whole operator beside the real Pushgateway: whose groups go, and whose stay."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import prometheus_client
import pytest

from tests.differential import pushgateway_servers
from tests.operator import fake_api_server, object_builders, pushgateway_harness
from tests.support import waiting
from tidegate import settings
from tidegate.aio import clocks
from tidegate.operator import main
from tidegate.operator.cache import owner_views
from tidegate.operator.gateways import pushgateway_adapter
from tidegate.operator.kube import kube_api

QUICK = settings.WorkerSettings(
    resync_seconds=0.3, coalesce_seconds=0.01, backoff_seconds=0.1, backoff_limit_seconds=0.5
)
STOCK = settings.PushgatewaySettings(grace_seconds=0.5, poll_seconds=0.1)
RULES = settings.RuleSettings(drain_timeout=STOCK.grace_seconds)


class Scene(pushgateway_harness.Stage):
    """A Pushgateway, a stand-in API server, and what the operator counts."""

    def __init__(self, pushgateway: pushgateway_servers.Pushgateway, session: aiohttp.ClientSession) -> None:
        super().__init__(pushgateway.url, session)
        self.pushgateway = pushgateway
        self.api_server = fake_api_server.ApiServer()
        self.registry = prometheus_client.CollectorRegistry()

    def job(self, name: str, *, finished: bool) -> owner_views.OwnerView:
        """One that began before anything was pushed, and ended just now where it has."""
        created = time.time() - object_builders.START - 30.0
        return object_builders.job(
            name, created=created, finished=time.time() - object_builders.START if finished else None
        )

    def done(self, action: str) -> float:
        """How many of these actions were done."""
        labels = {"action": action, "result": "done"}
        return self.registry.get_sample_value("tidegate_operator_actions_total", labels) or 0.0

    async def until(self, look: Callable[[], object], *, why: str) -> None:
        async def looked() -> object:
            return look()

        await waiting.eventually_async(looked, why=why, timeout=10.0)

    async def until_there(self, *names: str) -> None:
        """Wait until exactly these groups are there."""
        wanted = {object_builders.key(f"job={name}") for name in names}

        async def look() -> bool:
            assert await self.there() == wanted
            return True

        await waiting.eventually_async(look, why=f"the groups of {names} alone", timeout=10.0)

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """With the operator at work, without its watch."""
        chosen = settings.OperatorSettings(
            worker=QUICK, rules=RULES, kubernetes=settings.KubernetesSettings(request_timeout=1.0)
        )
        self.registry = prometheus_client.CollectorRegistry()
        clock = clocks.SystemClock()
        api = kube_api.KubeApi(self.api_server.login(), kube_settings=chosen.kubernetes, clock=clock)
        gateway = pushgateway_adapter.PushgatewayAdapter(
            self.url, session=self.session, clock=clock, registry=self.registry, pushgateway_settings=STOCK
        )
        operator = main.Operator(chosen, api=api, gateway=gateway, clock=clock, registry=self.registry)
        works = operator.tasks()
        works.pop("watch objects").close()
        tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await api.close()


@pytest.fixture
def pushgateway(pushgateway_program: Path, tmp_path: Path) -> Iterator[pushgateway_servers.Pushgateway]:
    running = pushgateway_servers.Pushgateway(
        pushgateway_program, folder=tmp_path, flags=[f"--persistence.file={tmp_path / 'groups'}"]
    )
    try:
        running.start()
        yield running
    finally:
        running.process.stop()


@pytest.fixture
async def scene(pushgateway: pushgateway_servers.Pushgateway, session: aiohttp.ClientSession) -> AsyncIterator[Scene]:
    made = Scene(pushgateway, session)
    await made.api_server.start()
    yield made
    await made.api_server.stop()


async def test_a_finished_jobs_group_goes_and_an_active_jobs_and_a_strangers_stay(scene: Scene) -> None:
    scene.api_server.put(scene.job("over", finished=False))
    scene.api_server.put(scene.job("active", finished=False))
    for name in ("over", "active", "stranger"):
        await scene.push(f"job/{name}")
    async with scene.at_work():
        await scene.until(lambda: scene.done("claim") == 2, why="both claims")
        scene.api_server.put(scene.job("over", finished=True))
        await scene.until_there("active", "stranger")
        await scene.until(lambda: len(scene.api_server.events) == 2, why="both Events")
    assert [event["note"] for event in scene.api_server.events] == [
        'Draining group {job="over"}: all owners have finished; deletion follows after the grace period, at least 0.5 '
        "s",
        'Deleted group {job="over"} after the grace period; Pushgateway does not report who has scraped the final '
        "values",
    ]
    assert scene.done("retire") == 1


async def test_a_pushgateway_that_is_away_for_a_while_loses_nobody(scene: Scene) -> None:
    scene.api_server.put(scene.job("x", finished=False))
    await scene.push("job/x")
    async with scene.at_work():
        await scene.until(lambda: scene.done("claim") == 1, why="the claim")
        scene.pushgateway.process.stop()
        scene.api_server.put(scene.job("x", finished=True))
        await scene.until(
            lambda: (scene.registry.get_sample_value("tidegate_operator_gateway_errors_total") or 0) >= 2,
            why="reads that fail",
        )
        scene.pushgateway.start()
        await scene.until_there()


async def test_a_restart_of_the_operator_forgets_only_jobs_that_went_meanwhile(scene: Scene) -> None:
    for name in ("stays", "ends", "goes"):
        scene.api_server.put(scene.job(name, finished=False))
        await scene.push(f"job/{name}")
    async with scene.at_work():
        await scene.until(lambda: scene.done("claim") == 3, why="the claims")
    gone = scene.job("goes", finished=False)
    del scene.api_server.jobs[gone.uid]
    scene.api_server.put(scene.job("ends", finished=True))
    async with scene.at_work():
        await scene.until_there("stays", "goes")
        await scene.until(lambda: scene.done("claim") == 2, why="the claims of those that are there")


async def test_a_push_after_the_end_by_nobody_the_operator_knows_keeps_the_group(scene: Scene) -> None:
    """It came more than a minute after the end, by when what pushes is not the Job any more."""
    long_over = object_builders.job(
        "x", created=time.time() - object_builders.START - 300.0, finished=time.time() - object_builders.START - 120.0
    )
    scene.api_server.put(long_over)
    scene.api_server.put(scene.job("over", finished=True))
    await scene.push("job/x")
    await scene.push("job/over")
    async with scene.at_work():
        await scene.until_there("x")
