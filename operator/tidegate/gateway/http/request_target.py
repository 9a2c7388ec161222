"""The target of a request, read from the request line as it was sent; pure.

A server never gets a fragment, so ``#`` is a character like any other here, as in Pushgateway. URL libraries cut the
target there.
"""

from __future__ import annotations

import re
import urllib.parse

import yarl

_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_LEGAL = "/%:@!$&'()*+,;=-._~"
"""What may stand in the path of a URL as it is; ``%`` since a path is escaped already."""


def is_plain(target: str) -> bool:
    """Whether URL libraries read this target as it is meant: a path, and perhaps a query."""
    return target.startswith("/") and "#" not in target


def url(target: str) -> yarl.URL:
    """Path and query of a target, which is a path or a whole URL; nothing in them is normalized or decoded."""
    found = _AUTHORITY.match(target)
    path, _, query = target[found.end() if found is not None else 0 :].partition("?")
    return yarl.URL.build(path=path or "/", query_string=query, encoded=True)


def location(path: str, query: str) -> str:
    """The value of a ``Location`` header for a path and a query that are escaped as they were sent.

    SECURITY: browsers take a backslash for a slash, and two slashes at the start for another host's name.
    """
    path = urllib.parse.quote(path, safe=_LEGAL)
    return f"{path}?{urllib.parse.quote(query, safe=_LEGAL + '?')}" if query else path
