"""SIGTERM under load: whoever has asked is answered in full, whoever was acknowledged is kept, and then it is over."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support import tidegate_processes, waiting

_WRITERS = 6
_HANG_SECONDS = 30.0


class _Writer:
    """Pushes one number after the other on a kept connection until it cannot connect any more.

    :ivar acknowledged: the last number that was.
    :ivar broken: what went wrong other than that: a connection that ended without the answer it owed.
    """

    def __init__(self, port: int, job: str) -> None:
        self._port = port
        self.job = job
        self.acknowledged = 0
        self.broken: list[str] = []
        self._thread = threading.Thread(target=self._run, name=job)
        self._thread.start()

    def join(self) -> None:
        """Wait for its end."""
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
        """Push until an answer is the last one of its connection."""
        pushed = 0
        while True:
            number = self.acknowledged + 1
            body = f"m {number}\n".encode()
            head = f"PUT /metrics/job/{self.job} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            answer = b""
            try:
                connection.sendall(head.encode() + body)
                while not answer.endswith(b"\r\n\r\n"):
                    part = connection.recv(4096)
                    if not part:
                        raise ConnectionError("closed")
                    answer += part
            except ConnectionError as error:
                # A connection that nobody has taken yet goes with the socket that listens.
                if pushed or answer:
                    self.broken.append(f"{error!r} after {pushed} answers and {answer!r}")
                return
            if not answer.startswith(b"HTTP/1.1 200 "):
                self.broken.append(repr(answer))
                return
            self.acknowledged, pushed = number, pushed + 1
            if b"\r\nConnection: close\r\n" in answer:
                return


@pytest.mark.parametrize("is_kept", [False, True], ids=["in memory", "in a file"])
def test_a_stop_under_load_breaks_off_nothing_and_loses_nothing(tmp_path: Path, is_kept: bool) -> None:
    file = (f"--persistence.file={tmp_path / 'groups'}",) if is_kept else ()
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
        # What it waits for is known to the gateway before it is told to stop.
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
        waiting.eventually(lambda: gateway.process.returncode is not None, why="its end", timeout=_HANG_SECONDS)
        assert gateway.process.returncode == 0
        assert "Traceback" not in gateway.process.log.read_text()
        if is_kept:
            gateway.start()
            assert {*_acknowledged(writers), 'm{instance="",job="slow"} 1'} <= set(gateway.exposition().splitlines())
    finally:
        gateway.process.stop()


def _acknowledged(writers: Sequence[_Writer]) -> set[str]:
    """The lines that must be there."""
    return {f'm{{instance="",job="{writer.job}"}} {writer.acknowledged}' for writer in writers}


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[int, str]:
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()
