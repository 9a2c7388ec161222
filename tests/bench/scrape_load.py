"""Scrapes: from the first byte of the request to the last byte of the response, without parsing it."""

import re
import socket
import time
import zlib

from tests.bench import measured_servers, push_load
from tests.support.processes import tidegate_processes

_BUFFER = bytearray(1 << 20)
_SECONDS = 300.0
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_LAST_CHUNK = b"\r\n0\r\n\r\n"


def scrape(server: measured_servers.Server, *, gzip: bool) -> float:
    """The duration of one scrape, in seconds."""
    with _connected(server) as connection:
        began = time.perf_counter()
        connection.sendall(_request(gzip=gzip))
        _read(connection)
        return time.perf_counter() - began


def expect_series(server: measured_servers.Server, *, groups: int, gzip: bool) -> int:
    """Check once that a scrape returns every series; return the bytes on the wire.

    :raises RuntimeError: series are missing.
    """
    received: list[bytes] = []
    with _connected(server) as connection:
        connection.sendall(_request(gzip=gzip))
        _read(connection, keep=received)
    head, _, body = b"".join(received).partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        body = _joined(body)
    text = zlib.decompress(body, 16 + zlib.MAX_WBITS) if gzip else body
    series = sum(
        text.count(name) for name in (b"\nbench_gauge_", b"\npush_time_seconds{", b"\npush_failure_time_seconds{")
    )
    if series != groups * push_load.SERIES_STORED:
        raise RuntimeError(f"a scrape of {groups} groups has {series} series")
    return len(body)


def _connected(server: measured_servers.Server) -> socket.socket:
    return socket.create_connection((tidegate_processes.HOST, server.port), timeout=_SECONDS)


def _request(*, gzip: bool) -> bytes:
    coding = "gzip" if gzip else "identity"
    lines = (
        "GET /metrics HTTP/1.1",
        "Host: bench",
        "User-Agent: Prometheus/bench",
        "Accept: text/plain;version=0.0.4",
        f"Accept-Encoding: {coding}",
        f"X-Prometheus-Scrape-Timeout-Seconds: {_SECONDS:g}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _read(connection: socket.socket, *, keep: list[bytes] | None = None) -> None:
    """Read one response to its end, as Prometheus does: by its length, or to its last chunk."""
    start = connection.recv(65536, socket.MSG_PEEK)
    while b"\r\n\r\n" not in start:
        start = connection.recv(65536, socket.MSG_PEEK)
    head, _, _ = start.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    left = len(head) + 4 + int(length[1]) if length else None
    last = b""
    while left is None or left:
        count = connection.recv_into(_BUFFER)
        if not count:
            raise RuntimeError("the server closed the connection within its answer")
        if keep is not None:
            keep.append(bytes(_BUFFER[:count]))
        if left is None:
            last = (last + bytes(_BUFFER[max(0, count - len(_LAST_CHUNK)) : count]))[-len(_LAST_CHUNK) :]
            if last == _LAST_CHUNK:
                return
        else:
            left -= count


def _joined(chunked: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    while True:
        end = chunked.index(b"\r\n", at)
        size = int(chunked[at:end], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(chunked[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
