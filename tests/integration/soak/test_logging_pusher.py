"""A pod retries each push until it gets a response, and its log has every attempt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.soak import histories, logging_pusher, push_logs


class _Gateway(HTTPServer):
    """Responds with these statuses in order, then with 200; ``None`` closes the connection without a response."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses: list[int | None] = []
        self.pushed: list[tuple[str, str]] = []
        self.sources: set[str] = set()


class _Handler(BaseHTTPRequestHandler):
    server: _Gateway

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.sources.add(self.client_address[0])
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status is not None:
            self.server.pushed.append((self.path, body))
            self.send_response(status)
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Discard the log."""


@pytest.fixture
def gateway() -> Iterator[_Gateway]:
    with _Gateway() as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        yield server
        server.shutdown()
        serving.join()


def _run(gateway: _Gateway, folder: Path, *, pushes: int = 2, exit: int = 0, proxied: bool = False) -> int:
    spec = {
        "host": "127.0.0.1",
        "port": gateway.server_port,
        "group": [["job", "x"], ["instance", "a"]],
        "log": str(folder),
        "pushes": pushes,
        "pause": 0.01,
        "exit": exit,
        "until": "deleted",
        "drain": 7.0,
        "proxied": proxied,
        "owner": "",
    }
    environment = {**os.environ, "SPEC": json.dumps(spec), "POD": "pod", "POD_IP": "127.0.0.9", "OWNER": "uid"}
    command = [sys.executable, "-I", "-S", logging_pusher.__file__]
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


def test_log_has_every_push_that_the_gateway_received(gateway: _Gateway, tmp_path: Path) -> None:
    assert _run(gateway, tmp_path) == 0
    pushes_in_log = push_logs.read(tmp_path)
    assert [("/metrics/job/x/instance/a", f"soak_value {push.value:.0f}\n") for push in pushes_in_log] == gateway.pushed
    assert all(push.acknowledged is not None and push.sent <= push.acknowledged for push in pushes_in_log)
    assert [push[:2] + push[5:] for push in pushes_in_log] == [
        ((("instance", "a"), ("job", "x")), "uid", histories.Until.DELETED, 7.0)
    ] * 2


def test_pusher_exits_with_the_specified_code(gateway: _Gateway, tmp_path: Path) -> None:
    assert _run(gateway, tmp_path, exit=3) == 3


def test_unacknowledged_push_is_retried_with_the_same_value(gateway: _Gateway, tmp_path: Path) -> None:
    gateway.statuses = [None, 503]
    assert _run(gateway, tmp_path, pushes=1) == 0
    (push,) = push_logs.read(tmp_path)
    assert [body for _, body in gateway.pushed] == [f"soak_value {push.value:.0f}\n"] * 2
    assert push.acknowledged is not None


def test_killed_pod_leaves_a_push_without_a_response_in_its_log(tmp_path: Path) -> None:
    lines = [
        {"event": "pod", "owner": "uid", "group": {"job": "x"}, "until": "end", "drain": 1.0},
        {"event": "sent", "value": 5, "time": 5.5},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "pod.jsonl").write_text(text + '{"event": "answ')
    assert push_logs.read(tmp_path) == [histories.Push((("job", "x"),), "uid", 5.0, 5.5, None, drain=1.0)]


def test_pusher_uses_its_pod_address_unless_it_is_proxied(gateway: _Gateway, tmp_path: Path) -> None:
    _run(gateway, tmp_path)
    assert gateway.sources == {"127.0.0.9"}
    gateway.sources.clear()
    _run(gateway, tmp_path, proxied=True)
    assert gateway.sources == {"127.0.0.1"}
