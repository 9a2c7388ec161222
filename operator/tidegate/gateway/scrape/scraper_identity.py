"""Which scraper a request comes from."""

from __future__ import annotations

from aiohttp import hdrs, web

from tidegate.model import scrapers

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
"""Sent by Prometheus and compatible scrapers. Clients that do not send it, such as curl, do not count as scrapers."""

NAME_PARAMETER = "scraper"
"""The query parameter with which a scraper behind a proxy states its name."""

MAX_TEXT = 200
"""Characters of the ``User-Agent`` header and of the name that are kept."""


def of_request(request: web.BaseRequest) -> scrapers.Scraper | None:
    """The scraper that sent a request; ``None`` if the client is not a scraper."""
    if TIMEOUT_HEADER not in request.headers or request.method != hdrs.METH_GET:
        return None
    return scrapers.Scraper(
        address=request.remote or "unix",
        user_agent=_bounded(request.headers.get(hdrs.USER_AGENT, "")),
        name=_bounded(request.query.get(NAME_PARAMETER, "")),
    )


def _bounded(text: str) -> str:
    # SECURITY: a header may have bytes that are not UTF-8; they cannot be stored or logged.
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()
