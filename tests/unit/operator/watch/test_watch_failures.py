"""Every failure of the watch is counted, and logged in one line with the request, the reason and advice.

The operator is complete; its lists work, and the server of its watch behaves as each case requires.
"""

from __future__ import annotations

import gc
import logging
import re
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.operator import fake_api_server, faulty_servers, operator_harness

_PATHS = {"/apis/batch/v1/jobs", "/apis/batch/v1/cronjobs"}
_FAILS = "the watch on all objects failed: "
_JOBS = "GET /apis/batch/v1/(cron)?jobs"
_WATCH = rf"{_JOBS}\?watch=true"
_GRANT = "grant this permission to the operator's service account, as in manifests/"
_PROXY = r"is there a proxy that responds instead of the API server\?"

FAILURES = {
    "watch-forbidden": (
        faulty_servers.responding_with(faulty_servers.status(403)),
        "forbidden",
        f"{_WATCH}: no 403; {_GRANT}",
    ),
    "list-forbidden": (
        faulty_servers.responding_with(faulty_servers.status(403, watch=False)),
        "forbidden",
        f"{_JOBS}: no 403; {_GRANT}",
    ),
    "watch-unauthorized": (
        faulty_servers.responding_with(faulty_servers.status(401)),
        "unauthorized",
        rf"{_WATCH}: no 401; has the token or certificate expired\?",
    ),
    "list-unauthorized": (
        faulty_servers.responding_with(faulty_servers.status(401, watch=False)),
        "unauthorized",
        rf"{_JOBS}: no 401; has the token or certificate expired\?",
    ),
    "not-there": (faulty_servers.responding_with(faulty_servers.status(404)), "not-found", f"{_WATCH}: no 404"),
    "expired": (faulty_servers.responding_with(faulty_servers.status(410, watch=False)), "expired", f"{_JOBS}: no 410"),
    "throttled": (
        faulty_servers.responding_with(faulty_servers.status(429)),
        "throttled",
        f"{_WATCH}: no 429; the API server throttles requests",
    ),
    "rejected": (faulty_servers.responding_with(faulty_servers.status(400)), "rejected", rf"{_WATCH}: no 400 \(400\)"),
    "server-error": (
        faulty_servers.responding_with(faulty_servers.status(500)),
        "server",
        rf"{_WATCH}: no 500 \(500\)",
    ),
    "unavailable": (
        faulty_servers.responding_with(faulty_servers.status(503, watch=False)),
        "server",
        rf"{_JOBS}: no 503 \(503\)",
    ),
    "html-for-a-watch": (
        faulty_servers.responding_with(faulty_servers.text("<html>", kind="text/html")),
        "garbled",
        f"{_WATCH}: the response is text/html and not JSON; {_PROXY}",
    ),
    "html-for-a-list": (
        faulty_servers.responding_with(faulty_servers.text("<html>", kind="text/html", watch=False)),
        "garbled",
        f"{_JOBS}: the response is text/html and not JSON; {_PROXY}",
    ),
    "half-a-line": (
        faulty_servers.responding_with(faulty_servers.text('{"type": "ADDED", "object": {"me\n')),
        "garbled",
        f"watch: the response has a line that is not a watch event: JSONDecodeError.*; {_PROXY}",
    ),
    "no-event": (
        faulty_servers.responding_with(faulty_servers.text('{"hello": "world"}\n')),
        "garbled",
        f"watch: the response has a line that is not a watch event: KeyError.*; {_PROXY}",
    ),
    "garbled-list": (
        faulty_servers.responding_with(faulty_servers.text('{"items": [', watch=False)),
        "garbled",
        f"watch: the response has a line that is not a watch event: JSONDecodeError.*; {_PROXY}",
    ),
    "error-in-the-stream": (
        faulty_servers.responding_with(
            faulty_servers.text(faulty_servers.event("ERROR", kind="Status", code=500, message="boom"))
        ),
        "server",
        "the API server ended the watch: .*boom.*",
    ),
    "refused": (
        faulty_servers.unused_port,
        "unreachable",
        r"GET /apis?: .*Connect call failed.*; is the API server up.*",
    ),
    "reset": (
        faulty_servers.raw_server(faulty_servers.reset),
        "unreachable",
        "GET /apis?: (Server disconnected|.*reset by peer.*); is the API server up.*",
    ),
    "silent": (
        faulty_servers.raw_server(faulty_servers.silence),
        "timeout",
        r"GET /apis?: no response within 0.3 s; is the API server overloaded\?",
    ),
    "not-http": (
        faulty_servers.raw_server(faulty_servers.not_http),
        "garbled",
        f"GET /apis?: the response is not HTTP: .*; {_PROXY}",
    ),
    "silent-tls": (
        faulty_servers.raw_server(faulty_servers.silence, scheme="https"),
        "timeout",
        r"GET /apis?: no response within 0.3 s; is the API server overloaded\?",
    ),
    "not-tls": (
        faulty_servers.raw_server(faulty_servers.not_http, scheme="https"),
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
"""By name: the server, the reason in the metric, and a regular expression for the log line."""


pytestmark = pytest.mark.usefixtures("own_garbage")


@pytest.mark.parametrize(("opener", "reason", "line"), FAILURES.values(), ids=FAILURES)
async def test_failed_watch_is_counted_and_logged_in_one_line(
    *,
    scene: operator_harness.Scene,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    opener: faulty_servers.Opener,
    reason: str,
    line: str,
) -> None:
    caplog.set_level(logging.INFO)
    timeout = 0.3 if reason == "timeout" else 30.0
    async with (
        opener(tmp_path) as kubeconfig,
        operator_harness.at_work(scene, watching=kubeconfig, watch_timeout=timeout),
    ):
        await scene.until_true(
            lambda: scene.metric("tidegate_operator_api_errors_total", reason=reason) >= 3, why="three failures"
        )
        assert scene.metric("tidegate_operator_watch_up") == 0
    gc.collect()
    logged = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert {record.name.partition(".")[0] for record in logged} == {"tidegate"}, [
        record.getMessage() for record in logged
    ]
    assert [record for record in logged if record.exc_info] == []
    lines = {record.getMessage().removeprefix(_FAILS).partition("; retrying every")[0] for record in logged}
    for each in lines:
        assert re.fullmatch(line, each), each
    assert len(lines) == len(logged) <= (2 if reason in ("forbidden", "not-found") else 1)


async def test_watch_with_responses_that_end_at_once_continues(scene: operator_harness.Scene, tmp_path: Path) -> None:
    requested: Counter[str] = Counter()

    async def respond(request: web.Request) -> web.StreamResponse | None:
        if "watch" not in request.query:
            return None
        requested[request.path] += 1
        return web.Response(content_type="application/json")

    async with (
        faulty_servers.responding_with(respond)(tmp_path) as kubeconfig,
        operator_harness.at_work(scene, watching=kubeconfig),
    ):
        await scene.until_true(lambda: requested.keys() == _PATHS, why="both watches")
        await scene.until_true(lambda: min(requested.values()) >= 3, why="two more of each")
    assert scene.metric("tidegate_operator_watch_restarts_total") == 0


async def test_watch_resumes_after_an_outage_without_a_restart(
    scene: operator_harness.Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = scene.api_server
    server.keeps_watches = True
    async with operator_harness.at_work(scene, watching=server.kubeconfig(tmp_path)):
        await scene.until_true(lambda: server.watching == _PATHS, why="the watch")
        server.down = True
        calls = len(server.calls)
        await scene.until_true(
            lambda: sum("watch=true" in call for call in server.calls[calls:]) >= 8, why="tries at the longest pause"
        )
        server.down = False
        await scene.until_true(lambda: server.watching == _PATHS, why="the watch")
        await scene.until_true(lambda: "the watch on all objects succeeded again" in caplog.text, why="the line")
    gc.collect()
    assert scene.metric("tidegate_operator_watch_restarts_total") == 0
    messages = [record.getMessage().partition(": ")[0].partition(" after")[0] for record in caplog.records]
    assert [line for line in messages if "the watch" in line] == [
        "the watch on all objects failed",
        "the watch on all objects succeeded again",
    ]
    assert {record.name.partition(".")[0] for record in caplog.records} == {"tidegate"}


async def test_watch_is_up_when_every_kind_is_watched(
    scene: operator_harness.Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    watched_server = fake_api_server.ApiServer()
    watched_server.keeps_watches = True
    await watched_server.start()
    try:
        watched_server.respond = faulty_servers.status(403)
        async with operator_harness.at_work(scene, watching=watched_server.kubeconfig(tmp_path)):
            await scene.until_true(lambda: "watch=true: no 403" in caplog.text, why="the line")
            watched_server.respond = None
            await scene.until_true(lambda: scene.metric("tidegate_operator_watch_up") == 1, why="the watch")
            assert "the watch on all objects succeeded again after" in caplog.text
            assert scene.metric("tidegate_operator_watch_restarts_total") == 0
    finally:
        await watched_server.stop()
