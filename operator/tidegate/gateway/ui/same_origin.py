"""Protection against cross-site requests: a request that changes something must come from the page itself."""

from __future__ import annotations

import urllib.parse

from aiohttp import hdrs, web

_SITE = "Sec-Fetch-Site"
_JSON = "application/json"
_PORTS = {"http": 80, "https": 443}


def violation(request: web.BaseRequest, *, external_url: str) -> str | None:
    """Why the request is rejected; ``None`` if it comes from the page or not from a browser.

    SECURITY: each of the three checks would be enough. Another origin cannot send this content type without a preflight
    request, which is never allowed. ``Sec-Fetch-Site`` is set by browsers over TLS and on loopback, ``Origin`` always.
    """
    if request.content_type != _JSON:
        return f"Content-Type must be {_JSON}"
    site = request.headers.get(_SITE, "same-origin")
    if site != "same-origin":
        return f"{_SITE} is {site}: only the page itself may delete groups"
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return None
    scheme, _, netloc = origin.partition("://")
    own_netlocs = (request.headers.get(hdrs.HOST, ""), urllib.parse.urlsplit(external_url).netloc)
    endpoint = _host_and_port(netloc, scheme=scheme)
    if endpoint is not None and any(endpoint == _host_and_port(own, scheme=scheme) for own in own_netlocs):
        return None
    return f"Origin is {origin}, not the page's own: behind a proxy, set --web.external-url to the URL of the page"


def _host_and_port(netloc: str, *, scheme: str) -> tuple[str, int] | None:
    """Host and port, which may be the scheme's default; ``None`` if the text is invalid."""
    try:
        parts = urllib.parse.urlsplit(f"//{netloc}")
        port = _PORTS.get(scheme) if parts.port is None else parts.port
    except ValueError:
        return None
    return None if not parts.hostname or port is None else (parts.hostname, port)
