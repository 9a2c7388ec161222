"""The effect of each flag of ``tidegate push`` on the requests that a server receives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from aiohttp import test_utils, web

from tests.integration.cli import effects
from tests.support.cli import command_runs
from tests.support.processes import ports
from tidegate import client_settings
from tidegate.cli import push_command

NEEDED = {"--job": "--job=x", "--gateway.url": "--gateway.url={url}", "FILE": "{folder}/metrics.prom"}
"""The arguments without which the server receives nothing, by flag."""

_SLOW_SECONDS = 1.0


class Received(NamedTuple):
    """A request that the server has received."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Server:
    """A server that acknowledges pushes: to the job ``slow`` after a second, to ``busy`` from the second on."""

    def __init__(self) -> None:
        self.received: list[Received] = []

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.received.append(Received(request.method, request.path, {**request.headers}, await request.read()))
        if request.path.endswith("/slow"):
            await asyncio.sleep(_SLOW_SECONDS)
        is_rejected = request.path.endswith("/busy") and len(self.received) == 1
        return web.Response(status=503 if is_rejected else 200)


class Ran(NamedTuple):
    """The exit status and output of the command, and the requests that the server received."""

    status: int
    printed: str
    received: list[Received]


async def ran(arguments: list[str], folder: Path) -> Ran:
    """Push with these arguments, after replacing ``{url}`` and ``{folder}`` in them."""
    (folder / "metrics.prom").write_bytes(b"m 1\r\n")
    server = Server()
    async with test_utils.RawTestServer(server.answer) as listening:
        places = {"folder": folder, "url": f"http://127.0.0.1:{listening.port}"}
        given = [argument.format(**places) for argument in arguments]
        elsewhere = {client_settings.URL_VARIABLE: f"http://127.0.0.1:{ports.free_port()}"}
        ran = await command_runs.run_in_thread("push", *given, env=elsewhere)
    return Ran(ran.status, ran.err, server.received)


async def _status(ran: Ran) -> int:
    return ran.status


async def _has_printed(ran: Ran) -> bool:
    return bool(ran.printed)


def _first(look: Callable[[Received], object]) -> Callable[[Ran], Awaitable[object]]:
    """Observe the first request; ``None`` if there is none."""

    async def observe(ran: Ran) -> object:
        return look(ran.received[0]) if ran.received else None

    return observe


_METHOD, _PATH = _first(lambda received: received.method), _first(lambda received: received.path)
_ONCE = "--retry-for=0s"

EFFECTS: Mapping[str, effects.Effect[Ran]] = {
    "--job": effects.Effect("--job=x", _PATH, unseen=None, seen="/metrics/job/x"),
    "--label": effects.Effect("--label=a=b", _PATH, unseen="/metrics/job/x", seen="/metrics/job/x/a/b"),
    "--metric": effects.Effect(
        "--metric=rows=1", _first(lambda received: received.body), unseen=None, seen=b"rows 1\n"
    ),
    "--format": effects.Effect(
        "--format=protobuf",
        _first(lambda received: received.headers["Content-Type"].partition(";")[0]),
        unseen="text/plain",
        seen="application/vnd.google.protobuf",
    ),
    "--gzip": effects.Effect(
        "--gzip", _first(lambda received: received.headers.get("Content-Encoding")), unseen=None, seen="gzip"
    ),
    "--verbose": effects.Effect("--verbose", _has_printed, unseen=False, seen=True),
    "--replace": effects.Effect("--replace", _METHOD, unseen="POST", seen="PUT"),
    "--delete": effects.Effect("--delete", _METHOD, unseen=None, seen="DELETE"),
    "--ttl": effects.Effect(
        "--ttl=36h", _first(lambda received: received.headers.get("Tidegate-TTL")), unseen=None, seen="36h"
    ),
    "--gateway.url": effects.Effect("--gateway.url={url}", _METHOD, unseen=None, seen="POST", beside=[_ONCE]),
    "--timeout": effects.Effect(
        "--timeout=100ms",
        _status,
        unseen=push_command.ACKNOWLEDGED,
        seen=push_command.UNACKNOWLEDGED,
        beside=["--job=slow", _ONCE],
    ),
    "--retry-for": effects.Effect(
        _ONCE,
        _status,
        unseen=push_command.ACKNOWLEDGED,
        seen=push_command.UNACKNOWLEDGED,
        beside=["--job=busy"],
    ),
}

WITHOUT_FILE = ("--metric", "--delete")
"""Flags that replace FILE."""
