"""Addresses to listen on, as they are written in flags; and those of others, each spelled in one way."""

from __future__ import annotations

import functools
import ipaddress
import socket

_UNIX = "unix:"

_SPELLED = 4096
"""So many spellings of addresses are remembered, so that whoever keeps one shares it with all that keep the same."""


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


@functools.lru_cache(maxsize=_SPELLED)
def canonical(host: str) -> str | None:
    """The one spelling of an IP address, without a zone, and as IPv4 where it is one within IPv6 (``::ffff:10.0.0.1``).

    ``None`` where this is no IP address.
    """
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def of_peer(peer: object) -> str | None:
    """The IP address of a socket's peer, as :func:`canonical` spells it; ``None`` where it has none."""
    match peer:
        # SECURITY: the peer of a socket in the file system is a mere name, and a client may choose one like an address.
        case (str(host), *_):
            return canonical(host)
    return None


def is_loopback(host: str | None) -> bool:
    """Whether this name or address is this machine alone, by all addresses that it has; ``None`` is every address.

    :raises OSError: nobody knows the name.
    """
    if host is None:
        return False
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return all(ipaddress.ip_address(where[0]).is_loopback for *_, where in found)
