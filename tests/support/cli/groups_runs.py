"""``tidegate groups`` in a thread, and a gateway and an operator in the event loop of the test."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

import aiohttp
import prometheus_client
from aiohttp import test_utils

from tests.support import waiting
from tests.support.cli import command_runs
from tests.support.gateway import gateway_client
from tests.support.operator import operator_harness
from tests.support.processes import ports


async def run(*arguments: str, stdin: int | bytes = b"", env: Mapping[str, str] | None = None) -> command_runs.Ran:
    """Run ``tidegate groups`` with these arguments in a thread."""
    return await command_runs.run_in_thread("groups", *arguments, stdin=stdin, env=env)


class Stage:
    """A running gateway and operator.

    :ivar gateway: the flag with the URL of the gateway.
    :ivar operator: the flag with the URL of the operator; ``no_operator`` is that with a URL where nothing listens.
    """

    def __init__(self, scene: operator_harness.Scene, *, operator_port: int) -> None:
        self.scene = scene
        self.operator_port = operator_port
        self.gateway_port = scene.gateway.web_port
        self.gateway = f"--gateway.url=http://{gateway_client.HOST}:{self.gateway_port}"
        self.operator = f"--operator.url=http://{gateway_client.HOST}:{operator_port}"
        self.no_operator = f"--operator.url=http://{gateway_client.HOST}:{ports.free_port()}"

    async def run(self, *arguments: str, stdin: int | bytes = b"") -> command_runs.Ran:
        return await run(self.gateway, self.operator, *arguments, stdin=stdin)

    async def push(self, path: str, body: str = "a 1\n") -> None:
        """Push, and wait until the operator has the group."""
        await self.push_all(path, body=body)

    async def push_all(self, *paths: str, body: str = "a 1\n") -> None:
        """Push the same body to each path, and wait until the operator has all groups."""
        client = gateway_client.Client(self.scene.gateway, self.scene.session)
        for path in paths:
            assert (await client.put(path, body)).status == 200
        wanted = len(self.scene.gateway.store.grouping_keys())

        async def look() -> bool:
            async with self.scene.session.get(
                f"http://{gateway_client.HOST}:{self.operator_port}/api/v1/groups"
            ) as answer:
                return answer.status == 200 and len((await answer.json())["groups"]) == wanted

        await waiting.eventually_async(look, why="the operator to have the group")


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Stage]:
    """Start the gateway and the operator."""
    async with (
        aiohttp.ClientSession() as session,
        operator_harness.opened(session) as scene,
        operator_harness.at_work(scene) as operator,
    ):
        server = test_utils.TestServer(operator.app(prometheus_client.CollectorRegistry()))
        async with server:
            yield Stage(scene, operator_port=server.port or 0)
