"""A gateway, a fake API server and an operator between them, in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import prometheus_client

from tests.support import waiting
from tests.support.gateway import gateway_client
from tests.support.operator import fake_api_server, object_builders
from tests.support.processes import ports
from tidegate import settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.model import grouping, proofs
from tidegate.operator import main
from tidegate.operator.cache import owner_views
from tidegate.operator.gateways import tidegate_gateway
from tidegate.operator.kube import kube_api

QUICK = settings.WorkerSettings(
    resync_seconds=0.3, coalesce_seconds=0.01, backoff_seconds=0.1, backoff_limit_seconds=0.5
)
QUICK_WATCH = settings.KubernetesSettings(
    page_size=2, min_watch_seconds=0.05, watch_backoff_seconds=0.05, watch_backoff_limit_seconds=0.2
)
X = object_builders.key("job=x")


class Scene:
    """A gateway, a fake API server and an operator between them."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.api_server = fake_api_server.ApiServer()
        self.control_port = ports.free_port()
        self.registry = prometheus_client.CollectorRegistry()
        self.gateway = self._new_gateway()
        self.operator: main.Operator | None = None

    def _new_gateway(self) -> server.Gateway:
        gateway_settings = settings.GatewaySettings(
            web=settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",)),
            control_address=f"{gateway_client.HOST}:{self.control_port}",
            control_token=gateway_client.TOKEN,
            stop_seconds=0.1,
            drain=settings.DrainSettings(confirm=proofs.Grade.DELIVERED),
        )
        registry = telemetry.new_registry()
        return server.Gateway(
            gateway_settings, clock=clocks.SystemClock(), registry=registry, flags={}, stop=asyncio.Event()
        )

    async def restart_gateway(self) -> None:
        await self.gateway.stop()
        self.gateway = self._new_gateway()
        await self.gateway.start()

    async def push(self, labels: str) -> None:
        response = await gateway_client.Client(self.gateway, self.session).put(labels, "a 1\n")
        assert response.status == 200

    def running(self, name: str) -> owner_views.OwnerView:
        return object_builders.job(name, created=time.time() - object_builders.START - 1)

    def finished(self, name: str) -> owner_views.OwnerView:
        return object_builders.job(
            name, created=time.time() - object_builders.START - 1, finished=time.time() - object_builders.START
        )

    def state(self, key: grouping.GroupingKey) -> str:
        """Return the state of a group in the gateway: whether it drains, and its owners."""
        view = self.gateway.store.group(key)
        assert view is not None
        names = ",".join(sorted(str(claim.owner) for claim in view.life.claims.values()))
        return f"{view.life.state.value} {names}".strip()

    async def until(self, expected: str, *, key: grouping.GroupingKey = X) -> None:
        async def look() -> bool:
            assert self.state(key) == expected
            return True

        await waiting.eventually_async(look, why=expected)

    async def until_true(self, look: Callable[[], object], *, why: str) -> None:
        async def check() -> object:
            return look()

        await waiting.eventually_async(check, why=why)

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@contextlib.asynccontextmanager
async def opened(session: aiohttp.ClientSession) -> AsyncIterator[Scene]:
    """A running gateway and API server; the test starts the operator."""
    scene = Scene(session)
    await scene.api_server.start()
    await scene.gateway.start()
    try:
        yield scene
    finally:
        await scene.gateway.stop()
        await scene.api_server.stop()


@contextlib.asynccontextmanager
async def at_work(
    scene: Scene,
    *,
    worker: settings.WorkerSettings = QUICK,
    token: settings.TokenSettings = gateway_client.TOKEN,
    watching: Path | None = None,
    watch_timeout: float = QUICK_WATCH.request_timeout,
) -> AsyncIterator[main.Operator]:
    """Run the operator.

    :param watching: kubeconfig of its watch; without one it does not watch.
    :param watch_timeout: limit in seconds of each request of the watch.
    """
    url = f"http://{gateway_client.HOST}:{scene.control_port}"
    operator_settings = settings.OperatorSettings(
        worker=worker,
        kubernetes=dataclasses.replace(
            QUICK_WATCH, request_timeout=watch_timeout, kubeconfig="" if watching is None else str(watching)
        ),
    )
    api = kube_api.KubeApi(scene.api_server.login(), kube_settings=QUICK_WATCH, clock=clocks.SystemClock())
    clock = clocks.SystemClock()
    gateway = tidegate_gateway.TidegateGateway(url, token=token, session=scene.session)
    operator = main.Operator(operator_settings, api=api, gateway=gateway, clock=clock, registry=scene.registry)
    coroutines = operator.tasks()
    if watching is None:
        coroutines.pop("watch objects").close()
    tasks = [asyncio.create_task(coroutine, name=name) for name, coroutine in coroutines.items()]
    try:
        yield operator
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await api.close()
