"""The complete operator with a real Pushgateway: the groups that are deleted, and those that are kept."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import prometheus_client
import pytest

from tests.support import waiting
from tests.support.operator import fake_api_server, object_builders, pushgateway_harness
from tests.support.pushgateway import pushgateway_servers
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
    """A Pushgateway, a fake API server, and the counters of the operator."""

    def __init__(self, pushgateway: pushgateway_servers.Pushgateway, session: aiohttp.ClientSession) -> None:
        super().__init__(pushgateway.url, session)
        self.pushgateway = pushgateway
        self.api_server = fake_api_server.ApiServer()
        self.registry = prometheus_client.CollectorRegistry()

    def job(self, name: str, *, finished: bool) -> owner_views.OwnerView:
        """Build a Job that was created before every push and, if finished, finished just now."""
        created = time.time() - object_builders.START - 30.0
        return object_builders.job(
            name, created=created, finished=time.time() - object_builders.START if finished else None
        )

    def done(self, action: str) -> float:
        """Return the number of completed actions of this kind."""
        labels = {"action": action, "result": "done"}
        return self.registry.get_sample_value("tidegate_operator_actions_total", labels) or 0.0

    async def until(self, look: Callable[[], object], *, why: str) -> None:
        async def check() -> object:
            return look()

        await waiting.eventually_async(check, why=why, timeout=60.0)

    async def until_groups_are(self, *names: str) -> None:
        """Wait until exactly these groups exist."""
        expected = {object_builders.key(f"job={name}") for name in names}

        async def look() -> bool:
            assert await self.groups_in_pushgateway() == expected
            return True

        await waiting.eventually_async(look, why=f"only the groups of {names}", timeout=60.0)

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Run the operator without its watch."""
        operator_settings = settings.OperatorSettings(
            worker=QUICK, rules=RULES, kubernetes=settings.KubernetesSettings(request_timeout=1.0)
        )
        self.registry = prometheus_client.CollectorRegistry()
        clock = clocks.SystemClock()
        api = kube_api.KubeApi(self.api_server.login(), kube_settings=operator_settings.kubernetes, clock=clock)
        gateway = pushgateway_adapter.PushgatewayAdapter(
            self.url, session=self.session, clock=clock, registry=self.registry, pushgateway_settings=STOCK
        )
        operator = main.Operator(operator_settings, api=api, gateway=gateway, clock=clock, registry=self.registry)
        coroutines = operator.tasks()
        coroutines.pop("watch objects").close()
        tasks = [asyncio.create_task(coroutine, name=name) for name, coroutine in coroutines.items()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await api.close()


@pytest.fixture
def pushgateway(pushgateway_program: Path, tmp_path: Path) -> Iterator[pushgateway_servers.Pushgateway]:
    persistence = f"--persistence.file={tmp_path / 'groups'}"
    with pushgateway_servers.serving(pushgateway_program, tmp_path, persistence) as running:
        yield running


@pytest.fixture
async def scene(pushgateway: pushgateway_servers.Pushgateway, session: aiohttp.ClientSession) -> AsyncIterator[Scene]:
    running_scene = Scene(pushgateway, session)
    await running_scene.api_server.start()
    yield running_scene
    await running_scene.api_server.stop()


async def test_only_the_group_of_a_finished_job_is_deleted(scene: Scene) -> None:
    scene.api_server.put(scene.job("over", finished=False))
    scene.api_server.put(scene.job("active", finished=False))
    for name in ("over", "active", "unowned"):
        await scene.push(f"job/{name}")
    async with scene.at_work():
        await scene.until(lambda: scene.done("claim") == 2, why="both claims")
        scene.api_server.put(scene.job("over", finished=True))
        await scene.until_groups_are("active", "unowned")
        await scene.until(lambda: len(scene.api_server.events) == 2, why="both Events")
    assert [event["note"] for event in scene.api_server.events] == [
        'Draining group {job="over"}: all owners have finished; deletion follows after the grace period, at least 0.5 '
        "s",
        'Deleted group {job="over"} after the grace period; Pushgateway does not report who has scraped the final '
        "values",
    ]
    assert scene.done("retire") == 1


async def test_group_is_deleted_after_an_outage_of_pushgateway(scene: Scene) -> None:
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
        await scene.until_groups_are()


async def test_restart_of_the_operator_loses_only_the_claims_of_jobs_deleted_meanwhile(scene: Scene) -> None:
    for name in ("stays", "ends", "goes"):
        scene.api_server.put(scene.job(name, finished=False))
        await scene.push(f"job/{name}")
    async with scene.at_work():
        await scene.until(lambda: scene.done("claim") == 3, why="the claims")
    deleted = scene.job("goes", finished=False)
    del scene.api_server.jobs[deleted.uid]
    scene.api_server.put(scene.job("ends", finished=True))
    async with scene.at_work():
        await scene.until_groups_are("stays", "goes")
        await scene.until(lambda: scene.done("claim") == 2, why="the claims of those that are there")


async def test_push_of_an_unknown_client_after_the_end_of_the_job_keeps_the_group(scene: Scene) -> None:
    """The push came more than a minute after the end of the Job, so another client made it."""
    finished_long_ago = object_builders.job(
        "x", created=time.time() - object_builders.START - 300.0, finished=time.time() - object_builders.START - 120.0
    )
    scene.api_server.put(finished_long_ago)
    scene.api_server.put(scene.job("over", finished=True))
    await scene.push("job/x")
    await scene.push("job/over")
    async with scene.at_work():
        await scene.until_groups_are("x")
