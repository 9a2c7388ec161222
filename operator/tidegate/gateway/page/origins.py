"""Whether a request that changes something comes from the page itself, and not from another site's."""

from __future__ import annotations

import urllib.parse

from aiohttp import hdrs, web

_SITE = "Sec-Fetch-Site"
_JSON = "application/json"


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
    asked = urllib.parse.urlsplit(origin).netloc
    if asked and asked in (request.headers.get(hdrs.HOST), urllib.parse.urlsplit(external_url).netloc):
        return None
    return f"Origin is {origin}, which is not where this is: behind a proxy set --web.external-url to the page's URL"
