"""``tidegate gateway`` as a process: start, readiness, and end."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.processes import ports

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Running:
    """A gateway that runs in another process."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://{HOST}:{self.port}{path}", timeout=60) as answer:
            body: bytes = answer.read()
            return body

    def refuses_connections(self) -> bool:
        """Whether the gateway no longer accepts connections."""
        with socket.socket() as connection:
            return connection.connect_ex((HOST, self.port)) != 0


def _command(port: int, *flags: str) -> list[str]:
    return [sys.executable, "-m", "tidegate", "gateway", f"--web.listen-address={HOST}:{port}", *flags]


@contextlib.contextmanager
def _started(folder: Path, *flags: str) -> Iterator[Running]:
    port, log = ports.free_port(), folder / "log"
    with log.open("wb") as stderr, subprocess.Popen(_command(port, *flags), stderr=stderr) as process:
        try:
            running = Running(process, port, log)
            waiting.eventually(lambda: running.get("/-/ready"), why="the gateway", retry_on=(OSError,))
            yield running
        finally:
            process.kill()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with _started(tmp_path) as gateway:
        yield gateway


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_gateway_with_status_zero(running: Running, number: signal.Signals) -> None:
    running.process.send_signal(number)
    assert running.process.wait(timeout=60) == 0
    assert "Traceback" not in running.log.read_text()


def test_a_push_in_flight_is_completed_before_the_gateway_ends(running: Running) -> None:
    body = b"x 1\n" + b"# more\n" * 10
    with socket.create_connection((HOST, running.port), timeout=60) as connection:
        head = f"PUT /metrics/job/a HTTP/1.1\r\nHost: gateway\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body[:10])
        running.get("/-/healthy")
        running.process.terminate()
        waiting.eventually(running.refuses_connections, why="the gateway to refuse connections", timeout=60)
        assert running.process.poll() is None
        connection.sendall(body[10:])
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert running.process.wait(timeout=60) == 0


def test_a_stopping_gateway_is_alive_and_not_ready(running: Running) -> None:
    with (
        socket.create_connection((HOST, running.port), timeout=60) as pushing,
        contextlib.closing(http.client.HTTPConnection(HOST, running.port, timeout=60)) as readiness,
        contextlib.closing(http.client.HTTPConnection(HOST, running.port, timeout=60)) as liveness,
    ):
        pushing.sendall(b"PUT /metrics/job/a HTTP/1.1\r\nHost: gateway\r\nContent-Length: 4\r\n\r\n")
        assert _status(readiness, "/-/ready") == _status(liveness, "/-/healthy") == 200
        running.process.terminate()
        waiting.eventually(running.refuses_connections, why="the gateway to refuse connections", timeout=60)
        assert _status(readiness, "/-/ready") == 503
        assert _status(liveness, "/-/healthy") == 200
        pushing.sendall(b"x 1\n")
        assert pushing.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert running.process.wait(timeout=60) == 0


def _status(connection: http.client.HTTPConnection, path: str) -> int:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_an_incomplete_request_delays_the_end_for_the_stop_timeout_only(tmp_path: Path) -> None:
    with (
        _started(tmp_path, "--web.stop-timeout=0.2s") as running,
        socket.create_connection((HOST, running.port), timeout=60) as connection,
    ):
        connection.sendall(b"PUT /metrics/job/a HTTP/1.1\r\nHost: gateway\r\nContent-Length: 100\r\n\r\n")
        running.get("/-/healthy")
        running.process.terminate()
        assert running.process.wait(timeout=60) == 0
        assert "1 requests did not finish within 0.2 s" in running.log.read_text()


def test_an_address_in_use_is_reported_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = subprocess.run(_command(port), capture_output=True, text=True, check=False, timeout=30)
    assert ran.returncode == 1
    assert ran.stderr.startswith("tidegate: ")
    assert str(port) in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_the_log_format_flag_selects_json(tmp_path: Path) -> None:
    with _started(tmp_path, "--log.format=json") as running:
        assert '"level": "info"' in running.log.read_text()


def test_the_status_shows_the_flags(tmp_path: Path) -> None:
    with _started(tmp_path, "--web.telemetry-path=/here") as running:
        assert b'"web.telemetry-path": "/here"' in running.get("/api/v1/status")
        assert b"tidegate_build_info" in running.get("/here")


def test_a_client_can_end_the_process_if_the_flag_allows_it(tmp_path: Path) -> None:
    with _started(tmp_path, "--web.enable-lifecycle", "--no-web.enable-admin-api") as running:
        flags = running.get("/api/v1/status")
        assert b'"web.enable-lifecycle": "true"' in flags
        assert b'"web.enable-admin-api": "false"' in flags
        request = urllib.request.Request(f"http://{HOST}:{running.port}/-/quit", method="PUT")
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.read() == b"Requesting termination... Goodbye!"
        assert running.process.wait(timeout=60) == 0
