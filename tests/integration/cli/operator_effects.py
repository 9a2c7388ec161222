"""The effect of each flag of the operator, with a real gateway and a fake API server."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import aiohttp

from tests.integration.cli import effects
from tests.support import waiting
from tests.support.gateway import gateway_client
from tests.support.operator import object_builders, operator_harness
from tests.support.processes import ports
from tidegate import settings
from tidegate.aio import clocks
from tidegate.model import grouping, lifecycle
from tidegate.operator import main

_OTHER_HOST = "127.0.0.2"
_Y = object_builders.key("job=y")
_LATE_SECONDS = 600
"""Time between the end of the Job and the push of the group ``y``."""

_QUIET_ROUNDS = 100
"""Number of consecutive requests after which everything that had started has completed."""


class LeapingClock:
    """The clocks of the machine, which a test can set forward."""

    def __init__(self) -> None:
        self._machine = clocks.SystemClock()
        self._ahead = 0.0
        self._leapt = asyncio.Event()

    def leap(self, seconds: float) -> None:
        """Set the clock forward, and wake every task whose deadline has passed."""
        self._ahead += seconds
        self._leapt.set()
        self._leapt = asyncio.Event()

    def wall(self) -> float:
        return self._machine.wall() + self._ahead

    def monotonic(self) -> float:
        return self._machine.monotonic() + self._ahead

    async def wait(self, event: asyncio.Event, *, until: float | None) -> None:
        while not event.is_set() and (until is None or self.monotonic() < until):
            waits = [asyncio.ensure_future(one.wait()) for one in (event, self._leapt)]
            try:
                timeout = None if until is None else until - self.monotonic()
                await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waits:
                    one.cancel()

    async def sleep(self, seconds: float) -> None:
        await self.wait(asyncio.Event(), until=self.monotonic() + seconds)


class Stage(NamedTuple):
    """A running operator with a gateway and an API server.

    The Job ``x`` has finished, and its group was pushed before its end. The Job ``y`` finished long before its group
    was pushed.
    """

    scene: operator_harness.Scene
    clock: LeapingClock
    running: asyncio.Task[None]
    listens: str

    async def first_of(self, **happens: Callable[[], object]) -> str:
        """Wait until one of these happens, and return its name."""

        async def look() -> str:
            if self.running.done():
                await self.running
            return next((name for name, has_happened in happens.items() if has_happened()), "")

        return await waiting.eventually_async(look, why=" or ".join(happens), timeout=30.0)

    async def after(self, seconds: float, happens: Callable[[], object]) -> bool:
        """Set the clock forward, and return whether this then happens without further delay."""
        client = gateway_client.Client(self.scene.gateway, self.scene.session)
        self.clock.leap(seconds)
        for _ in range(_QUIET_ROUNDS):
            if happens():
                return True
            await client.send("GET", "/-/healthy")
        return False

    def metric(self, name: str, **labels: str) -> float:
        return self.scene.metric(f"tidegate_operator_{name}", **labels)

    def drains(self, *keys: grouping.GroupingKey) -> bool:
        views = [self.scene.gateway.store.group(key) for key in keys]
        return all(view is not None and view.life.state is lifecycle.State.DRAINING for view in views)


@contextlib.asynccontextmanager
async def neighbours(folder: Path) -> AsyncIterator[operator_harness.Scene]:
    """Start the gateway and the API server, and write the files that the flags name."""
    async with aiohttp.ClientSession() as session, operator_harness.opened(session) as scene:
        (folder / "token").touch(mode=0o600)
        (folder / "token").write_text(gateway_client.TOKEN.value)
        scene.api_server.kubeconfig(folder)
        await scene.push("job/x")
        await scene.push("job/y")
        now = time.time() - object_builders.START
        scene.api_server.put(object_builders.job("x", created=now - 5, finished=now))
        scene.api_server.put(object_builders.job("y", created=now - 2 * _LATE_SECONDS, finished=now - _LATE_SECONDS))
        yield scene


def places(scene: operator_harness.Scene, folder: Path) -> Mapping[str, object]:
    """The values of the placeholders in arguments."""
    return {
        "folder": folder,
        "control_url": f"http://{gateway_client.HOST}:{scene.control_port}",
        "public_url": f"http://{gateway_client.HOST}:{scene.gateway.web_port}",
        "free_port": ports.free_port(),
    }


NEEDED = {
    "--gateway.url": "--gateway.url={control_url}",
    "--control.token-file": "--control.token-file={folder}/token",
    "--kubernetes.kubeconfig": "--kubernetes.kubeconfig={folder}/kubeconfig",
    "--operator.listen-address": f"--operator.listen-address={gateway_client.HOST}:{{free_port}}",
}
"""The arguments without which the operator reaches nothing, by flag."""


@contextlib.asynccontextmanager
async def at_work(scene: operator_harness.Scene, configuration: settings.OperatorSettings) -> AsyncIterator[Stage]:
    """Start the operator with these settings."""
    clock, stop = LeapingClock(), asyncio.Event()
    running = asyncio.create_task(main.run(configuration, clock=clock, registry=scene.registry, stop=stop))
    try:
        yield Stage(scene, clock, running, configuration.listen_address)
    finally:
        stop.set()
        await running


async def _outcome(stage: Stage) -> str:
    """The outcome for the group of the finished Job."""
    return await stage.first_of(
        drains=lambda: stage.drains(operator_harness.X),
        logged=lambda: stage.metric("actions_total", action="retire", result="dry-run"),
        fails=lambda: stage.metric("gateway_errors_total"),
    )


async def _reads_a_pushgateway(stage: Stage) -> str:
    return await stage.first_of(
        reads=lambda: stage.metric("stock_last_read_timestamp_seconds"),
        fails=lambda: stage.metric("gateway_errors_total"),
    )


async def _deletes_within_a_minute(stage: Stage) -> bool:
    await stage.first_of(retired=lambda: stage.metric("actions_total", action="retire", result="done"))
    return await stage.after(60, lambda: stage.scene.gateway.store.group(operator_harness.X) is None)


async def _reads_again_within_ten_seconds(stage: Stage) -> bool:
    await _reads_a_pushgateway(stage)
    before = stage.metric("stock_last_read_timestamp_seconds")
    return await stage.after(10, lambda: stage.metric("stock_last_read_timestamp_seconds") > before)


async def _lists_again_within_ten_seconds(stage: Stage) -> bool:
    await _outcome(stage)
    await stage.after(0, lambda: False)
    before = stage.metric("last_list_timestamp_seconds")
    return await stage.after(10, lambda: stage.metric("last_list_timestamp_seconds") > before)


async def _host(stage: Stage) -> str:
    await _outcome(stage)
    port = stage.listens.rpartition(":")[2]
    for host in (gateway_client.HOST, _OTHER_HOST):
        with contextlib.suppress(aiohttp.ClientConnectorError):
            async with stage.scene.session.get(f"http://{host}:{port}/healthz"):
                return host
    return ""


async def _jobs_listed(stage: Stage) -> str:
    calls = stage.scene.api_server.calls
    return await stage.first_of(
        all=lambda: any(call.startswith("GET /apis/batch/v1/jobs?") for call in calls),
        prod=lambda: any(call.startswith("GET /apis/batch/v1/namespaces/prod/jobs?") for call in calls),
    )


async def _lists_pods(stage: Stage) -> bool:
    """Whether Pods that can finish are listed; the Pods of Jobs are watched in any case."""
    calls = stage.scene.api_server.calls
    first = await stage.first_of(
        pods=lambda: any(call.startswith("GET /api/v1/pods?") and "restartPolicy" in call for call in calls),
        drains=lambda: stage.drains(operator_harness.X),
    )
    return first == "pods"


async def _breaker(stage: Stage) -> str:
    return await stage.first_of(
        trips=lambda: stage.metric("breaker_tripped"), drain=lambda: stage.drains(operator_harness.X, _Y)
    )


async def _joined_by_name(stage: Stage) -> list[str]:
    """The job labels of the groups that a Job of this name owns."""

    async def rules() -> list[str]:
        async with stage.scene.session.get(f"http://{stage.listens}/api/v1/groups") as answer:
            assert answer.status == 200
            listed = (await answer.json())["groups"]
        # No rule decides until the API server has responded which Pod has an address.
        assert not [group for group in listed if group["verdict"] == "asking"]
        return [f"{group['labels']['job']}:{group['rule']}" for group in listed]

    standing = await waiting.eventually_async(rules, why="the groups", retry_on=(aiohttp.ClientConnectorError,))
    return sorted(one.removesuffix(":name") for one in standing if one.endswith(":name"))


async def _drain_seconds(stage: Stage) -> float:
    await _outcome(stage)
    view = stage.scene.gateway.store.group(operator_harness.X)
    assert view is not None
    assert view.life.drain is not None
    return round(view.life.drain.deadline - view.life.drain.since)


_BESIDE_PUSHGATEWAY = ("--gateway.kind=pushgateway", "--gateway.url={public_url}")

EFFECTS: Mapping[str, effects.Effect[Stage]] = {
    "--gateway.url": effects.Effect("--gateway.url={control_url}", _outcome, unseen="fails", seen="drains"),
    "--gateway.kind": effects.Effect(
        "--gateway.kind=pushgateway",
        _reads_a_pushgateway,
        unseen="fails",
        seen="reads",
        beside=["--gateway.url={public_url}"],
    ),
    "--gateway.grace-period": effects.Effect(
        "--gateway.grace-period=30s", _deletes_within_a_minute, unseen=False, seen=True, beside=_BESIDE_PUSHGATEWAY
    ),
    "--gateway.poll-interval": effects.Effect(
        "--gateway.poll-interval=1h",
        _reads_again_within_ten_seconds,
        unseen=True,
        seen=False,
        beside=_BESIDE_PUSHGATEWAY,
    ),
    "--control.token-file": effects.Effect(
        "--control.token-file={folder}/token", _outcome, unseen=effects.FAILED_TO_START, seen="drains"
    ),
    "--operator.listen-address": effects.Effect(
        f"--operator.listen-address={_OTHER_HOST}:{{free_port}}", _host, unseen=gateway_client.HOST, seen=_OTHER_HOST
    ),
    "--operator.resync": effects.Effect(
        "--operator.resync=2s", _lists_again_within_ten_seconds, unseen=False, seen=True
    ),
    "--kubernetes.kubeconfig": effects.Effect(
        "--kubernetes.kubeconfig={folder}/kubeconfig", _outcome, unseen=effects.FAILED_TO_START, seen="drains"
    ),
    "--kubernetes.namespace": effects.Effect("--kubernetes.namespace=prod", _jobs_listed, unseen="all", seen="prod"),
    "--watch": effects.Effect("--watch=pods", _lists_pods, unseen=False, seen=True),
    "--dry-run": effects.Effect("--dry-run", _outcome, unseen="drains", seen="logged"),
    "--breaker.limit": effects.Effect(
        "--breaker.limit=1", _breaker, unseen="drain", seen="trips", beside=["--drain.late-push-grace=1h"]
    ),
    "--ownership": effects.Effect("--ownership=annotation", _joined_by_name, unseen=["x"], seen=[]),
    "--drain.timeout": effects.Effect("--drain.timeout=7s", _drain_seconds, unseen=300, seen=7),
    "--drain.late-push-grace": effects.Effect(
        "--drain.late-push-grace=1h", _joined_by_name, unseen=["x"], seen=["x", "y"]
    ),
}
