"""SIGTERM ends the operator at once, whatever the state of its calls to the API server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.support import waiting
from tests.support.gateway import gateway_client
from tests.support.operator import fake_api_server, faulty_servers, operator_harness
from tests.support.processes import managed_processes, ports

_HANG_SECONDS = 10.0
"""Ten times what the operator needs, and no longer than the shortest timeout of a call, which would end it, too."""

_SLOW_NAMES = """
import socket, sys, threading
from tidegate.cli import root

known = socket.getaddrinfo

def resolve(host, *arguments, **more):
    if host == "kubernetes.example.com":
        print("resolving", flush=True)
        threading.Event().wait()
    return known(host, *arguments, **more)

socket.getaddrinfo = resolve
sys.exit(root.main())
"""
"""A program that runs tidegate while the name of the API server is never resolved."""


async def _jobs_rejected_and_cronjobs_silent(request: web.Request) -> web.StreamResponse | None:
    if "watch" not in request.query:
        return None
    if "cronjobs" in request.path:
        await request.app[fake_api_server.STOPPED].wait()
    return web.json_response({"message": "no"}, status=403)


async def _silent(request: web.Request) -> web.StreamResponse | None:
    await request.app[fake_api_server.STOPPED].wait()
    return None


@pytest.fixture
async def scene() -> AsyncIterator[operator_harness.Scene]:
    """A running gateway and API server; the operator is a process."""
    async with aiohttp.ClientSession() as session, operator_harness.opened(session) as made:
        made.api_server.keeps_watches = True
        yield made


@pytest.mark.parametrize(
    ("answer", "call", "times"),
    [
        pytest.param(None, "cronjobs?watch=true", 1, id="connected"),
        pytest.param(faulty_servers.status(403, watch=False), "/jobs?limit", 1, id="list rejected"),
        pytest.param(faulty_servers.status(403), "/jobs?watch=true", 1, id="watch rejected"),
        # kopf would end after its fourth try, but the other watch suppresses its cancellation.
        pytest.param(_jobs_rejected_and_cronjobs_silent, "/jobs?watch=true", 4, id="one watch rejected, one silent"),
        pytest.param(faulty_servers.status(401), "/jobs?watch=true", 1, id="unauthorized"),
        pytest.param(faulty_servers.status(503), "/jobs?watch=true", 1, id="unavailable"),
        pytest.param(_silent, "", 1, id="silent"),
    ],
)
async def test_sigterm_ends_the_operator_at_once(
    scene: operator_harness.Scene, tmp_path: Path, answer: fake_api_server.Responder | None, call: str, times: int
) -> None:
    server = scene.api_server

    async def called() -> bool:
        return sum(call in each for each in server.calls) >= times

    server.respond = answer
    async with _operating(scene, tmp_path, server.kubeconfig(tmp_path)) as process:
        await waiting.eventually_async(called, why="its calls")
        await _ends(process)


async def test_sigterm_ends_an_operator_during_a_tls_handshake(scene: operator_harness.Scene, tmp_path: Path) -> None:
    connected = asyncio.Event()

    async def silence(_writer: asyncio.StreamWriter) -> None:
        connected.set()

    opened = faulty_servers.raw_server(silence, scheme="https")(tmp_path)
    async with opened as kubeconfig, _operating(scene, tmp_path, kubeconfig) as process:
        await connected.wait()
        await _ends(process)


async def test_sigterm_ends_an_operator_during_name_resolution(scene: operator_harness.Scene, tmp_path: Path) -> None:
    kubeconfig = fake_api_server.kubeconfig(tmp_path, server="http://kubernetes.example.com")
    async with _operating(scene, tmp_path, kubeconfig, python=("-c", _SLOW_NAMES)) as process:
        await scene.until_true(lambda: "resolving" in process.tail(), why="a name resolution")
        await _ends(process)


async def test_sigterm_ends_gateway_and_operator_in_one_process(scene: operator_harness.Scene, tmp_path: Path) -> None:
    scene.api_server.respond = _jobs_rejected_and_cronjobs_silent
    kubeconfig = scene.api_server.kubeconfig(tmp_path)
    flags = (
        f"--web.listen-address={gateway_client.HOST}:{ports.free_port()}",
        f"--control.listen-address={gateway_client.HOST}:{ports.free_port()}",
        f"--operator.listen-address={gateway_client.HOST}:{ports.free_port()}",
        f"--kubernetes.kubeconfig={kubeconfig}",
    )
    async with _running(tmp_path, "run", *flags) as process:
        await scene.until_true(
            lambda: any("cronjobs?watch=true" in call for call in scene.api_server.calls), why="its calls"
        )
        await _ends(process)


@contextlib.asynccontextmanager
async def _operating(
    scene: operator_harness.Scene, folder: Path, kubeconfig: Path, *, python: tuple[str, ...] = ("-m", "tidegate")
) -> AsyncIterator[managed_processes.Process]:
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(gateway_client.TOKEN.value)
    flags = (
        f"--gateway.url=http://{gateway_client.HOST}:{scene.control_port}",
        f"--control.token-file={token}",
        f"--operator.listen-address={gateway_client.HOST}:{ports.free_port()}",
        f"--kubernetes.kubeconfig={kubeconfig}",
    )
    async with _running(folder, "operator", *flags, python=python) as process:
        yield process


@contextlib.asynccontextmanager
async def _running(
    folder: Path, command: str, *flags: str, python: tuple[str, ...] = ("-m", "tidegate")
) -> AsyncIterator[managed_processes.Process]:
    process = managed_processes.Process(
        command, argv=[sys.executable, *python, command, *flags], log=folder / f"{command}.log", env=dict(os.environ)
    )
    process.start()
    try:
        yield process
    finally:
        process.kill()


async def _ends(process: managed_processes.Process) -> None:
    """SIGTERM ends the process with status 0 and without errors in its log."""
    process.signal(signal.SIGTERM)

    async def ended() -> bool:
        return not process.running

    await waiting.eventually_async(ended, why="its end", timeout=_HANG_SECONDS, interval=0.01)
    assert process.returncode == 0
    log = process.log.read_text()
    assert "Traceback" not in log
    assert "never retrieved" not in log
