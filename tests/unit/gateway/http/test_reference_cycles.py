"""Requests leave no reference cycles behind.

Full collections look only at new objects (:mod:`tidegate.system.garbage_collection`), so such garbage could stay in
memory forever.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.support import waiting
from tests.support.gateway import gateway_client, raw_connections
from tidegate import settings
from tidegate.gateway import server
from tidegate.gateway.scrape import scraper_identity

_TIMES = 20
_SECONDS = 60.0


def _request(line: str, *, headers: str = "", body: str = "") -> bytes:
    size = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{line} HTTP/1.1\r\nHost: x\r\n{headers}{size}\r\n{body}".encode()


_SCRAPE = f"{scraper_identity.TIMEOUT_HEADER}: 10\r\nAccept-Encoding: gzip\r\n"
_KINDS = [
    pytest.param(raw_connections.PUSH, True, id="a push"),
    pytest.param(_request("PUT /metrics/job/x", body="m {\n"), True, id="a rejected push"),
    pytest.param(_request("GET /metrics", headers=_SCRAPE), True, id="a scrape"),
    pytest.param(_request("GET /metrics", headers=_SCRAPE), False, id="an unread scrape"),
    pytest.param(_request("GET /api/v1/groups?match[]={job=~%22x.*%22}&why=1"), True, id="a list"),
    pytest.param(_request("GET /api/v1/groups?match[]={"), True, id="an invalid selector"),
    pytest.param(_request("GET /api/v1/events"), True, id="a stream of events"),
    pytest.param(b"", False, id="no request"),
]


def _exchange(port: int, sent: bytes, *, reads: bool, tls: ssl.SSLContext | None) -> None:
    for _ in range(_TIMES):
        with contextlib.ExitStack() as stack:
            plain = stack.enter_context(socket.create_connection((gateway_client.HOST, port), timeout=_SECONDS))
            through = plain if tls is None else stack.enter_context(tls.wrap_socket(plain, server_hostname="127.0.0.1"))
            through.sendall(sent)
            if reads:
                assert through.recv(65536)


def _descriptors() -> int:
    """Return the number of open file descriptors of this process."""
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def collected() -> Iterator[None]:
    """Disable garbage collection until the test collects by itself."""
    gc.freeze()  # so that each collection looks only at the objects of the test
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


async def _garbage(gateway: server.Gateway, sent: bytes, *, reads: bool, tls: ssl.SSLContext | None = None) -> int:
    """Return the number of objects in cycles after all connections are closed."""
    gc.collect()
    before = _descriptors()
    await asyncio.to_thread(_exchange, gateway.web_port, sent, reads=reads, tls=tls)

    async def are_closed() -> bool:
        return _descriptors() == before

    await waiting.eventually_async(are_closed, why="all connections to be closed", interval=0.01)
    return gc.collect()


@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize(("sent", "reads"), _KINDS)
async def test_request_leaves_no_garbage(gateway: server.Gateway, sent: bytes, reads: bool) -> None:
    assert await _garbage(gateway, sent, reads=reads) < _TIMES


class TestOverTls:
    @pytest.fixture
    def authority(self) -> trustme.CA:
        return trustme.CA()

    @pytest.fixture
    def web_settings(self, tmp_path: Path, authority: trustme.CA) -> settings.WebSettings:
        pem = tmp_path / "server.pem"
        authority.issue_cert(gateway_client.HOST).private_key_and_cert_chain_pem.write_to_path(pem)
        file = tmp_path / "web.yml"
        file.write_text(f"tls_server_config:\n  cert_file: {pem}\n  key_file: {pem}\n")
        return settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",), config_file=str(file))

    @pytest.mark.usefixtures("collected")
    async def test_tls_connection_leaves_no_garbage(self, gateway: server.Gateway, authority: trustme.CA) -> None:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        assert await _garbage(gateway, raw_connections.PUSH, reads=True, tls=context) < _TIMES
