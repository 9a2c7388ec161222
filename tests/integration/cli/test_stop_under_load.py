"""SIGTERM under load: requests in flight get complete responses, and acknowledged pushes are not lost."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.processes import tidegate_processes

_WRITERS = 6
_HANG_SECONDS = 60.0


class _Writer:
    """Pushes consecutive numbers on persistent connections until it cannot connect any more.

    :ivar acknowledged: the last acknowledged number.
    :ivar broken: errors other than that: connections that ended without a complete response.
    """

    def __init__(self, port: int, job: str) -> None:
        self._port = port
        self.job = job
        self.acknowledged = 0
        self.broken: list[str] = []
        self._thread = threading.Thread(target=self._run, name=job)
        self._thread.start()

    def join(self) -> None:
        """Wait until the writer ends."""
        self._thread.join(_HANG_SECONDS)
        assert not self._thread.is_alive(), f"{self.job} hangs"

    def _run(self) -> None:
        while True:
            try:
                connection = socket.create_connection((tidegate_processes.HOST, self._port), timeout=_HANG_SECONDS)
            except ConnectionRefusedError:
                return
            with connection:
                self._push_on(connection)

    def _push_on(self, connection: socket.socket) -> None:
        """Push until a response closes the connection."""
        pushed = 0
        while True:
            number = self.acknowledged + 1
            body = f"m {number}\n".encode()
            head = f"PUT /metrics/job/{self.job} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            response = b""
            try:
                connection.sendall(head.encode() + body)
                while not response.endswith(b"\r\n\r\n"):
                    part = connection.recv(4096)
                    if not part:
                        raise ConnectionError("closed")
                    response += part
            except ConnectionError as error:
                # A connection that was not accepted yet ends with the listening socket.
                if pushed or response:
                    self.broken.append(f"{error!r} after {pushed} responses and {response!r}")
                return
            if not response.startswith(b"HTTP/1.1 200 "):
                self.broken.append(repr(response))
                return
            self.acknowledged, pushed = number, pushed + 1
            if b"\r\nConnection: close\r\n" in response:
                return


@pytest.mark.parametrize("is_persistent", [False, True], ids=["in memory", "in a file"])
def test_a_stop_under_load_aborts_no_request_and_loses_no_push(tmp_path: Path, is_persistent: bool) -> None:
    file = (f"--persistence.file={tmp_path / 'groups'}",) if is_persistent else ()
    gateway = tidegate_processes.Gateway(tmp_path, arguments=("--web.stop-timeout=20s", *file))
    gateway.start()
    try:
        slow = socket.create_connection((tidegate_processes.HOST, gateway.port), timeout=_HANG_SECONDS)
        probe, reader = (
            http.client.HTTPConnection(tidegate_processes.HOST, gateway.port, timeout=_HANG_SECONDS) for _ in "ab"
        )
        assert _get(probe, "/-/ready") == (200, "OK")
        assert _get(reader, "/-/healthy") == (200, "OK")
        writers = [_Writer(gateway.port, f"w{number}") for number in range(_WRITERS)]
        waiting.eventually(lambda: all(writer.acknowledged > 50 for writer in writers), why="all to push")
        slow.sendall(b"PUT /metrics/job/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nm ")
        # The gateway has read the slow push before it is asked to stop.
        gateway.push("job/before", "m 1\n")

        os.kill(gateway.process.pid, signal.SIGTERM)
        for writer in writers:
            writer.join()
        assert [writer.broken for writer in writers] == [[]] * _WRITERS
        assert _get(probe, "/-/ready") == (503, "stopping")
        status, exposition = _get(reader, "/metrics")
        assert status == 200
        assert _acknowledged(writers) <= set(exposition.splitlines())
        slow.sendall(b"1\n")
        with slow, slow.makefile("rb") as answer:
            assert answer.read().startswith(b"HTTP/1.1 200 OK\r\n")
        waiting.eventually(
            lambda: gateway.process.returncode is not None, why="the end of the process", timeout=_HANG_SECONDS
        )
        assert gateway.process.returncode == 0
        assert "Traceback" not in gateway.process.log.read_text()
        if is_persistent:
            gateway.start()
            assert {*_acknowledged(writers), 'm{instance="",job="slow"} 1'} <= set(gateway.exposition().splitlines())
    finally:
        gateway.process.stop()


def _acknowledged(writers: Sequence[_Writer]) -> set[str]:
    """The series that must not be lost."""
    return {f'm{{instance="",job="{writer.job}"}} {writer.acknowledged}' for writer in writers}


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[int, str]:
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()
