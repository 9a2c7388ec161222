"""Addresses to listen on, as they are written in flags."""

from __future__ import annotations


def parse(address: str) -> tuple[str | None, int]:
    """Host and port of ``host:port``, ``:port`` (every address: host ``None``) or ``[::1]:port``.

    :raises ValueError: anything else.
    """
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 65535 or (":" in host and host[:1] != "["):
        raise ValueError(f"{address!r} is no address to listen on: give host:port, :port or [address]:port")
    return host.strip("[]") or None, int(port)
