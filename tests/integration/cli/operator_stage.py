"""An operator with a real gateway and a fake API server, and the means to observe it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import aiohttp

from tests.support import waiting
from tests.support.gateway import gateway_client
from tests.support.operator import object_builders, operator_harness
from tests.support.processes import ports
from tidegate import settings
from tidegate.aio import clocks
from tidegate.model import grouping, lifecycle
from tidegate.operator import main

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
