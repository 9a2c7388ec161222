"""``tidegate push`` tries again if the gateway does not acknowledge, as long as another try may succeed."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import termios
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import test_utils, web

from tests.support import waiting
from tests.support.cli import command_runs, push_runs
from tests.support.gateway import gateway_client
from tests.support.processes import ports
from tidegate.aio import clocks

SECONDS = 60.0


class _SkippingClock(clocks.MovableClock):
    """A clock that advances at once instead of sleeping."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)


@pytest.fixture
def skipped_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the pauses between the tries of a push that runs in a thread."""
    monkeypatch.setattr(clocks, "SystemClock", _SkippingClock)


class Server:
    """A server that sends these responses, repeats the last one, and records the requests."""

    def __init__(self, *responses: Callable[[], Awaitable[web.Response]] | web.Response) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self._responses = list(responses)
        self.server = test_utils.RawTestServer(self._handle)

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.requests.append((request.method, request.path, await request.read()))
        response = self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]
        return response if isinstance(response, web.Response) else await response()

    async def push(self, *arguments: str) -> command_runs.Ran:
        return await command_runs.run_in_thread("push", "--job=x", "--metric=a=1", self.url, *arguments)

    @property
    def url(self) -> str:
        return f"--gateway.url=http://{gateway_client.HOST}:{self.server.port}"


@contextlib.asynccontextmanager
async def serving(*responses: Callable[[], Awaitable[web.Response]] | web.Response) -> AsyncIterator[Server]:
    server = Server(*responses)
    async with server.server:
        yield server


async def _nothing() -> web.Response:
    """Send no response before the client disconnects."""
    await asyncio.Event().wait()
    raise AssertionError


async def _line(process: asyncio.subprocess.Process) -> str:
    """The next line of the standard error of a process."""
    assert process.stderr is not None
    async with asyncio.timeout(SECONDS):
        return (await process.stderr.readline()).decode()


async def test_a_gateway_that_starts_later_gets_the_push() -> None:
    port = ports.free_port()
    url = f"--gateway.url=http://{gateway_client.HOST}:{port}"
    async with command_runs.started("push", "--job=x", "--metric=a=1", url) as process:
        line = await _line(process)
        assert "cannot be reached: Connection refused; check --gateway.url; next try in 0." in line
        async with push_runs.opened(port=port) as target, asyncio.timeout(SECONDS):
            assert await process.wait() == 0
            assert await target.client.pushed() == ['a{instance="",job="x"} 1']


@pytest.mark.usefixtures("skipped_pauses")
@pytest.mark.parametrize("status", [408, 429, 502, 503, 504, 507])
async def test_a_temporary_status_is_tried_again(status: int) -> None:
    async with serving(web.Response(status=status, text="not now"), web.Response()) as server:
        ran = await server.push()
        assert (ran.status, ran.out) == (0, "")
        assert f"POST /metrics/job/x: {status}: not now; next try in" in ran.err
        assert server.requests == [("POST", "/metrics/job/x", b"a 1\n")] * 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 500, 302])
async def test_any_other_status_is_not_tried_again(status: int) -> None:
    async with serving(web.Response(status=status, text="no")) as server:
        ran = await server.push()
        assert (ran.status, ran.out) == (1, "")
        assert f"POST /metrics/job/x: {status}: " in ran.err
        assert len(server.requests) == 1


@pytest.mark.usefixtures("skipped_pauses")
async def test_the_retry_after_header_sets_the_pause() -> None:
    busy = web.Response(status=503, headers={"Retry-After": "2"})
    async with serving(busy, web.Response()) as server:
        ran = await server.push()
        assert ran.status == 0
        assert "next try in 2.0s" in ran.err


async def test_a_pause_beyond_the_time_limit_is_not_started() -> None:
    async with serving(web.Response(status=503, text="full", headers={"Retry-After": "3600"})) as server:
        ran = await server.push()
        assert (ran.status, ran.out) == (3, "")
        assert "503: full; gave up after 0s and 1 try; Retry-After asks for a pause of 3600s" in ran.err


@pytest.mark.usefixtures("skipped_pauses")
async def test_the_end_of_the_time_limit_has_its_own_exit_status() -> None:
    url = f"--gateway.url=http://job:secret@{gateway_client.HOST}:{ports.free_port()}"
    ran = await command_runs.run_in_thread("push", "--job=x", "--metric=a=1", url, "--retry-for=1s")
    assert (ran.status, ran.out) == (3, "")
    assert "next try in" in ran.err.splitlines()[0]
    assert "Connection refused; check --gateway.url; gave up after" in ran.err.splitlines()[-1]
    assert "secret" not in ran.err


@pytest.mark.usefixtures("skipped_pauses")
async def test_a_try_without_a_response_ends_after_its_timeout() -> None:
    async with serving(_nothing, web.Response()) as server:
        ran = await server.push("--timeout=1s")
        assert ran.status == 0
        assert "did not respond in time; check --gateway.url; next try in" in ran.err
        assert len(server.requests) == 2


async def test_retry_for_0s_tries_once() -> None:
    async with serving(web.Response(status=503)) as server:
        assert (await server.push("--retry-for=0s")).status == 3
        assert len(server.requests) == 1


@pytest.mark.usefixtures("skipped_pauses")
async def test_an_unknown_host_name_is_resolved_again() -> None:
    ran = await command_runs.run_in_thread(
        "push", "--job=x", "--metric=a=1", "--gateway.url=http://gateway.invalid", "--retry-for=1s"
    )
    assert ran.status == 3
    assert "gateway.invalid:80 cannot be reached: " in ran.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_push_between_tries(number: signal.Signals) -> None:
    async with (
        serving(web.Response(status=503, headers={"Retry-After": "50"})) as server,
        command_runs.started("push", "--job=x", "--metric=a=1", server.url) as process,
        asyncio.timeout(SECONDS),
    ):
        assert "next try in 50.0s" in await _line(process)
        process.send_signal(number)
        assert await process.wait() == 128 + number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_push_before_its_response(number: signal.Signals) -> None:
    requested = asyncio.Event()

    async def silent() -> web.Response:
        requested.set()
        return await _nothing()

    async with (
        serving(silent) as server,
        command_runs.started("push", "--job=x", "--metric=a=1", server.url) as process,
        asyncio.timeout(SECONDS),
    ):
        await requested.wait()
        process.send_signal(number)
        assert await process.wait() == 128 + number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_push_that_reads_standard_input(number: signal.Signals) -> None:
    theirs, ours = os.pipe()
    try:
        os.write(ours, b"a 1\n")
        async with command_runs.started("push", "--job=x", stdin=theirs) as process, asyncio.timeout(SECONDS):
            await waiting.eventually_async(lambda: _is_empty(theirs), why="the push to read")
            process.send_signal(number)
            assert await process.wait() == 128 + number
    finally:
        os.close(theirs)
        os.close(ours)


async def _is_empty(pipe: int) -> bool:
    return fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)) == bytes(4)
