"""Whether a request that changes something comes from the page itself, and not from another site's."""

from __future__ import annotations

import urllib.parse

from aiohttp import hdrs, web

_SITE = "Sec-Fetch-Site"
_JSON = "application/json"
_PORTS = {"http": 80, "https": 443}


def fault(request: web.BaseRequest, *, external_url: str) -> str | None:
    """Why the request is refused; ``None`` where it may come from the page, or from no browser at all.

    SECURITY: each of the three would do. No other origin can send this type: it would have to ask before, and is never
    allowed to. Browsers say on whose behalf they ask: by the one header over TLS and on loopback, by the other always.
    """
    if request.content_type != _JSON:
        return f"Content-Type has to be {_JSON}"
    site = request.headers.get(_SITE, "same-origin")
    if site != "same-origin":
        return f"{_SITE} is {site}: only the page itself may delete"
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return None
    scheme, _, asked = origin.partition("://")
    ours = (request.headers.get(hdrs.HOST, ""), urllib.parse.urlsplit(external_url).netloc)
    place = _place(asked, scheme=scheme)
    if place is not None and any(place == _place(own, scheme=scheme) for own in ours):
        return None
    return f"Origin is {origin}, which is not where this is: behind a proxy set --web.external-url to the page's URL"


def _place(host: str, *, scheme: str) -> tuple[str, int] | None:
    """Host and port; the port that goes without saying may be said. ``None`` for what is none."""
    try:
        given = urllib.parse.urlsplit(f"//{host}")
        port = _PORTS.get(scheme) if given.port is None else given.port
    except ValueError:
        return None
    return None if not given.hostname or port is None else (given.hostname, port)
