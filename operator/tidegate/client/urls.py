"""Where a gateway or an operator is: a URL, perhaps with a user and a password."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """A URL taken apart. ``str()`` has no password.

    :param path: what all paths begin with: empty, or with a slash before it and none behind.
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
    """The URL, with ``http://`` before it if it begins with a host: in ``host:port`` there is no ``:/``."""
    return url if ":/" in url else f"http://{url}"


def parse(url: str) -> Place:
    """The place that this URL, or ``host:port``, names.

    :raises ValueError: it is none; SECURITY: the message does not repeat it, since it may hold a password.
    """
    bad = ValueError("not a URL such as http://127.0.0.1:9091 or https://user:password@host/prefix")
    try:
        given = urllib.parse.urlsplit(with_scheme(url))
        host, port = given.hostname, given.port
    except ValueError:
        raise bad from None
    if given.scheme not in _PORTS or not host or given.query or given.fragment or "@" in given.path:
        raise bad
    user = None if given.username is None else urllib.parse.unquote(given.username)
    if user is not None and ":" in user:
        raise ValueError("a user with a colon in the name, which no server takes")
    return Place(
        scheme=given.scheme,
        host=host,
        port=_PORTS[given.scheme] if port is None else port,
        path=given.path.rstrip("/"),
        user=user,
        password=urllib.parse.unquote(given.password or ""),
    )
