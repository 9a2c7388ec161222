"""The sockets that the public side listens on, and the sites on them, which may be changed while they stay open."""

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
_FIRST_PASSED = 3
"""The file descriptor that systemd passes its first socket as (``sd_listen_fds(3)``)."""


class Listeners:
    """Listening sockets. Each is kept, and served through a duplicate, so that no client finds it closed meanwhile."""

    def __init__(self, opened: Sequence[socket.socket]) -> None:
        self._opened = tuple(opened)
        self._sites: list[web.BaseSite] = []

    @property
    def port(self) -> int:
        """Of the first that has one; 0 where none has."""
        ports = [one.getsockname()[1] for one in self._opened if one.family != socket.AF_UNIX]
        return int(ports[0]) if ports else 0

    async def serve(self, runner: web.BaseRunner, *, tls: ssl.SSLContext | None) -> None:
        """Serve new connections with this from now on. Those that there are stay as they are."""
        fresh = [_Site(runner, one.dup(), ssl_context=tls, backlog=_BACKLOG) for one in self._opened]
        for site in fresh:
            await site.start()
        await self._stop_sites()
        self._sites = list(fresh)

    async def stop(self) -> None:
        """Take no new connections."""
        await self._stop_sites()
        for one in self._opened:
            _close(one)

    async def _stop_sites(self) -> None:
        for site in self._sites:
            await site.stop()
        self._sites.clear()


class _Site(web.SockSite):
    """A site whose clients have no longer for the handshake of TLS than for the head of a request."""

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
    """Listen on all of these; nothing stays open where one cannot be had.

    :raises OSError: which one, and why.
    """
    with contextlib.ExitStack() as stack:
        opened: list[socket.socket] = []
        for address in listen_addresses:
            for one in _open(address):
                opened.append(one)
                stack.callback(one.close)
        stack.pop_all()
    return Listeners(opened)


def passed() -> Listeners:
    """The sockets that systemd passed to this process.

    :raises OSError: there are none.
    """
    count = int(os.environ.get("LISTEN_FDS", "0")) if os.environ.get("LISTEN_PID") == str(os.getpid()) else 0
    if not count:
        raise OSError("--web.systemd-socket: no socket was passed; start it from a .socket unit, or without the flag")
    opened = [socket.socket(fileno=number) for number in range(_FIRST_PASSED, _FIRST_PASSED + count)]
    for one in opened:
        one.settimeout(0)
    return Listeners(opened)


def _open(address: str) -> list[socket.socket]:
    path = addresses.unix_path(address)
    if path is not None:
        return [_open_unix(path)]
    host, port = addresses.parse(address)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[socket.socket] = []
    refused: OSError | None = None
    for family, _, _, _, where in dict.fromkeys(found):
        try:
            opened.append(_open_tcp(socket.AddressFamily(family), where))
        except OSError as error:
            refused = OSError(error.errno, f"cannot listen on {address}: {error.strerror}")
    # Of a name's several addresses (IPv4 and IPv6) some may not be there; a port in use is another matter.
    if refused is not None and (not opened or host is not None):
        for one in opened:
            one.close()
        raise refused
    return opened


def _open_tcp(family: socket.AddressFamily, where: tuple[object, ...]) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(where)
        one.listen(_BACKLOG)
        one.settimeout(0)
    except OSError:
        one.close()
        raise
    return one


def _open_unix(path: str) -> socket.socket:
    if _is_socket(path):
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(path) == 0:
                raise OSError(f"cannot listen on unix:{path}: another process does")
        # Nobody listens: it was left behind by a process that was killed.
        Path(path).unlink()
    one = socket.socket(socket.AF_UNIX)
    try:
        one.bind(path)
        Path(path).chmod(_SOCKET_MODE)
        one.listen(_BACKLOG)
        one.settimeout(0)
    except OSError as error:
        one.close()
        raise OSError(error.errno, f"cannot listen on unix:{path}: {error.strerror}") from error
    return one


def _close(one: socket.socket) -> None:
    path = one.getsockname() if one.fileno() >= 0 and one.family == socket.AF_UNIX else ""
    one.close()
    if path:
        Path(path).unlink(missing_ok=True)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except FileNotFoundError:
        return False
