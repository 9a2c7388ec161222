"""``tidegate push`` and a gateway that does not acknowledge at once: it is asked again, as long as that may help."""

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

from tests.cli import pushruns, runs
from tests.gateway import gateway_client
from tests.support import ports, waiting

SECONDS = 20.0


class Server:
    """Gives these answers, the last one for ever, and keeps what it was asked."""

    def __init__(self, *answers: Callable[[], Awaitable[web.Response]] | web.Response) -> None:
        self.asked: list[tuple[str, str, bytes]] = []
        self._answers = list(answers)
        self.server = test_utils.RawTestServer(self._handle)

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.asked.append((request.method, request.path, await request.read()))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer if isinstance(answer, web.Response) else await answer()

    async def push(self, *arguments: str) -> runs.Ran:
        return await runs.run("push", "--job=x", "--metric=a=1", self.url, *arguments)

    @property
    def url(self) -> str:
        return f"--gateway.url=http://{gateway_client.HOST}:{self.server.port}"


@contextlib.asynccontextmanager
async def serving(*answers: Callable[[], Awaitable[web.Response]] | web.Response) -> AsyncIterator[Server]:
    made = Server(*answers)
    async with made.server:
        yield made


async def _nothing() -> web.Response:
    """No answer before the client goes."""
    await asyncio.Event().wait()
    raise AssertionError


async def _line(process: asyncio.subprocess.Process) -> str:
    """The next line of its standard error."""
    assert process.stderr is not None
    async with asyncio.timeout(SECONDS):
        return (await process.stderr.readline()).decode()


async def test_a_gateway_that_comes_a_moment_later_has_it() -> None:
    port = ports.free_port()
    url = f"--gateway.url=http://{gateway_client.HOST}:{port}"
    async with runs.started("push", "--job=x", "--metric=a=1", url) as process:
        told = await _line(process)
        assert "cannot be reached: Connection refused; is --gateway.url right?; next try in 0." in told
        async with pushruns.opened(port=port) as target, asyncio.timeout(SECONDS):
            assert await process.wait() == 0
            assert await target.client.pushed() == ['a{instance="",job="x"} 1']


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504, 507])
async def test_an_answer_that_may_be_another_later_is_asked_for_again(status: int) -> None:
    async with serving(web.Response(status=status, text="not now"), web.Response()) as server:
        ran = await server.push()
        assert (ran.status, ran.out) == (0, "")
        assert f"POST /metrics/job/x: {status}: not now; next try in" in ran.err
        assert server.asked == [("POST", "/metrics/job/x", b"a 1\n")] * 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 500, 302])
async def test_any_other_refusal_holds(status: int) -> None:
    async with serving(web.Response(status=status, text="no")) as server:
        ran = await server.push()
        assert (ran.status, ran.out) == (1, "")
        assert f"POST /metrics/job/x: {status}: " in ran.err
        assert len(server.asked) == 1


async def test_the_pause_that_is_asked_for_is_made() -> None:
    busy = web.Response(status=503, headers={"Retry-After": "2"})
    async with serving(busy, web.Response()) as server:
        ran = await server.push()
        assert ran.status == 0
        assert "next try in 2.0s" in ran.err


async def test_a_pause_for_which_there_is_no_time_is_not_begun() -> None:
    async with serving(web.Response(status=503, text="full", headers={"Retry-After": "3600"})) as server:
        ran = await server.push()
        assert (ran.status, ran.out) == (3, "")
        assert "503: full; given up after 0s, tries: 1, and it asks for 3600s more" in ran.err


async def test_when_the_time_is_over_that_is_told_with_a_status_of_its_own() -> None:
    url = f"--gateway.url=http://job:secret@{gateway_client.HOST}:{ports.free_port()}"
    ran = await runs.run("push", "--job=x", "--metric=a=1", url, "--retry-for=1s")
    assert (ran.status, ran.out) == (3, "")
    assert "next try in" in ran.err.splitlines()[0]
    assert "Connection refused; is --gateway.url right?; given up after" in ran.err.splitlines()[-1]
    assert "secret" not in ran.err


async def test_no_answer_is_waited_for_longer_than_a_try_may_take() -> None:
    async with serving(_nothing, web.Response()) as server:
        ran = await server.push("--timeout=0.2s")
        assert ran.status == 0
        assert "does not answer in time; is --gateway.url right?; next try in" in ran.err
        assert len(server.asked) == 2


async def test_one_try_can_be_all() -> None:
    async with serving(web.Response(status=503)) as server:
        assert (await server.push("--retry-for=0s")).status == 3
        assert len(server.asked) == 1


async def test_a_name_that_is_not_known_is_looked_up_again() -> None:
    ran = await runs.run("push", "--job=x", "--metric=a=1", "--gateway.url=http://gateway.invalid", "--retry-for=1s")
    assert ran.status == 3
    assert "gateway.invalid:80 cannot be reached: " in ran.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_while_it_waits(number: signal.Signals) -> None:
    async with (
        serving(web.Response(status=503, headers={"Retry-After": "50"})) as server,
        runs.started("push", "--job=x", "--metric=a=1", server.url) as process,
        asyncio.timeout(SECONDS),
    ):
        assert "next try in 50.0s" in await _line(process)
        process.send_signal(number)
        assert await process.wait() == 128 + number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_before_it_is_answered(number: signal.Signals) -> None:
    asked = asyncio.Event()

    async def silent() -> web.Response:
        asked.set()
        return await _nothing()

    async with (
        serving(silent) as server,
        runs.started("push", "--job=x", "--metric=a=1", server.url) as process,
        asyncio.timeout(SECONDS),
    ):
        await asked.wait()
        process.send_signal(number)
        assert await process.wait() == 128 + number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_while_it_reads(number: signal.Signals) -> None:
    theirs, ours = os.pipe()
    try:
        os.write(ours, b"a 1\n")
        async with runs.started("push", "--job=x", stdin=theirs) as process, asyncio.timeout(SECONDS):
            await waiting.eventually_async(lambda: _is_empty(theirs), why="it to read")
            process.send_signal(number)
            assert await process.wait() == 128 + number
    finally:
        os.close(theirs)
        os.close(ours)


async def _is_empty(pipe: int) -> bool:
    return fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)) == bytes(4)
