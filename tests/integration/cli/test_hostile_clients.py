"""Hostile clients: the gateway serves the others, and its memory stays within limits."""

from __future__ import annotations

import contextlib
import socket
import threading
import zlib
from pathlib import Path

import pytest

from tests.support.processes import process_usage, tidegate_processes
from tidegate.system import file_descriptors

_HANG_SECONDS = 60.0
_MEBIBYTE = 2**20
_STALLED = 300
_HEAD = b"PUT /metrics/job/stalled HTTP/1.1\r\nHost: x\r\n"


def _connect(gateway: tidegate_processes.Gateway) -> socket.socket:
    return socket.create_connection((tidegate_processes.HOST, gateway.port), timeout=_HANG_SECONDS)


def _exchange(gateway: tidegate_processes.Gateway, *lines: bytes, body: bytes) -> bytes:
    """The complete response to a push."""
    head = [b"PUT /metrics/job/x HTTP/1.1", b"Host: x", b"Connection: close", b"Content-Length: %d" % len(body), *lines]
    with _connect(gateway) as connection, connection.makefile("rb") as response:
        connection.sendall(b"\r\n".join(head) + b"\r\n\r\n" + body)
        return response.read()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((), id="more connections allowed"),
        pytest.param(("--limit.connections=100",), id="fewer connections allowed"),
    ],
)
def test_nine_hundred_stalled_connections_do_not_affect_pushes_and_scrapes(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    file_descriptors.raise_limit()
    with tidegate_processes.serving(tmp_path, arguments=arguments) as gateway, contextlib.ExitStack() as stack:
        before = process_usage.resident(gateway.process.pid)
        for number in range(_STALLED):
            for sent in (_HEAD, _HEAD + b"Content-Length: 100000\r\n\r\n" + b"#" * 4_000, b""):
                connection = stack.enter_context(_connect(gateway))
                # The gateway may have closed it to accept another one.
                with contextlib.suppress(ConnectionError):
                    connection.sendall(sent)
            if number % 50 == 0:
                gateway.push("job/alive", f"alive {number}\n")
                assert f'alive{{instance="",job="alive"}} {number}' in gateway.exposition()
        assert b" 200 OK" in _exchange(gateway, body=b"m 1\n")
        assert 'm{instance="",job="x"} 1' in gateway.exposition()
        assert process_usage.resident(gateway.process.pid) - before < 64 * _MEBIBYTE


def _bomb() -> bytes:
    """Fifty million lines, compressed."""
    packing, lines = zlib.compressobj(9, wbits=31), b"m 1\n" * 500_000
    return b"".join([*(packing.compress(lines) for _ in range(100)), packing.flush()])


def test_decompression_bombs_are_rejected_during_decompression(tmp_path: Path) -> None:
    bomb = _bomb()
    assert len(bomb) < 200_000
    responses: list[bytes] = []
    with tidegate_processes.serving(
        tmp_path,
        arguments=(
            "--limit.unpacked-body=16MiB",
            "--limit.bodies=64MiB",
        ),
    ) as gateway:
        before = process_usage.peak(gateway.process.pid)
        response = _exchange(gateway, b"Content-Encoding: gzip", body=bomb)
        assert response.startswith(b"HTTP/1.1 413 ")
        assert b"16777216 bytes (--limit.unpacked-body)" in response
        assert process_usage.peak(gateway.process.pid) - before < 32 * _MEBIBYTE

        def send() -> None:
            responses.extend(_exchange(gateway, b"Content-Encoding: gzip", body=bomb) for _ in range(2))

        threads = [threading.Thread(target=send) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {response.split()[1] for response in responses} <= {b"413", b"429"}
        assert len(responses) == 60
        # The bodies, and the memory of decompression and of the allocator. All of them at once would take 480 MiB.
        assert process_usage.peak(gateway.process.pid) - before < (64 + 96) * _MEBIBYTE
        gateway.push("job/alive", "alive 1\n")
