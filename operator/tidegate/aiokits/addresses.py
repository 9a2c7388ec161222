"""Addresses to listen on, as they are written in flags."""

from __future__ import annotations

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
