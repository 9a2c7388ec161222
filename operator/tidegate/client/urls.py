"""URLs of gateways and operators, with user and password."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """The parts of a URL. ``str()`` omits user and password.

    :param path: the prefix of all paths: empty, or with a leading slash and no trailing one.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    user: str | None = None
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def with_scheme(url: str) -> str:
    """Add ``http://`` to a URL without a scheme, such as ``host:port``."""
    return url if ":/" in url else f"http://{url}"


def parse(url: str) -> ParsedUrl:
    """Parse a URL or ``host:port``.

    :raises ValueError: the text is not a URL. SECURITY: the message does not quote it, because it may contain a
        password.
    """
    bad = ValueError("not a URL such as http://127.0.0.1:9091 or https://user:password@host/prefix")
    try:
        parts = urllib.parse.urlsplit(with_scheme(url))
        host, port = parts.hostname, parts.port
    except ValueError:
        raise bad from None
    if parts.scheme not in _PORTS or not host or parts.query or parts.fragment or "@" in parts.path:
        raise bad
    user = None if parts.username is None else urllib.parse.unquote(parts.username)
    if user is not None and ":" in user:
        raise ValueError("the user name must not contain a colon")
    return ParsedUrl(
        scheme=parts.scheme,
        host=host,
        port=_PORTS[parts.scheme] if port is None else port,
        path=parts.path.rstrip("/"),
        user=user,
        password=urllib.parse.unquote(parts.password or ""),
    )
