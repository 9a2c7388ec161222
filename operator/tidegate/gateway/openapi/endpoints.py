"""``GET /api/openapi.json``."""

from __future__ import annotations

from aiohttp import hdrs, web

from tidegate import settings
from tidegate.gateway.http import cached_content
from tidegate.gateway.openapi import documents


class DocumentEndpoint:
    """The document, made once and served from memory."""

    def __init__(self, chosen: settings.GatewaySettings) -> None:
        self._content = cached_content.of(documents.spelled(chosen), type="application/json")

    async def get(self, request: web.BaseRequest) -> web.Response:
        """It is asked for anew each time, and answered in full only where it has changed. As the rest of what is
        tidegate's own, it is not for scripts of other origins."""
        return cached_content.answer(request, self._content, {hdrs.CACHE_CONTROL: "no-cache"})
