"""Listening sockets. TLS can be changed while they stay open."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import stat
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from tidegate.gateway.http import connections
from tidegate.system import addresses

_BACKLOG = 1024
_SOCKET_MODE = 0o660
_FIRST_SYSTEMD_FD = 3
"""The file descriptor of the first socket that systemd passes (``sd_listen_fds(3)``)."""


class Listeners:
    """Open listening sockets. Each is served through a duplicate, so that it stays open while TLS changes."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        self._sockets = tuple(sockets)
        self._sites: list[web.BaseSite] = []

    @property
    def port(self) -> int:
        """The port of the first TCP socket; 0 if there is none."""
        ports = [sock.getsockname()[1] for sock in self._sockets if sock.family != socket.AF_UNIX]
        return int(ports[0]) if ports else 0

    async def serve(self, runner: web.BaseRunner, *, tls: ssl.SSLContext | None) -> None:
        """Serve new connections with this runner and TLS context. Open connections do not change."""
        sites = [_Site(runner, sock.dup(), ssl_context=tls, backlog=_BACKLOG) for sock in self._sockets]
        for site in sites:
            await site.start()
        await self._stop_sites()
        self._sites = list(sites)

    async def stop(self) -> None:
        """Stop accepting connections."""
        await self._stop_sites()
        for sock in self._sockets:
            _close(sock)

    async def _stop_sites(self) -> None:
        for site in self._sites:
            await site.stop()
        self._sites.clear()


class _Site(web.SockSite):
    """A site that limits the TLS handshake to the time allowed for a request head."""

    async def start(self) -> None:
        await web.BaseSite.start(self)
        server = self._runner.server
        assert isinstance(server, connections.Server)
        self._server = await asyncio.get_running_loop().create_server(
            server,
            sock=self._sock,
            ssl=self._ssl_context,
            backlog=self._backlog,
            ssl_handshake_timeout=server.limits.head_timeout if self._ssl_context is not None else None,
        )


def open_addresses(listen_addresses: Sequence[str]) -> Listeners:
    """Listen on all of these addresses, or on none if one fails.

    :raises OSError: an address cannot be opened; the message names it and the reason.
    """
    with contextlib.ExitStack() as stack:
        sockets: list[socket.socket] = []
        for address in listen_addresses:
            for sock in _open(address):
                sockets.append(sock)
                stack.callback(sock.close)
        stack.pop_all()
    return Listeners(sockets)


def from_systemd() -> Listeners:
    """The sockets that systemd passed to this process.

    :raises OSError: systemd passed none.
    """
    count = int(os.environ.get("LISTEN_FDS", "0")) if os.environ.get("LISTEN_PID") == str(os.getpid()) else 0
    if not count:
        raise OSError(
            "--web.systemd-socket: systemd passed no socket; start tidegate from a .socket unit, or without the flag"
        )
    sockets = [socket.socket(fileno=fd) for fd in range(_FIRST_SYSTEMD_FD, _FIRST_SYSTEMD_FD + count)]
    for sock in sockets:
        sock.settimeout(0)
    return Listeners(sockets)


def _open(address: str) -> list[socket.socket]:
    path = addresses.unix_path(address)
    if path is not None:
        return [_open_unix(path)]
    host, port = addresses.parse(address)
    resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    failure: OSError | None = None
    for family, _, _, _, sockaddr in dict.fromkeys(resolved):
        try:
            sockets.append(_open_tcp(socket.AddressFamily(family), sockaddr))
        except OSError as error:
            failure = OSError(error.errno, f"cannot listen on {address}: {error.strerror}")
    # Without a host one address family may be missing on this machine: then the other one is enough.
    if failure is not None and (not sockets or host is not None):
        for sock in sockets:
            sock.close()
        raise failure
    return sockets


def _open_tcp(family: socket.AddressFamily, sockaddr: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(sockaddr)
        sock.listen(_BACKLOG)
        sock.settimeout(0)
    except OSError:
        sock.close()
        raise
    return sock


def _open_unix(path: str) -> socket.socket:
    if _is_socket(path):
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(path) == 0:
                raise OSError(f"cannot listen on unix:{path}: another process already listens there")
        # No process listens: a process that was killed left the file behind.
        Path(path).unlink()
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(path)
        Path(path).chmod(_SOCKET_MODE)
        sock.listen(_BACKLOG)
        sock.settimeout(0)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"cannot listen on unix:{path}: {error.strerror}") from error
    return sock


def _close(sock: socket.socket) -> None:
    path = sock.getsockname() if sock.fileno() >= 0 and sock.family == socket.AF_UNIX else ""
    sock.close()
    if path:
        Path(path).unlink(missing_ok=True)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except FileNotFoundError:
        return False
