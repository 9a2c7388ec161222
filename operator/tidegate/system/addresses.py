"""Listen addresses as flags have them, and the canonical form of IP addresses."""

from __future__ import annotations

import functools
import ipaddress
import socket

_UNIX = "unix:"

_MAX_CACHED = 4096
"""Addresses whose canonical form is cached, so that groups pushed from the same address share one string."""


def unix_path(address: str) -> str | None:
    """The path of ``unix:/path``; ``None`` for any other address."""
    return address.removeprefix(_UNIX) if address.startswith(_UNIX) else None


def parse(address: str) -> tuple[str | None, int]:
    """Host and port of ``host:port``, ``:port`` (every address: host ``None``) or ``[::1]:port``.

    :raises ValueError: the address has another form.
    """
    host, separator, port = address.rpartition(":")
    in_brackets = host.startswith("[") and host.endswith("]")
    if not separator or not port.isdecimal() or int(port) > 65535 or (":" in host and not in_brackets):
        raise ValueError(f"{address!r} is not a listen address: write host:port, :port or [address]:port")
    return (host[1:-1] if in_brackets else host) or None, int(port)


def is_literal(host: str) -> bool:
    """Whether this is an IP address and not a host name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=_MAX_CACHED)
def canonical(host: str) -> str | None:
    """The canonical form of an IP address, without a zone; an IPv4-mapped IPv6 address (``::ffff:10.0.0.1``) as IPv4.

    ``None`` if this is not an IP address.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def of_peer(peer: object) -> str | None:
    """The IP address of a socket's peer in canonical form; ``None`` if it has none."""
    match peer:
        # SECURITY: the peer of a Unix socket is a string, not a tuple, and a client may choose one like an address.
        case (str(host), *_):
            return canonical(host)
    return None


def is_loopback(host: str | None) -> bool:
    """Whether all addresses of this host are loopback addresses; ``False`` for ``None``, which is every address.

    :raises OSError: the name cannot be resolved.
    """
    if host is None:
        return False
    resolved = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return all(ipaddress.ip_address(sockaddr[0]).is_loopback for *_, sockaddr in resolved)
