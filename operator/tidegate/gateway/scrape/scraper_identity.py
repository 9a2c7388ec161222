"""Which scraper a request comes from."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from aiohttp import hdrs, web

from tidegate.model import scrapers

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
"""Sent by Prometheus and compatible scrapers. Of the clients that do not send it, such as curl, only those that a flag
names count as scrapers."""

NAME_PARAMETER = "scraper"
"""The query parameter with which a scraper behind a proxy states its name."""

MAX_TEXT = 200
"""Characters of the ``User-Agent`` header and of the name that are kept."""


def of_request(request: web.BaseRequest) -> scrapers.Scraper:
    """The scraper that sent a request, if the client is one."""
    return scrapers.Scraper(
        address=request.remote or "unix",
        user_agent=_bounded(request.headers.get(hdrs.USER_AGENT, "")),
        name=_bounded(request.query.get(NAME_PARAMETER, "")),
    )


def is_scraper(request: web.BaseRequest, *, user_agents: Sequence[str]) -> bool:
    """Whether the client is a scraper.

    :param user_agents: patterns of the ``User-Agent`` header of scrapers that do not send the timeout header.
    """
    if request.method != hdrs.METH_GET:
        return False
    user_agent = request.headers.get(hdrs.USER_AGENT, "")
    return TIMEOUT_HEADER in request.headers or any(fnmatch.fnmatchcase(user_agent, each) for each in user_agents)


def _bounded(text: str) -> str:
    # SECURITY: a header may have bytes that are not UTF-8; they cannot be stored or logged.
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()
