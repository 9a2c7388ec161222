"""The request target: path and query as they are in the request line. Pure.

Clients do not send a fragment, so ``#`` is an ordinary character here, as in Pushgateway. URL libraries cut the target
at it.
"""

from __future__ import annotations

import re
import urllib.parse

import yarl

_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_LEGAL = "/%:@!$&'()*+,;=-._~"
"""Characters of a path that need no escaping. ``%`` is one because the path is escaped already."""


def is_plain(target: str) -> bool:
    """Whether URL libraries parse this target correctly: it begins with a path and has no ``#``."""
    return target.startswith("/") and "#" not in target


def url(target: str) -> yarl.URL:
    """Path and query of a target, which is a path or an absolute URL. Nothing is normalized or decoded."""
    authority = _AUTHORITY.match(target)
    path, _, query = target[authority.end() if authority is not None else 0 :].partition("?")
    return yarl.URL.build(path=path or "/", query_string=query, encoded=True)


def location(path: str, query: str) -> str:
    """The value of a ``Location`` header for a path and a query, both escaped as in the request.

    SECURITY: browsers read a backslash as a slash, and two slashes at the start as the beginning of a host name.
    """
    path = urllib.parse.quote(path, safe=_LEGAL)
    return f"{path}?{urllib.parse.quote(query, safe=_LEGAL + '?')}" if query else path
