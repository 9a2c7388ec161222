"""Every way in which the watch fails is counted and has one line in the log: what failed, why, and what to do.

The operator is whole; what it lists from works, and what it watches is a real server that behaves as each case says.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.operator import fake_api_server, faulty_servers, operator_harness

_FAILS = "the watch on all objects failed: "
_JOBS = "GET /apis/batch/v1/(cron)?jobs"
_WATCH = rf"{_JOBS}\?watch=true"
_GRANT = "grant this permission to the operator's service account, as in manifests/"
_PROXY = r"is there a proxy that responds instead of the API server\?"

WAYS = {
    "watch-forbidden": (
        faulty_servers.answering(faulty_servers.status(403)),
        "forbidden",
        f"{_WATCH}: no 403; {_GRANT}",
    ),
    "list-forbidden": (
        faulty_servers.answering(faulty_servers.status(403, watch=False)),
        "forbidden",
        f"{_JOBS}: no 403; {_GRANT}",
    ),
    "watch-unauthorized": (
        faulty_servers.answering(faulty_servers.status(401)),
        "unauthorized",
        rf"{_WATCH}: no 401; has the token or certificate expired\?",
    ),
    "list-unauthorized": (
        faulty_servers.answering(faulty_servers.status(401, watch=False)),
        "unauthorized",
        rf"{_JOBS}: no 401; has the token or certificate expired\?",
    ),
    "not-there": (faulty_servers.answering(faulty_servers.status(404)), "not-found", f"{_WATCH}: no 404"),
    "expired": (faulty_servers.answering(faulty_servers.status(410, watch=False)), "expired", f"{_JOBS}: no 410"),
    "throttled": (
        faulty_servers.answering(faulty_servers.status(429)),
        "throttled",
        f"{_WATCH}: no 429; the API server throttles requests",
    ),
    "rejected": (faulty_servers.answering(faulty_servers.status(400)), "rejected", rf"{_WATCH}: no 400 \(400\)"),
    "server-error": (faulty_servers.answering(faulty_servers.status(500)), "server", rf"{_WATCH}: no 500 \(500\)"),
    "unavailable": (
        faulty_servers.answering(faulty_servers.status(503, watch=False)),
        "server",
        rf"{_JOBS}: no 503 \(503\)",
    ),
    "html-for-a-watch": (
        faulty_servers.answering(faulty_servers.text("<html>", kind="text/html")),
        "garbled",
        f"{_WATCH}: the response is text/html and not JSON; {_PROXY}",
    ),
    "html-for-a-list": (
        faulty_servers.answering(faulty_servers.text("<html>", kind="text/html", watch=False)),
        "garbled",
        f"{_JOBS}: the response is text/html and not JSON; {_PROXY}",
    ),
    "half-a-line": (
        faulty_servers.answering(faulty_servers.text('{"type": "ADDED", "object": {"me\n')),
        "garbled",
        f"watch: the response has a line that is not a watch event: JSONDecodeError.*; {_PROXY}",
    ),
    "no-event": (
        faulty_servers.answering(faulty_servers.text('{"hello": "world"}\n')),
        "garbled",
        f"watch: the response has a line that is not a watch event: KeyError.*; {_PROXY}",
    ),
    "garbled-list": (
        faulty_servers.answering(faulty_servers.text('{"items": [', watch=False)),
        "garbled",
        f"watch: the response has a line that is not a watch event: JSONDecodeError.*; {_PROXY}",
    ),
    "error-in-the-stream": (
        faulty_servers.answering(
            faulty_servers.text(faulty_servers.event("ERROR", kind="Status", code=500, message="boom"))
        ),
        "server",
        "the API server ended the watch: .*boom.*",
    ),
    "refused": (faulty_servers.nobody, "unreachable", r"GET /apis?: .*Connect call failed.*; is the API server up.*"),
    "reset": (
        faulty_servers.talking(faulty_servers.reset),
        "unreachable",
        "GET /apis?: (Server disconnected|.*reset by peer.*); is the API server up.*",
    ),
    "silent": (
        faulty_servers.talking(faulty_servers.silence),
        "timeout",
        r"GET /apis?: no response within 1 s; is the API server overloaded\?",
    ),
    "not-http": (
        faulty_servers.talking(faulty_servers.not_http),
        "garbled",
        f"GET /apis?: the response is not HTTP: .*; {_PROXY}",
    ),
    "silent-tls": (
        faulty_servers.talking(faulty_servers.silence, scheme="https"),
        "timeout",
        r"GET /apis?: no response within 1 s; is the API server overloaded\?",
    ),
    "not-tls": (
        faulty_servers.talking(faulty_servers.not_http, scheme="https"),
        "tls",
        "GET /apis?: .*; check the API server's address and the CA certificate",
    ),
    "no-credentials": (
        faulty_servers.no_kubeconfig,
        "login",
        "--kubernetes.kubeconfig=.*/not-there does not exist: .*",
    ),
    "untrusted-tls": (
        faulty_servers.untrusted,
        "tls",
        "GET /apis?: .*CERTIFICATE_VERIFY_FAILED.*; check the API server's address and the CA certificate",
    ),
}
"""By name: the server, the reason under which it is counted, and what the line says (a regular expression)."""


@pytest.fixture(autouse=True)
def garbage_speaks_up_in_its_own_test() -> Iterator[None]:
    """A task whose exception nobody has read says so when it is collected."""
    gc.collect()
    yield
    gc.collect()


@pytest.mark.parametrize(("opener", "reason", "line"), WAYS.values(), ids=WAYS)
async def test_a_watch_that_fails_says_so_in_one_line_and_is_counted(
    *,
    scene: operator_harness.Scene,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    opener: faulty_servers.Opener,
    reason: str,
    line: str,
) -> None:
    caplog.set_level(logging.INFO)
    async with opener(tmp_path) as kubeconfig, operator_harness.at_work(scene, watching=kubeconfig):
        await scene.until_true(
            lambda: scene.metric("tidegate_operator_api_errors_total", reason=reason) >= 3, why="three failures"
        )
        assert scene.metric("tidegate_operator_watch_up") == 0
    gc.collect()
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert {record.name.partition(".")[0] for record in told} == {"tidegate"}, [record.getMessage() for record in told]
    assert [record for record in told if record.exc_info] == []
    lines = {record.getMessage().removeprefix(_FAILS).partition("; retrying every")[0] for record in told}
    for said in lines:
        assert re.fullmatch(line, said), said
    assert len(lines) == len(told) <= (2 if reason in ("forbidden", "not-found") else 1)


async def test_a_watch_whose_answers_end_at_once_is_not_begun_in_a_busy_loop(
    scene: operator_harness.Scene, tmp_path: Path
) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse | None:
        if "watch" not in request.query:
            return None
        asked.append(request.path)
        return web.Response(content_type="application/json")

    async with (
        faulty_servers.answering(answer)(tmp_path) as kubeconfig,
        operator_harness.at_work(scene, watching=kubeconfig),
    ):
        loop = asyncio.get_running_loop()
        await scene.until_true(lambda: len(asked) >= 2, why="both watches")
        began = loop.time()
        await scene.until_true(lambda: len(asked) >= 6, why="two more of each")
        assert loop.time() - began > 1.5, "of one path one a second"


async def test_after_an_outage_the_watch_is_back_within_seconds(
    scene: operator_harness.Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = scene.api_server
    server.keeps_watches = True
    paths = {"/apis/batch/v1/jobs", "/apis/batch/v1/cronjobs"}
    async with operator_harness.at_work(scene, watching=server.kubeconfig(tmp_path)):
        await scene.until_true(lambda: server.watching == paths, why="the watch")
        server.down = True
        calls = len(server.calls)
        await scene.until_true(
            lambda: sum("watch=true" in call for call in server.calls[calls:]) >= 8, why="tries at the longest pause"
        )
        server.down = False
        back = asyncio.get_running_loop().time()
        await scene.until_true(lambda: server.watching == paths, why="the watch")
        print(f"the watch is back after {asyncio.get_running_loop().time() - back:.1f} s")
        await scene.until_true(lambda: "the watch on all objects succeeded again" in caplog.text, why="the line")
    gc.collect()
    assert scene.metric("tidegate_operator_watch_restarts_total") == 0
    told = [record.getMessage().partition(": ")[0].partition(" after")[0] for record in caplog.records]
    assert [line for line in told if "the watch" in line] == [
        "the watch on all objects failed",
        "the watch on all objects succeeded again",
    ]
    assert {record.name.partition(".")[0] for record in caplog.records} == {"tidegate"}


async def test_the_watch_works_as_soon_as_every_kind_is_watched(
    scene: operator_harness.Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    watched = fake_api_server.ApiServer()
    watched.keeps_watches = True
    await watched.start()
    try:
        watched.answer = faulty_servers.status(403)
        async with operator_harness.at_work(scene, watching=watched.kubeconfig(tmp_path)):
            await scene.until_true(lambda: "watch=true: no 403" in caplog.text, why="the line")
            watched.answer = None
            await scene.until_true(lambda: scene.metric("tidegate_operator_watch_up") == 1, why="the watch")
            assert "the watch on all objects succeeded again after" in caplog.text
            assert scene.metric("tidegate_operator_watch_restarts_total") == 0
    finally:
        await watched.stop()
