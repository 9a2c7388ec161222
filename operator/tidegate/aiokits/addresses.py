"""Addresses to listen on, as they are written in flags."""

from __future__ import annotations

import ipaddress
import socket

_UNIX = "unix:"


def unix_path(address: str) -> str | None:
    """The path of ``unix:/path``, ``None`` for any other address."""
    return address.removeprefix(_UNIX) if address.startswith(_UNIX) else None


def parse(address: str) -> tuple[str | None, int]:
    """Host and port of ``host:port``, ``:port`` (every address: host ``None``) or ``[::1]:port``.

    :raises ValueError: anything else.
    """
    host, separator, port = address.rpartition(":")
    in_brackets = host.startswith("[") and host.endswith("]")
    if not separator or not port.isdecimal() or int(port) > 65535 or (":" in host and not in_brackets):
        raise ValueError(f"{address!r} is no address to listen on: give host:port, :port or [address]:port")
    return (host[1:-1] if in_brackets else host) or None, int(port)


def is_literal(host: str) -> bool:
    """Whether this is an address itself, and no name of one."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str | None) -> bool:
    """Whether this name or address is this machine alone, by all addresses that it has; ``None`` is every address.

    :raises OSError: nobody knows the name.
    """
    if host is None:
        return False
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return all(ipaddress.ip_address(where[0]).is_loopback for *_, where in found)
